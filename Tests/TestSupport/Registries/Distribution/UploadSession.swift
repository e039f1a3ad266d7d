import Glibc
import OCI
import Synchronization
import SystemPackage

/// A blob that is on its way.
final class UploadSession: Sendable {
  let identifier: String
  let repository: String
  /// A client has to send back the query of each `Location`.
  let state: String
  private let file: FilePath
  private let descriptor: FileDescriptor
  private let progress = Mutex(Progress())

  private struct Progress {
    var hasher = SHA256Hasher()
    var size: Int64 = 0
    /// Of the last chunk that said where it belongs.
    var lastChunk: Int64?
  }

  init(identifier: String, repository: String, file: FilePath) throws {
    self.identifier = identifier
    self.repository = repository
    state = RandomText.digits(16)
    self.file = file
    descriptor = try FileDescriptor.open(
      file, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
  }

  deinit {
    try? descriptor.close()
    // Gone already where the upload was finished.
    unlink(file.string)
  }

  var size: Int64 { progress.withLock(\.size) }
  var lastChunk: Int64? { progress.withLock(\.lastChunk) }

  /// What `Range` says; `0-0` of an empty one, as Docker's registry has it.
  var range: String { "0-\(max(size - 1, 0))" }

  func noteChunk(_ size: Int64) { progress.withLock { $0.lastChunk = size } }

  /// Takes all of a body; what came before a failure is kept.
  func append(_ body: RequestBody) throws {
    while case let bytes = try body.read(), !bytes.isEmpty { try append(bytes) }
  }

  func append(_ bytes: [UInt8]) throws {
    try progress.withLock { progress in
      try bytes.withUnsafeBytes { buffer in
        _ = try descriptor.writeAll(buffer)
        progress.hasher.update(buffer)
      }
      progress.size += Int64(bytes.count)
    }
  }

  /// Moves what has come to `file`, if it is what was promised.
  func finish(as digest: Digest, in file: FilePath) throws -> StoredBlob {
    try progress.withLock { progress in
      let actual = progress.hasher.finish()
      guard actual == digest else {
        throw RegistryError.digestInvalid("the content is \(actual), not \(digest)")
      }
      guard rename(self.file.string, file.string) == 0 else { throw Errno(rawValue: errno) }
      return StoredBlob(digest: digest, size: progress.size, file: file)
    }
  }
}
