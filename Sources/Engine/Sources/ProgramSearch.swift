import Glibc
internal import SystemPackage

/// Programs of this machine, by name. Only absolute folders of `PATH` count: the directory that a build
/// is started in may be a stranger's.
struct ProgramSearch: Sendable {
  /// What a program that is started is given as its `PATH`.
  let path: String

  init(environment: [String: String]) {
    path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
  }

  /// Where the program is; nil where it is not installed.
  func callAsFunction(_ name: String) -> FilePath? {
    path.split(separator: ":").map { FilePath(String($0)).appending(name) }
      .first { $0.isAbsolute && access($0.string, X_OK) == 0 }
  }
}
