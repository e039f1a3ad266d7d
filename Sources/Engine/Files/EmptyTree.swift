internal import Archive
internal import OCI
internal import Snapshots

/// The files of `scratch`: none.
struct EmptyTree: FileTree {
  func node(at path: TreePath) -> FileNode? {
    path.isRoot ? FileNode(metadata: FileMetadata(kind: .directory, permissions: 0o755)) : nil
  }

  func children(of path: TreePath) -> [TreeChild] { [] }

  func open(_ path: TreePath) throws -> any ByteSource {
    throw FileActionError.notFound(path.description)
  }

  func contentDigest(of path: TreePath, _ node: FileNode) throws -> Digest {
    throw FileActionError.notFound(path.description)
  }
}
