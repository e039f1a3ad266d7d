import Glibc
package import SystemPackage

/// What a test needs of the machine: used as `.enabled(if: Requirement.root, "needs root")`.
package enum Requirement {
  /// Whether the tests run as root, which building is done as so far.
  package static var root: Bool { geteuid() == 0 }

  /// Whether programs are installed.
  package static func tools(_ names: String...) -> Bool { names.allSatisfy { tool($0) != nil } }

  /// The path of a program; nil where it is not installed.
  package static func tool(_ name: String) -> FilePath? {
    let path = Command.plainEnvironment["PATH"] ?? ""
    for folder in (path + ":/usr/sbin:/sbin").split(separator: ":") {
      let candidate = FilePath(String(folder)).appending(name)
      if access(candidate.string, X_OK) == 0 { return candidate }
    }
    return nil
  }

  /// Whether builds can be run: root, busybox for a base image, and tar and Python to look at images.
  package static var builds: Bool { root && tools("busybox", "tar", "python3", "sha256sum") }

  /// Whether Debian's Go is installed.
  package static var go: Bool {
    root && !Files.names(in: "/usr/lib").filter { $0.hasPrefix("go-1") }.isEmpty
  }

  /// The architecture of programs that this machine's processor does not execute, as Go and as the
  /// kernel call it.
  #if arch(arm64)
    package static let foreignArchitecture = (go: "amd64", kernel: "x86_64")
  #else
    package static let foreignArchitecture = (go: "arm64", kernel: "aarch64")
  #endif

  /// Whether an emulator for `foreignArchitecture` is registered that also works where its own files
  /// are not seen (flag F).
  package static var emulator: Bool {
    let file = "/proc/sys/fs/binfmt_misc/qemu-\(foreignArchitecture.kernel)"
    guard let text = try? Files.text(FilePath(file)) else { return false }
    let lines = text.split(separator: "\n")
    return lines.contains("enabled")
      && lines.contains { $0.hasPrefix("flags:") && $0.contains("F") }
  }

  /// Whether a Docker engine can be started.
  package static var docker: Bool { builds && tools("dockerd", "docker", "containerd") }

  /// Whether the slow tests were asked for, with `SLIPWAY_SLOW_TESTS=1`.
  package static var slow: Bool { getenv("SLIPWAY_SLOW_TESTS").map { String(cString: $0) } == "1" }

  /// Whether there is a network with git and registries behind it.
  package static var network: Bool { getenv("SLIPWAY_NO_NETWORK") == nil }
}
