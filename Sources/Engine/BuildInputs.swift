package import Reporting
package import Sandbox
package import Snapshots
package import SystemPackage

/// What a build gets from outside besides its plan.
package struct BuildInputs: Sendable {
  /// The local directories by name, `.dockerignore` applied; `""` is the main context.
  package var contexts: [String: any FileTree]
  /// This machine's system, where a plan builds on it.
  package var host: HostSystem?
  /// The values of `RUN --mount=type=secret`, by id.
  package var secrets: [String: [UInt8]]
  /// Sockets of SSH agents, by id.
  package var sshSockets: [String: FilePath]
  /// Whether `RUN --security=insecure` gets what it asks for.
  package var allowsInsecure = false
  /// The limits of every `RUN`, which are not part of its key.
  package var resourceLimits: [ResourceLimit] = []
  /// The latest time that the image's files, configuration and history may have, in seconds; nil
  /// leaves times alone (`--timestamps=preserve`).
  package var latestTime: Int64?
  /// How layers are compressed that are made as blobs; an image may ask for them otherwise.
  package var compression: LayerEncoding.Compression
  /// How sources on other machines are reached; nil where there are none, or none may be asked.
  package var remote: RemoteAccess?
  /// The number of the first step among all that are reported.
  package var firstStep = 1
  /// Is told of each layer of an image as soon as it is there: the state up to it.
  package var layerReady: (@Sendable (FileSystemState) -> Void)?
  /// Where steps are looked for that this machine has not run.
  package var caches: SharedCaches?
  /// Is told of each layer of an earlier build, or of another machine, that is used.
  package var layerFound: (@Sendable (LayerID) -> Void)?
  package var reporter: Reporter

  package init(
    contexts: [String: any FileTree] = [:], host: HostSystem? = nil,
    secrets: [String: [UInt8]] = [:], sshSockets: [String: FilePath] = [:],
    latestTime: Int64? = 0, compression: LayerEncoding.Compression = .gzip(level: 6),
    reporter: Reporter
  ) {
    self.contexts = contexts
    self.host = host
    self.secrets = secrets
    self.sshSockets = sshSockets
    self.latestTime = latestTime
    self.compression = compression
    self.reporter = reporter
  }

  var encoding: LayerEncoding {
    LayerEncoding(compression: compression, latestTime: latestTime)
  }
}
