internal import Archive
package import BuildGraph
internal import OCI
internal import Reporting
package import Snapshots
package import SystemPackage

/// A build context that came from elsewhere, with its files here.
package struct FetchedContext: Sendable {
  /// What a plan copies from; it means the same files whenever it is asked for again.
  package let source: Source
  /// Bottom first.
  package let layers: [LayerID]
  /// When its content was made, in seconds since 1970; nil where nobody knows.
  package let time: Int64?
}

extension BuildEngine {
  /// Fetches a source on another machine, for what is needed of it before there is a plan. It is
  /// reported as the step `firstStep` of the inputs.
  ///
  /// Throws `EngineError` and `CancellationError`.
  package func fetch(
    _ source: Source, _ inputs: BuildInputs, label: String
  ) async throws -> FetchedContext {
    let remotes = RemoteSources(stores: stores, inputs: inputs)
    let step = StepID(inputs.firstStep)
    inputs.reporter.report(.stepAnnounced(step, name: label))
    inputs.reporter.report(.stepStarted(step))
    do {
      guard let state = try await remotes.resolve(source) else {
        throw RemoteSourceError.noAccess(label)
      }
      let layer = try await remotes.layer(of: state)
      // Pinned by now, so nobody is asked again.
      let time = try await remotes.resolve(state.source)?.time
      try await BlockingWork.run { try remotes.confirm() }
      let wasHere = state.layer != nil && !state.isNew
      inputs.reporter.report(.stepFinished(step, wasHere ? .cached : .done))
      return FetchedContext(source: state.source, layers: [layer], time: time)
    } catch {
      inputs.reporter.report(.stepFinished(step, StepOutcome(endedBy: error)))
      throw EngineError.wrapping(error, Vertex(.source(source), label: label))
    }
  }

  /// Unpacks the archive that a context came as: the same step that a plan has for it, which then
  /// finds it in the cache. It is reported as three steps from `firstStep` of the inputs on.
  package func unpack(
    _ context: FetchedContext, fileName: String, _ inputs: BuildInputs
  ) async throws -> FetchedContext {
    var plan = BuildPlan(target: 0, configuration: ImageConfiguration(platform: .host))
    let empty = plan.add(Vertex(.source(.scratch), label: "FROM scratch"))
    let archive = plan.add(Vertex(.source(context.source), label: "[internal] fetch build context"))
    plan.target = plan.add(
      Vertex(
        .file([.unpackingContext(fileName: fileName)]), inputs: [empty, archive],
        label: "[internal] load build context"))
    let layers = try await solve([plan], inputs)[0].state.layers
    return FetchedContext(source: context.source, layers: layers, time: context.time)
  }

  /// Takes in a file that comes with the request, such as what standard input holds, piece by piece
  /// until there is none.
  ///
  /// - Parameter nextPiece: may block.
  package func upload(
    named fileName: String, limit: Int64, _ nextPiece: @escaping @Sendable () throws -> [UInt8]?
  ) async throws -> Source {
    let remotes = RemoteSources(
      stores: stores, inputs: BuildInputs(reporter: Reporter { _ in }))
    return try await BlockingWork.run { [stores] in
      let file = try FetchedFile(named: fileName, in: stores.layers)
      do {
        while let piece = try nextPiece() {
          guard file.size + Int64(piece.count) <= limit else {
            throw RemoteSourceError.tooLarge("standard input", limit: limit)
          }
          try file.append(piece)
        }
        let upload = UploadSource(digest: file.digest, fileName: fileName)
        let key = StepKey(upload: upload)
        if remotes.record(for: key.digest) == nil {
          let layer = try file.commit(modified: FileTime(seconds: 0))
          let record = SourceRecord(layer: layer, origin: "standard input", digest: file.digest)
          remotes.remember(record, under: [key])
          try remotes.confirm()
        } else {
          file.discard()
        }
        return .upload(upload)
      } catch {
        file.discard()
        throw error
      }
    }
  }

  /// The files of a context.
  package func files(of context: FetchedContext) async throws -> any FileTree {
    try await BlockingWork.run { [stores] in try stores.layers.tree(ofStack: context.layers) }
  }

  /// The files of a context as a directory, in which links may lead anywhere; nobody may change it.
  package func directory(of context: FetchedContext) async throws -> FilePath? {
    try await BlockingWork.run { [stores] in
      try stores.layers.lowerDirectories(of: context.layers).first
    }
  }
}
