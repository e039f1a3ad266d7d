/// An operating system and processor, in Go's names (image-spec, image-index.md, "platform").
package struct Platform: Hashable, Sendable, CustomStringConvertible {
  package var os: String
  package var architecture: String
  package var variant: String?
  package var osVersion: String?
  package var osFeatures: [String]?

  package init(
    os: String, architecture: String, variant: String? = nil, osVersion: String? = nil,
    osFeatures: [String]? = nil
  ) {
    self.os = os
    self.architecture = architecture
    self.variant = variant
    self.osVersion = osVersion
    self.osFeatures = osFeatures
  }

  /// Reads `os[(version)]/architecture[/variant]` or an architecture alone, and normalises it as
  /// containerd does (`x86_64` is `amd64`, `aarch64` and `arm64/v8` are `arm64`); nil when malformed.
  package init?(_ text: String) {
    var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let version = Self.takeVersion(off: &parts[0])
    let wellFormed = parts.allSatisfy { part in
      !part.isEmpty
        && part.utf8.allSatisfy { byte in
          byte < 128
            && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber
              || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
              || byte == UInt8(ascii: "-"))
        }
    }
    guard wellFormed else { return nil }
    switch parts.count {
    case 1 where Platform.knownSystems.contains(parts[0].lowercased()):
      self.init(os: parts[0], architecture: Platform.host.architecture)
    case 1:
      self.init(os: "linux", architecture: parts[0])
      guard Platform.knownArchitectures.contains(normalized.architecture) else { return nil }
    case 2: self.init(os: parts[0], architecture: parts[1])
    case 3: self.init(os: parts[0], architecture: parts[1], variant: parts[2])
    default: return nil
    }
    self = normalized
    osVersion = version
  }

  /// Takes the version off `windows(10.0.17763)`.
  private static func takeVersion(off system: inout String) -> String? {
    guard system.hasSuffix(")"), let opening = system.firstIndex(of: "(") else { return nil }
    let version = system[system.index(after: opening)...].dropLast()
    let isPlain = version.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "_.:-+".contains($0))
    }
    guard isPlain else { return nil }
    system = String(system[..<opening])
    return version.isEmpty ? nil : String(version)
  }

  private static let knownSystems: Set<String> = [
    "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux",
    "macos", "nacl", "netbsd", "openbsd", "plan9", "solaris", "windows", "zos",
  ]

  /// What one word alone may be: Go's names.
  private static let knownArchitectures: Set<String> = [
    "386", "amd64", "arm", "arm64", "armbe", "arm64be", "loong64", "mips", "mips64", "mips64le",
    "mipsle", "ppc", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x", "sparc", "sparc64",
    "wasm",
  ]

  /// The platform that this program runs on.
  package static var host: Platform {
    #if arch(x86_64)
      Platform(os: "linux", architecture: "amd64")
    #elseif arch(arm64)
      Platform(os: "linux", architecture: "arm64")
    #elseif arch(riscv64)
      Platform(os: "linux", architecture: "riscv64")
    #else
      Platform(os: "linux", architecture: "unknown")
    #endif
  }

  /// The canonical spelling, after containerd's `platforms.Normalize`.
  package var normalized: Platform {
    var result = self
    result.os = os.lowercased()
    if result.os == "macos" { result.os = "darwin" }
    let variant = (variant ?? "").lowercased()
    result.variant = variant.isEmpty ? nil : variant
    switch architecture.lowercased() {
    case "x86_64", "x86-64", "amd64":
      result.architecture = "amd64"
      if variant == "v1" { result.variant = nil }
    case "i386":
      result.architecture = "386"
      result.variant = nil
    case "aarch64", "arm64":
      result.architecture = "arm64"
      if ["8", "v8", "v8.0"].contains(variant) { result.variant = nil }
      if ["9", "9.0", "v9.0"].contains(variant) { result.variant = "v9" }
    case "armhf":
      result.architecture = "arm"
      result.variant = "v7"
    case "armel":
      result.architecture = "arm"
      result.variant = "v6"
    case "arm":
      result.architecture = "arm"
      switch variant {
      case "", "7": result.variant = "v7"
      case "5", "6", "8": result.variant = "v" + variant
      default: break
      }
    case let other: result.architecture = other
    }
    return result
  }

  package var description: String {
    let system = os + (osVersion.map { "(\($0))" } ?? "")
    return ([system, architecture] + (variant.map { [$0] } ?? [])).joined(separator: "/")
  }
}

extension Platform: Codable {
  enum CodingKeys: String, CodingKey {
    case os, architecture, variant
    case osVersion = "os.version"
    case osFeatures = "os.features"
  }
}
