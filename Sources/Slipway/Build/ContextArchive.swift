internal import Archive
internal import OCI

/// How archives that are build contexts are told from Dockerfiles: by their first bytes.
enum ContextArchive {
  /// How many bytes it takes.
  static let headLength = 1024

  /// What a context's file is called that is fetched, whatever its address is.
  static let fileName = "context"

  /// How large one may be that comes on standard input, in bytes.
  static let sizeLimit: Int64 = 64 << 30

  /// Whether they are those of a tar, or of something compressed.
  static func isArchive(_ head: [UInt8]) -> Bool {
    CompressionFormat.detect(head) != .none
      || (try? TarReader(MemorySource(Array(head.prefix(512)))).next()) != nil
  }
}

extension BuildRequest {
  /// Takes standard input for the build context: an archive, or else a Dockerfile without any files.
  package mutating func takeStandardInput() throws {
    let head = try StandardInput.read(atLeast: ContextArchive.headLength)
    if ContextArchive.isArchive(head) {
      context = .standardInput(head: head)
      return
    }
    guard dockerfile == .inContext else { throw RequestError.twoDockerfiles }
    context = .nothing
    dockerfile = .standardInput(head + (try SmallFile.readStandardInput()))
  }
}
