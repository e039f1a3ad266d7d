internal import Engine
internal import OCI
internal import Snapshots
internal import SystemPackage

/// A cache in a directory: an image layout that has a step an entry, named by its key.
struct LayoutCache: BuildCache {
  let path: FilePath
  /// Where layers are copied to.
  let store: ContentStore

  var name: String { path.string }

  func step(_ key: Digest) async throws -> SharedStep? {
    let path = path
    return try await BlockingWork.run {
      guard let layout = ContentStore(readingFrom: path) else {
        throw SystemCallError("open", path.string, code: .noSuchFileOrDirectory)
      }
      return try Self.step(key, in: layout)
    }
  }

  /// The step of a key, with all of its blobs there.
  static func step(_ key: Digest, in layout: ContentStore) throws -> SharedStep? {
    let entry = try layout.index().manifests.first {
      $0.annotations?[Annotation.referenceName] == key.hex
    }
    guard let entry else { return nil }
    do {
      let artifact = try StepArtifact(layout.read(entry))
      let step = try artifact.step(
        of: key, record: layout.read(artifact.record),
        index: artifact.index.map { try layout.read($0) })
      if let layer = artifact.layer, !layout.contains(layer) {
        throw SharedStepProblem("its layer is gone")
      }
      return step
    } catch let error as ContentError {
      throw SharedStepProblem("\(error)")
    }
  }

  /// From here on the directory may go.
  func provide(_ layer: PortableLayer) async throws {
    let (path, store) = (path, store)
    try await BlockingWork.run {
      guard let layout = ContentStore(readingFrom: path) else {
        throw SystemCallError("open", path.string, code: .noSuchFileOrDirectory)
      }
      do {
        try store.copy(layer.blob.descriptor, from: layout)
      } catch let error as ContentError {
        throw SharedStepProblem("\(error)")
      }
    }
  }
}

extension ContentStore {
  /// Copies a blob of another store, unless it is here; verified.
  func copy(_ blob: Descriptor, from other: ContentStore) throws {
    if contains(blob) { return }
    guard let size = other.size(of: blob.digest) else { throw ContentError.missing(blob.digest) }
    guard size == blob.size else {
      throw ContentError.wrongSize(blob.digest, expected: blob.size, actual: size)
    }
    let path = other.path(of: blob.digest)
    let file = try FileDescriptor.open(path, .readOnly)
    try file.closeAfter {
      var writer = try BlobWriter(store: self)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
      defer { buffer.deallocate() }
      while case let count = try file.read(into: buffer), count > 0 {
        try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
      _ = try writer.commit(expecting: blob.digest)
    }
  }
}
