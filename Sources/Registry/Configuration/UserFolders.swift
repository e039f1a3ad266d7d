import SystemPackage

/// Where the environment says that a user's settings lie.
struct UserFolders {
  private let environment: [String: String]

  init(environment: [String: String]) {
    self.environment = environment
  }

  /// The path that a variable names; nil where it is unset or empty.
  func path(_ name: String) -> FilePath? {
    environment[name].flatMap { $0.isEmpty ? nil : FilePath($0) }
  }

  /// `$XDG_CONFIG_HOME`, else `~/.config`.
  var configuration: FilePath? {
    baseDirectory("XDG_CONFIG_HOME") ?? path("HOME")?.appending(".config")
  }

  /// `$XDG_RUNTIME_DIR`.
  var runtime: FilePath? { baseDirectory("XDG_RUNTIME_DIR") }

  /// `$DOCKER_CONFIG`, else `~/.docker`.
  var docker: FilePath? { path("DOCKER_CONFIG") ?? path("HOME")?.appending(".docker") }

  /// The base directory specification wants relative paths to be ignored.
  private func baseDirectory(_ name: String) -> FilePath? {
    path(name).flatMap { $0.isAbsolute ? $0 : nil }
  }
}
