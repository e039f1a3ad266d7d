package import SystemPackage

/// A directory that `GOPROXY=file://DIRECTORY` reads: go.dev/ref/mod, "GOPROXY protocol".
package struct GoProxy: Sendable {
  package let folder: FilePath

  /// The files of a module, by path.
  package typealias Module = [String: String]

  package init(at folder: FilePath) {
    self.folder = folder
  }

  /// Publishes a version of a module.
  package func publish(_ path: String, _ version: String, _ files: Module) async throws {
    let versions = folder.appending(path).appending("@v")
    try Files.makeDirectories(versions)
    let list = versions.appending("list")
    let known = (try? Files.text(list)) ?? ""
    try Files.write(Array((known + version + "\n").utf8), to: list)
    try Files.write(
      Array(#"{"Version":"\#(version)","Time":"2024-01-01T00:00:00Z"}"#.utf8),
      to: versions.appending("\(version).info"))
    try Files.write(
      Array((files["go.mod"] ?? "module \(path)\n").utf8), to: versions.appending("\(version).mod"))
    let tree = try TemporaryDirectory()
    for (name, text) in files { try tree.write(text, to: "\(path)@\(version)/\(name)") }
    let zip = versions.appending("\(version).zip")
    // Python's zipfile, so that nothing more needs to be installed.
    let script = """
      import os, sys, zipfile
      with zipfile.ZipFile(sys.argv[1], "w") as archive:
          for folder, _, names in sorted(os.walk(".")):
              for name in sorted(names):
                  path = os.path.relpath(os.path.join(folder, name))
                  archive.writestr(zipfile.ZipInfo(path), open(path, "rb").read())
      """
    var command = Command("python3", ["-c", script, zip.string])
    command.directory = tree.path
    try await command.check()
  }
}
