import Glibc
package import OCI
package import SystemPackage

/// Remembers which repositories have a blob: to fetch it when it is needed after all, and to mount it
/// instead of sending it. A file a blob, named by its digest, with a repository a line.
///
/// It may be wrong, and is lost without harm but for images that were never fetched whole.
package struct BlobOrigins: Sendable {
  private let folder: FilePath

  private static let limit = 8

  /// Opens the folder, made where there is none.
  package init(folder: FilePath) throws {
    self.folder = folder
    try ContentStore.makeDirectories(folder)
  }

  /// The repositories that are believed to have a blob, the latest first.
  package func repositories(of digest: Digest) -> [Reference] {
    guard let bytes = try? SmallFile.read(folder.appending(digest.hex), limit: 64 << 10) else {
      return []
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap {
      try? Reference(String($0))
    }
  }

  /// Notes that a repository has blobs. What cannot be written is forgotten.
  package func note(_ blobs: some Sequence<Digest>, in repository: Reference) {
    for digest in blobs { try? note(digest, in: repository) }
  }

  private func note(_ digest: Digest, in repository: Reference) throws {
    let known = repositories(of: digest)
    guard known.first?.name != repository.name else { return }
    let others = known.filter { $0.name != repository.name }.prefix(BlobOrigins.limit - 1)
    let lines = ([repository.name] + others.map(\.name)).map { $0 + "\n" }.joined()
    let temporary = folder.appending(".\(digest.hex).\(getpid()).\(UInt32.random(in: 0 ... .max))")
    do {
      let file = try OwnedDescriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL)
      try Array(lines.utf8).withUnsafeBytes { try file.write($0, path: temporary) }
      if rename(temporary.string, folder.appending(digest.hex).string) != 0 {
        throw SystemCallError("write", folder.string)
      }
    } catch {
      unlink(temporary.string)
      throw error
    }
  }

  /// Forgets blobs that no image speaks of any more.
  package func keep(only digests: Set<Digest>) {
    guard let stream = opendir(folder.string) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let digest = Digest(hex: name), !digests.contains(digest) {
        unlink(folder.appending(name).string)
      }
    }
  }
}
