package import Archive
package import OCI

/// A read-only tree of files. Nothing here follows a symbolic link; `resolve` does, inside the tree.
package protocol FileTree: Sendable {
  /// The file at `path`; nil where there is none (also where a parent is not a directory).
  func node(at path: TreePath) throws -> FileNode?

  /// The entries of a directory, sorted by the bytes of their names; empty where `path` is no
  /// directory.
  func children(of path: TreePath) throws -> [TreeChild]

  /// The contents of a regular file.
  func open(_ path: TreePath) throws -> any ByteSource

  /// The SHA-256 of a regular file's contents; `node` is what `node(at:)` or `children(of:)` said.
  func contentDigest(of path: TreePath, _ node: FileNode) throws -> Digest
}

/// A file without its name and contents.
package struct FileNode: Hashable, Sendable {
  /// Never of kind `hardLink`: trees show the file itself. `extendedAttributes` has no
  /// `user.overlay.*`.
  package var metadata: FileMetadata
  /// Equal for two names of one file in a tree; nil where there is but one name.
  package var linkIdentity: UInt64?
  /// What tells the state of the file on disk apart, for the stat cache; nil elsewhere.
  package var stamp: FileStamp?

  package init(metadata: FileMetadata, linkIdentity: UInt64? = nil, stamp: FileStamp? = nil) {
    self.metadata = metadata
    self.linkIdentity = linkIdentity
    self.stamp = stamp
  }

  package var isDirectory: Bool { metadata.kind == .directory }
}

/// An entry of a directory.
package struct TreeChild: Hashable, Sendable {
  package var name: [UInt8]
  package var node: FileNode

  package init(name: [UInt8], node: FileNode) {
    self.name = name
    self.node = node
  }
}

/// What of `stat(2)` changes whenever a file does.
package struct FileStamp: Hashable, Sendable {
  package var device: UInt64
  package var inode: UInt64
  package var size: Int64
  package var modificationTime: FileTime
  package var changeTime: FileTime

  package init(
    device: UInt64, inode: UInt64, size: Int64, modificationTime: FileTime, changeTime: FileTime
  ) {
    self.device = device
    self.inode = inode
    self.size = size
    self.modificationTime = modificationTime
    self.changeTime = changeTime
  }
}
