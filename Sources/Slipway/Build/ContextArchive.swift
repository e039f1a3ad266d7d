internal import Archive
import Glibc
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

/// Standard input, piece by piece.
enum StandardInput {
  /// So many bytes, or all that there are.
  static func read(atLeast count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count, let piece = try nextPiece(count - bytes.count) { bytes += piece }
    return bytes
  }

  /// Some bytes; nil at the end. Blocks.
  static func nextPiece(_ limit: Int = 256 << 10) throws -> [UInt8]? {
    let piece = try [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      repeat {
        count = Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count)
      } while count < 0 && errno == EINTR
      guard count < 0 else { return }
      count = 0
      throw SystemCallError("read", "standard input")
    }
    return piece.isEmpty ? nil : piece
  }
}
