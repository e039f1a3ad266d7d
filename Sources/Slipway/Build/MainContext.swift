internal import Archive
internal import BuildGraph
internal import Engine
internal import Frontends
internal import OCI
internal import Reporting
internal import Snapshots
import Synchronization
internal import SystemPackage

/// The main build context once its files are here, whatever it came as.
struct MainContext: Sendable {
  /// Where its files are.
  enum Files: Sendable {
    case directory(FilePath)
    case fetched(FetchedContext, tree: any FileTree)
    case nothing
  }

  let files: Files
  /// What a plan copies from.
  let origin: MainContextOrigin
  /// The Dockerfile, where that is all there is.
  let onlyFile: String?
  /// How many steps were reported.
  let stepCount: Int

  /// Fetches it where it is not here.
  static func load(
    _ request: BuildRequest, home: Home, _ reporter: Reporter
  ) async throws -> MainContext {
    let local = MainContextOrigin.files(.context(ContextSource(name: "")))
    switch request.context {
    case .directory(let path):
      guard let status = FileStatus(path) else { throw RequestError.noContext(path) }
      guard status.isDirectory else { throw RequestError.contextNotDirectory(path) }
      return MainContext(files: .directory(path), origin: local, onlyFile: nil, stepCount: 0)
    case .nothing: return MainContext(files: .nothing, origin: local, onlyFile: nil, stepCount: 0)
    case .git(let address):
      var source = GitSource(address)
      let keeps = request.buildArguments["BUILDKIT_CONTEXT_KEEP_GIT_DIR"]
      if let keeps, GoBoolean.value(keeps) == true { source.keepsGitDirectory = true }
      return try await fetch(.git(source), source.shown, request, home: home, reporter)
    case .http(let address):
      let source = HTTPSource(address: address, fileName: ContextArchive.fileName)
      return try await fetch(.http(source), source.shown, request, home: home, reporter)
    case .standardInput(let head):
      let upload = try await upload(head, home: home)
      return try await fetch(upload, "standard input", request, home: home, reporter)
    }
  }

  private static func upload(_ head: [UInt8], home: Home) async throws -> Source {
    let rest = Mutex<[UInt8]?>(head)
    return try await BuildEngine(stores: home.stores).upload(
      named: ContextArchive.fileName, limit: ContextArchive.sizeLimit
    ) {
      if let head = rest.withLock({ $0.take() }) { return head }
      return try StandardInput.nextPiece()
    }
  }

  private static func fetch(
    _ source: Source, _ place: String, _ request: BuildRequest, home: Home, _ reporter: Reporter
  ) async throws -> MainContext {
    let engine = BuildEngine(stores: home.stores)
    var inputs = try request.inputsForFetching(reporter)
    let fetched = try await engine.fetch(
      source, inputs, label: "[internal] load build context from \(place)")
    let tree = try await engine.files(of: fetched)
    if case .git = source {
      return MainContext(
        files: .fetched(fetched, tree: tree), origin: .files(fetched.source), onlyFile: nil,
        stepCount: 1)
    }
    let name = ContextArchive.fileName
    let path = TreePath(cleaning: name)
    let head = try await BlockingWork.run {
      try SmallTreeFile.head(of: path, in: tree, ContextArchive.headLength)
    }
    guard ContextArchive.isArchive(head) else {
      return MainContext(
        files: .fetched(fetched, tree: tree), origin: .files(fetched.source), onlyFile: name,
        stepCount: 1)
    }
    inputs.firstStep = 2
    let unpacked = try await engine.unpack(fetched, fileName: name, inputs)
    return MainContext(
      files: .fetched(unpacked, tree: try await engine.files(of: unpacked)),
      origin: .archive(fetched.source, fileName: name), onlyFile: nil, stepCount: 4)
  }

  // MARK: - Its files

  /// What `SOURCE_DATE_EPOCH=context` means: when the commit was made, what the server said of an
  /// archive, else its newest file; nil for a directory, which does not know.
  func time() throws -> Int64? {
    guard case .fetched(let context, let tree) = files else { return nil }
    if let time = context.time { return time }
    guard case .archive = origin else { return nil }
    return try tree.newestRegularFile(below: .root)?.seconds
  }
}

/// Small files in a tree that may be an attacker's: links lead nowhere outside of it.
enum SmallTreeFile {
  /// The contents of a regular file; nil where there is none.
  static func read(_ path: TreePath, in tree: any FileTree, limit: Int = 64 << 20) throws
    -> [UInt8]?
  {
    guard let resolved = try tree.resolve(path, followingLast: true),
      let node = try tree.node(at: resolved), node.metadata.kind == .regular
    else { return nil }
    guard node.metadata.size <= Int64(limit) else {
      throw SystemCallError("read", path.description, code: .fileTooLarge)
    }
    return try head(of: resolved, in: tree, limit)
  }

  /// The first bytes of a regular file.
  static func head(of path: TreePath, in tree: any FileTree, _ count: Int) throws -> [UInt8] {
    let source = try tree.open(path)
    var bytes: [UInt8] = []
    while bytes.count < count {
      let room = min(count - bytes.count, 1 << 20)
      let piece = try [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
        filled = try source.read(into: UnsafeMutableRawBufferPointer(buffer))
      }
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }
}

extension FileTree {
  /// The latest time of any regular file.
  fileprivate func newestRegularFile(below directory: TreePath) throws -> FileTime? {
    var newest: FileTime?
    var pending = [directory]
    while let folder = pending.popLast() {
      for child in try children(of: folder) {
        switch child.node.metadata.kind {
        case .directory: pending.append(folder.appending(child.name))
        case .regular: newest = max(newest ?? .epoch, child.node.metadata.modificationTime)
        default: break
        }
      }
    }
    return newest
  }
}
