import Archive
import Glibc
package import OCI
import Synchronization

/// A list of files of a tree, each under the name by which it counts: what the digest of a COPY's
/// source is made from.
///
/// The digest is over names, kinds, modes, owners, links, devices, extended attributes and contents;
/// times are not in it, nor which names share one file, as in BuildKit. Every part is framed by its
/// length, so no two lists share an encoding. The order of the list counts: of two sources with one
/// name, the later one wins.
package struct TreeSelection: Sendable {
  package struct Item: Hashable, Sendable {
    /// What counts, such as the path relative to what is copied.
    package var name: TreePath
    /// Where the contents are.
    package var path: TreePath
    /// What counts of the file. Its owner may have been changed since the tree was read.
    package var node: FileNode

    package init(name: TreePath, path: TreePath, node: FileNode) {
      self.name = name
      self.path = path
      self.node = node
    }
  }

  package var items: [Item] = []

  package init() {}

  /// Adds one file, a directory without its entries.
  package mutating func add(_ path: TreePath, _ node: FileNode, as name: TreePath) {
    items.append(Item(name: name, path: path, node: node))
  }

  /// Adds a file and everything below it, named relative to `name`. `change` may change what counts
  /// of a file; nil leaves it out, a directory with all its entries.
  package mutating func addSubtree(
    of tree: any FileTree, at path: TreePath, as name: TreePath = .root,
    changing change: (TreePath, FileNode) throws -> FileNode? = { $1 }
  ) throws {
    let prefix = path.isRoot ? 0 : path.bytes.count + 1
    try tree.walk(path) { found, node in
      guard let node = try change(found, node) else { return .over }
      let relative = TreePath(canonical: Array(found.bytes.dropFirst(prefix)))
      add(found, node, as: name.appending(relative))
      return .into
    }
  }

  /// The digest of the list. Contents whose digests the tree does not know are read on a few threads
  /// at once; the calling one is blocked meanwhile.
  package func digest(in tree: any FileTree) throws -> Digest {
    let contents = try contentDigests(in: tree)
    var encoder = SelectionEncoder(count: items.count)
    for (item, digest) in zip(items, contents) { encoder.add(item.name, item.node, digest) }
    return encoder.finish()
  }

  /// The digest of each regular file's contents, nil for other files.
  package func contentDigests(in tree: any FileTree) throws -> [Digest?] {
    let files = items.indices.filter { items[$0].node.metadata.kind == .regular }
    let batch = 32
    let batches = (files.count + batch - 1) / batch
    let workers = min(batches, max(1, min(8, sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    let progress = HashingProgress()
    // Each worker takes the next batch until there is none: large files hold up one worker only.
    BlockingWork.concurrently(workers) { _ in
      while let next = progress.nextBatch(of: batches) {
        let range = (next * batch)..<min(files.count, (next + 1) * batch)
        progress.finish(next) {
          try files[range].map { try tree.contentDigest(of: items[$0].path, items[$0].node) }
        }
      }
    }
    var result: [Digest?] = Array(repeating: nil, count: items.count)
    for (file, digest) in zip(files, try progress.digests(of: batches)) { result[file] = digest }
    return result
  }
}

/// What the workers share: which batch is next, and what came of those before.
private final class HashingProgress: Sendable {
  private let next = Atomic<Int>(0)
  private let results = Mutex<[Int: Result<[Digest], any Error>]>([:])
  private let hasFailed = Atomic<Bool>(false)

  func nextBatch(of count: Int) -> Int? {
    if hasFailed.load(ordering: .relaxed) { return nil }
    let batch = next.add(1, ordering: .relaxed).oldValue
    return batch < count ? batch : nil
  }

  func finish(_ batch: Int, _ work: () throws -> [Digest]) {
    do {
      let digests = try work()
      results.withLock { $0[batch] = .success(digests) }
    } catch {
      hasFailed.store(true, ordering: .relaxed)
      results.withLock { $0[batch] = .failure(error) }
    }
  }

  /// All digests in order, or the first error in the order of the files.
  func digests(of count: Int) throws -> [Digest] {
    let results = results.withLock { $0 }
    return try (0..<count).flatMap { try results[$0]?.get() ?? [] }
  }
}

/// Feeds files to a digest, every part framed.
///
///     "slipway files 1", number of files (8), then for each:
///     length (8), name; kind (1); permissions (2); user (4); group (4); size (8);
///     length (8), link target; device major (4), minor (4);
///     number of attributes (8), each: length (8), name, length (8), value;
///     for regular files the SHA-256 of the contents (32)
///
/// All numbers are little-endian.
private struct SelectionEncoder {
  private var hasher = SHA256Hasher()
  private var buffer = Array("slipway files 1".utf8)

  init(count: Int) {
    buffer.append(number: UInt64(count))
  }

  mutating func add(_ name: TreePath, _ node: FileNode, _ contents: Digest?) {
    let metadata = node.metadata
    frame(name.bytes)
    buffer.append(metadata.kind.rawValue)
    buffer.append(number: metadata.permissions)
    buffer.append(number: metadata.userID)
    buffer.append(number: metadata.groupID)
    buffer.append(number: metadata.size)
    frame(metadata.linkTarget)
    buffer.append(number: metadata.deviceMajor)
    buffer.append(number: metadata.deviceMinor)
    buffer.append(number: UInt64(metadata.extendedAttributes.count))
    for attribute in metadata.extendedAttributes {
      frame(attribute.name)
      frame(attribute.value)
    }
    if let contents { buffer.append(contentsOf: contents.bytes) }
    if buffer.count > 32 << 10 { flush() }
  }

  mutating func finish() -> Digest {
    flush()
    return hasher.finish()
  }

  private mutating func frame(_ bytes: [UInt8]) {
    buffer.append(number: UInt64(bytes.count))
    buffer.append(contentsOf: bytes)
  }

  private mutating func flush() {
    hasher.update(buffer)
    buffer.removeAll(keepingCapacity: true)
  }
}

extension FileTree {
  /// The digest of a file and everything below it; see `TreeSelection`. That of a path without a file
  /// is that of the empty list.
  package func contentDigest(ofSubtree path: TreePath) throws -> Digest {
    var selection = TreeSelection()
    try selection.addSubtree(of: self, at: path)
    return try selection.digest(in: self)
  }
}
