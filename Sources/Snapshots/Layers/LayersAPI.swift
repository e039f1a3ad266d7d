// The face of the storing side; each is in a file of its own soon.
//
// package struct LayerID: Hashable, Sendable, Codable, CustomStringConvertible {
//   package init?(_ text: String); package var rawValue: String
// }
// package struct LayerEncoding: Hashable, Sendable {
//   package enum Compression: Hashable, Sendable { case gzip(level: Int), zstd(level: Int), uncompressed }
//   package var compression: Compression; package var latestTime: Int64? (seconds; SOURCE_DATE_EPOCH)
//   package init(compression: Compression = .gzip(level: 6), latestTime: Int64? = nil)
// }
// package struct LayerBlob: Hashable, Sendable { diffID: Digest; descriptor: Descriptor }
// package struct LayerLimits: Hashable, Sendable { unpackedFloor, ratio: Int64; entryCount, pathLength: Int }
// package enum LayerError: Error, CustomStringConvertible
//
// Stacks of layers are bottom first everywhere, as an image's configuration lists them.
//
// package struct LayerStore: Sendable {
//   package init(root: FilePath /* <home>/snapshots */, content: ContentStore, limits: LayerLimits = .standard) throws
//   package func contains(_ id: LayerID) -> Bool
//   package func beginDirectory() throws -> PendingDirectoryLayer
//   package func beginBlob(encoding: LayerEncoding) throws -> PendingBlobLayer
//   package func adopt(descriptor: Descriptor, diffID: Digest) throws -> LayerID   // the blob may come later
//   /// `lower` nil: unknown (an opaque directory becomes `.wh..wh..opq`).
//   package func blob(of id: LayerID, encoding: LayerEncoding, above lower: [LayerID]?) throws -> LayerBlob
//   package func directory(of id: LayerID, above lower: [LayerID]) throws -> FilePath
//   package func lowerDirectories(of stack: [LayerID]) throws -> [FilePath]        // topmost first, never empty
//   package func tree(of id: LayerID, above lower: [LayerID] = []) throws -> any LayerTree
//   package func tree(of stack: [LayerID]) throws -> StackTree (any FileTree until merged)
//   package func layers() throws -> [LayerID]; package func remove(_ id: LayerID) throws
//   package func retainedBlobs() throws -> Set<Digest>      // what a prune of the content store must keep
//   package func trashLeftovers() throws                     // of killed processes
//   package func reapTrash(limit: Int) throws -> Int         // files deleted
//   package func sync() throws                               // syncfs
// }
// package struct PendingDirectoryLayer: ~Copyable {
//   package let upper, work: FilePath; package consuming func commit() throws -> LayerID
// }                                                          // deinit discards
// package final class DirectoryLayerSink: LayerSink { init(_ root: FilePath) throws; func finish() throws }
// /// Wants ascending, unique `TreePath`s; parents that are not given are the lower layers' (else 0755).
// package final class PendingBlobLayer: LayerSink { func finish() throws -> LayerID; func discard() }
