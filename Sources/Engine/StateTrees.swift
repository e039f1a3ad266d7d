internal import Snapshots

/// The files of states, for copying from and looking things up.
struct StateTrees: Sendable {
  let stores: EngineStores
  let inputs: BuildInputs

  /// The files of a state. Blocks while layers are indexed or unpacked.
  func tree(of state: FileSystemState) throws -> any FileTree {
    switch state.base {
    case .context(let name):
      guard let tree = inputs.contexts[name] else { throw FileActionError.notFound(name) }
      return tree
    case .nothing:
      return state.layers.isEmpty ? EmptyTree() : try stores.layers.tree(ofStack: state.layers)
    case .host:
      guard let host = inputs.host else { throw FileActionError.notFound("host:") }
      let trees = try state.layers.indices.reversed().map { index in
        try stores.layers.tree(
          of: state.layers[index], above: Array(state.layers[..<index]))
      }
      return StackTree(layers: trees, base: try HostTree(host))
    }
  }
}
