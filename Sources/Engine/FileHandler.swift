internal import Archive
internal import BuildGraph
internal import CLinux
import Glibc
internal import OCI
internal import Reporting
internal import Snapshots
internal import SystemPackage

/// Copies and makes files: straight into a blob where no process will run on top, else into a
/// directory that an overlay can use.
struct FileHandler: Sendable {
  private let stores: EngineStores
  private let inputs: BuildInputs
  private let trees: StateTrees
  /// The vertices whose layers are better directories: some process of the plan runs on them or has
  /// them mounted, or nobody but the builder reads them.
  private let asDirectories: Set<Int>
  private let latestTime: Int64?

  init(plan: JointPlan, stores: EngineStores, inputs: BuildInputs, trees: StateTrees) {
    self.stores = stores
    self.inputs = inputs
    self.trees = trees
    latestTime = inputs.latestTime
    asDirectories = FileHandler.verticesAsDirectories(plan)
  }

  /// What a copy takes from a state, and its digest.
  func select(_ action: CopyAction, from state: FileSystemState) async throws
    -> (SourceSelection, Digest)
  {
    try await select(from: state) { try SourceSelection(action, from: $0) }
  }

  /// Tells a file that is hidden from one that is misspelt.
  private static func reason(
    whyMissing source: String, in tree: any FileTree
  ) throws -> FileActionError {
    let path = TreePath(cleaning: source)
    if let filtered = tree as? FilteredTree, try filtered.hides(path) {
      return .ignored(source, by: filtered.explanation(of: path))
    }
    guard let directory = try tree.resolve(path.parent, followingLast: true) else {
      return .notFound(source)
    }
    let names = try tree.children(of: directory).map { String(decoding: $0.name, as: UTF8.self) }
    let name = String(decoding: path.name, as: UTF8.self)
    guard source.hasSuffix(name), let closest = Suggestion.closest(to: name, among: names) else {
      return .notFound(source)
    }
    return .misspelt(source, closest: source.dropLast(name.count) + closest)
  }

  /// The digest of what lies at a path of a state, for a mount.
  func contentDigest(of path: String, in state: FileSystemState) async throws -> Digest {
    try await select(from: state) { try SourceSelection(path: path, in: $0) }.1
  }

  private func select(
    from state: FileSystemState,
    _ find: @escaping @Sendable (any FileTree) throws -> SourceSelection
  ) async throws -> (SourceSelection, Digest) {
    try await BlockingWork.run {
      let tree = try trees.tree(of: state)
      do {
        let selection = try find(tree)
        return (selection, try selection.contentDigest(resetsOwners: state.isContext))
      } catch FileActionError.notFound(let path) {
        throw try Self.reason(whyMissing: path, in: tree)
      } catch let error as SystemCallError
        where error.code == .permissionDenied && state.isContext
      {
        throw FileActionError.unreadable(error.path)
      }
    }
  }

  /// Works the actions out over `states[0]` and stores the layer.
  func run(
    _ actions: [FileAction], vertex index: Int, selections: [Int: SourceSelection],
    states: [FileSystemState]
  ) async throws -> LayerID {
    var selections = selections
    for (number, action) in actions.enumerated() where selections[number] == nil {
      guard case .copy(let copy) = action else { continue }
      selections[number] = try await select(copy, from: states[copy.input]).0
    }
    let complete = selections
    return try await BlockingWork.run {
      try store(actions, vertex: index, selections: complete, states: states)
    }
  }

  private func store(
    _ actions: [FileAction], vertex index: Int, selections: [Int: SourceSelection],
    states: [FileSystemState]
  ) throws -> LayerID {
    let host = states[0].base == .host ? inputs.host : nil
    let base = try trees.tree(of: states[0])
    var draft = LayerDraft(
      over: base, readOnly: host?.binds.map(\.target) ?? [],
      now: FileTime.now, time: actions.lazy.compactMap(\.time).first.map { FileTime(seconds: $0) })
    var unpacked: [ArchiveExpansion] = []
    defer { for expansion in unpacked { expansion.discard() } }
    for (number, action) in actions.enumerated() {
      switch action {
      case .makeDirectory(let make): try draft.makeDirectory(make)
      case .makeFile(let make): try draft.makeFile(make)
      case .copy(let copy):
        guard let selection = selections[number] else { continue }
        let resetsOwners = states[copy.input].isContext
        guard copy.unpacksArchives else {
          try draft.copy(selection, copy, resetsOwners: resetsOwners)
          continue
        }
        let style = try CopyStyle(copy, over: draft.files, resetsOwners: resetsOwners)
        for match in selection.matches {
          if let archive = try ArchiveExpansion(
            of: match, in: selection.tree, layers: stores.layers)
          {
            unpacked.append(archive)
            try draft.unpack(archive, to: copy.destination, owner: style.namedOwner)
          } else {
            try draft.copy(match, of: selection.tree, to: copy.destination, style)
          }
        }
      }
    }
    return try write(draft, over: base, asDirectory: asDirectories.contains(index))
  }

  private func write(_ draft: LayerDraft, over base: any FileTree, asDirectory: Bool) throws
    -> LayerID
  {
    if asDirectory {
      let pending = try stores.layers.beginDirectory()
      // An overlay shows the upper directory's parents, so they must be like those below.
      let sink = try pending.sink(over: base)
      try draft.write(to: sink)
      try sink.finish()
      return try pending.commit()
    }
    let pending = try stores.layers.beginBlob(encoding: inputs.encoding)
    try draft.write(to: pending)
    return try pending.finish()
  }

  private static func verticesAsDirectories(_ plan: JointPlan) -> Set<Int> {
    var result: Set<Int> = []
    func markChain(from index: Int) {
      guard result.insert(index).inserted else { return }
      let vertex = plan.vertices[index]
      switch vertex.operation {
      case .merge: vertex.inputs.forEach(markChain)
      case .file, .execute: vertex.inputs.first.map(markChain)
      case .source: break
      }
    }
    for (index, vertex) in plan.vertices.enumerated() {
      if case .execute = vertex.operation { vertex.inputs.forEach(markChain) }
      // A build context is read, and nearly never part of an image: it is not worth compressing.
      if plan.isUnpackedContext(index) { result.insert(index) }
    }
    return result
  }
}

extension JointPlan {
  /// Whether a vertex unpacks a file from elsewhere into nothing.
  fileprivate func isUnpackedContext(_ index: Int) -> Bool {
    guard case .file(let actions) = vertices[index].operation, actions.count == 1,
      case .copy(let copy) = actions[0], copy.unpacksArchives
    else { return false }
    let inputs = vertices[index].inputs.map { vertices[$0].operation }
    guard inputs.count == 2, inputs[0] == .source(.scratch), case .source(let archive) = inputs[1]
    else { return false }
    switch archive {
    case .http, .upload: return true
    case .scratch, .image, .context, .host, .git: return false
    }
  }
}

extension FileSystemState {
  var isContext: Bool {
    if case .context = base { true } else { false }
  }
}

extension FileTime {
  static var now: FileTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return FileTime(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
  }
}
