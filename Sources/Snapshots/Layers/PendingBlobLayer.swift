package import Archive
import Glibc
import OCI
import SystemPackage

/// A layer on its way into the store as a blob: nothing is unpacked, and the digests, the compression
/// and the index come in one pass.
///
/// Files must come in the order of ``TreePath``, none twice: that is what makes equal files equal
/// bytes. Parents need not be given; then they are like the lower layers', else root's with mode
/// 0755. What is not finished is discarded. Not thread-safe.
package final class PendingBlobLayer: LayerSink {
  private let layout: StoreLayout
  private let encoding: LayerEncoding
  private let blob: LayerBlobWriter
  private let tar: TarLayerWriter

  init(_ layout: StoreLayout, _ content: ContentStore, _ encoding: LayerEncoding) throws {
    self.layout = layout
    self.encoding = encoding
    blob = try LayerBlobWriter(content, encoding)
    tar = TarLayerWriter(blob.sink, clamp: encoding.clamp)
  }

  /// Throws ``LayerError/unsorted(_:after:)``, and what the contents throw; the layer is of no further
  /// use then.
  package func add(
    _ path: TreePath, _ metadata: FileMetadata, contents: (any ByteSource)?
  ) throws {
    try tar.add(path, metadata, contents: contents)
  }

  package func addWhiteout(_ path: TreePath) throws {
    try tar.addWhiteout(path)
  }

  /// Ends the blob and puts the layer into the store. Once only.
  package func finish() throws -> LayerID {
    try tar.finish()
    let (made, blocks) = try blob.finish()
    let index = TarIndexEncoder.encode(tar.draft, blob: made, blocks: blocks, tarSize: tar.size)

    let workspace = try Workspace(layout)
    let folder = LayerFolder(path: workspace.path.appending("layer"))
    try makeDirectory(folder.path, mode: 0o755)
    try makeDirectory(folder.encodings, mode: 0o755)
    try writeStoreFile(index, to: folder.index)
    try writeStoreFile(made.encoded, to: folder.blob)
    try writeStoreFile(made.encoded, to: folder.encoding(encoding.key))
    let id = LayerID.random()
    if rename(folder.path.string, layout.layer(id).path.string) != 0 {
      throw SystemCallError("store", folder.path.string)
    }
    return id
  }
}
