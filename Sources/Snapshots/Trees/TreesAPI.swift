// The face of this folder while it is being written; goes away with the last of its files.
//
// package final class DirectoryTree: FileTree {
//   package struct Options: Sendable { readsExtendedAttributes = false; cache: StatCache? = nil }
//   package init(_ root: FilePath, _ options: Options = Options()) throws
//   package let root: FilePath
// }
// package final class StatCache: Sendable {
//   package init(loading file: FilePath)                     // missing or damaged: empty
//   package static func file(forRoot root: FilePath, home: FilePath) -> FilePath // contexts/<hex>
//   package func digest(for stamp: FileStamp) -> Digest?
//   package func record(_ digest: Digest, for stamp: FileStamp, readFrom start: FileTime)
//   package func save() throws                               // no write where nothing changed
// }
// package struct TreeFilter: Sendable {
//   package enum Decision { case include, exclude, excludeButDescend }
//   package init(_ decide: @escaping @Sendable (_ path: TreePath, _ isDirectory: Bool) -> Decision)
// }
// package final class FilteredTree: FileTree { package init(_ base: any FileTree, _ filter: TreeFilter) }
// package final class StackTree: FileTree {
//   package init(layers: [any LayerTree] /* topmost first */, base: (any FileTree)? = nil)
// }
// package final class LayerDirectoryTree: LayerTree { package init(_ root: FilePath) throws }
// package struct HostSystem: Sendable {
//   package struct Bind { source: FilePath; target: TreePath; isReadOnly: Bool }
//   package struct SkeletonEntry { path: TreePath; metadata: FileMetadata; contents: [UInt8] }
//   binds: [Bind] (parents first); skeleton: [SkeletonEntry] (parents first); masks: [TreePath];
//   environment: [(name: String, value: String)]; identity: Digest
//   // The deepest of binds, masks and skeleton entries that holds a path decides what is there.
//   package static func discover(path: String, home: FilePath?, state: FilePath?,
//                                machine root: FilePath = "/") throws -> HostSystem
// }
// package final class HostTree: FileTree { package init(_ system: HostSystem) throws }
// extension FileTree {
//   package func resolve(_ path: TreePath, followingLast: Bool = true) throws -> TreePath?
//   package func resolveForCreation(_ path: TreePath) throws -> (existing: TreePath, missing: TreePath)
//   package func readFile(_ path: TreePath, limit: Int) throws -> [UInt8]   // follows links
//   package func walk(_ path: TreePath, _ visit: (TreePath, FileNode) throws -> WalkStep) throws
//   package func userDatabase() throws -> UserDatabase       // /etc/passwd and /etc/group
//   package func contentDigest(ofSubtree path: TreePath) throws -> Digest
// }
// package struct UserDatabase: Sendable {
//   package init(passwd: [UInt8], group: [UInt8])
//   package func identity(for user: String) throws(UserError) -> UserIdentity   // USER a[:b]
//   package func owner(_ chown: String) throws(UserError) -> (userID: UInt32, groupID: UInt32) // --chown
// }
// package struct UserIdentity { userID, groupID: UInt32; supplementaryGroups: [UInt32]; home: String? }
// package struct TreeSelection: Sendable {
//   package mutating func add(_ path: TreePath, _ node: FileNode, as name: TreePath)
//   package mutating func addSubtree(of tree: any FileTree, at path: TreePath, as name: TreePath,
//                                    mapping: (FileNode) -> FileNode = { $0 }) throws
//   package func digest(in tree: any FileTree) throws -> Digest   // hashes in parallel
// }
// package enum TreeError: Error { vanished, changedWhileRead, tooManyLinks, notARegularFile, tooLarge }
