package import Archive
package import OCI

extension LayerTree {
  /// Reads the file; layers that know the digest already say so themselves.
  package func contentDigest(of path: TreePath, _ node: FileNode) throws -> Digest {
    try open(path).sha256()
  }
}

extension ByteSource {
  /// The digest of everything up to the end.
  package func sha256() throws -> Digest {
    var hasher = SHA256Hasher()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
    defer { buffer.deallocate() }
    while case let count = try read(into: buffer), count > 0 {
      hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return hasher.finish()
  }
}
