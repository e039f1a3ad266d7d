package import SystemPackage

/// Base images that are made here, once for all tests of a process.
package enum BusyboxImage {
  private static let images = StandInImages()

  /// An archive with `busybox:test`: static busybox, three users, the usual directories.
  package static func archive() async throws -> FilePath {
    try await images.archive("busybox:test", root: "busybox-root")
  }

  /// An archive with a stand-in for `golang:VERSION-alpine`: busybox, Debian's Go and an `apk`.
  package static func golang(_ version: String) async throws -> FilePath {
    try await images.archive("golang:\(version)-alpine", root: "golang-root")
  }
}

/// Makes each image once.
private actor StandInImages {
  private var folder: TemporaryDirectory?
  private var made: [String: Task<FilePath, any Error>] = [:]

  func archive(_ name: String, root script: String) async throws -> FilePath {
    if let task = made[name] { return try await task.value }
    let folder = try self.folder ?? TemporaryDirectory()
    self.folder = folder
    let number = made.count
    let task = Task {
      let root = try folder.directory("root-\(number)")
      let archive = folder("image-\(number).tar")
      try await Command(Scripts.path(script), [root.string]).check()
      try await Command(
        Scripts.path("docker-archive"),
        [
          root.string, archive.string, name, StandInImages.configuration(of: script),
        ]
      ).check()
      Files.remove(root)
      return archive
    }
    made[name] = task
    return try await task.value
  }

  private static func configuration(of script: String) -> String {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    guard script == "golang-root" else { return #"{"Env":["PATH=\#(path)"],"Cmd":["sh"]}"# }
    return """
      {"Env":["PATH=/go/bin:/usr/local/go/bin:\(path)","GOPATH=/go","GOROOT=/usr/local/go"],\
      "WorkingDir":"/go","Cmd":["sh"]}
      """
  }
}
