package import BuildGraph
package import OCI
package import Sandbox
package import SystemPackage

/// What a build is asked for, with every value parsed.
package struct BuildRequest: Sendable {
  /// The main build context.
  package var context: ContextLocation
  package var dockerfile = DockerfileLocation.inContext
  package var tags: [Reference] = []
  package var buildArguments: [String: String] = [:]
  package var target: String?
  /// The platforms that the image is for: none means this machine's, several make an index.
  package var platforms: [Platform] = []
  package var namedContexts: [String: NamedContextRequest] = [:]
  package var toolchain = Toolchain.image
  package var ignoresCache = false
  package var stagesIgnoringCache: [String] = []
  package var network = NetworkMode.sandbox
  package var extraHosts: [ExtraHost] = []
  /// What `RUN` may ask for beyond what every step gets (`--allow`).
  package var entitlements: Set<Entitlement> = []
  /// The size of `/dev/shm` in bytes; nil is 64 MiB.
  package var sharedMemorySize: Int64?
  package var resourceLimits: [ResourceLimit] = []
  package var labels: [String: String] = [:]
  package var secrets: [String: SecretSource] = [:]
  /// The sockets of SSH agents, by id.
  package var sshSockets: [String: FilePath] = [:]
  /// The files of private keys for an agent of the build's own, by id; none is in `sshSockets` too.
  package var sshKeys: [String: [FilePath]] = [:]
  package var timestamps = Timestamps.clamped
  /// Where the image goes; none means that it is kept in the store alone.
  package var outputs: [ImageOutput] = []
  /// Where steps are looked for that this machine has not run, in this order.
  package var cacheSources: [CacheSource] = []
  /// Where the steps of the build are put for others.
  package var cacheTargets: [CacheTarget] = []
  /// Whether registries are asked what an image's name stands for today (`--pull`).
  package var asksRegistries = false
  /// Where the image's digest is written.
  package var imageIDFile: FilePath?
  /// Where a JSON object with the results is written.
  package var metadataFile: FilePath?
  /// The variables that name proxies, the epoch and toolchains.
  package var environment: [String: String] = [:]

  package init(context: ContextLocation) {
    self.context = context
  }

  package init(context: FilePath) {
    self.init(context: .directory(context))
  }

  /// Whether `BUILDKIT_INLINE_CACHE=1` asks for what no `--cache-to` has.
  package var asksForInlineCache: Bool {
    let value = buildArguments["BUILDKIT_INLINE_CACHE"]
    return ["1", "t", "true"].contains(value?.lowercased())
      && !cacheTargets.contains { $0.place == .inline }
  }

  /// Where the files of the main build context are.
  package enum ContextLocation: Sendable, Hashable {
    case directory(FilePath)
    case git(GitAddress)
    /// An archive, or a Dockerfile alone.
    case http(String)
    /// An archive on standard input, of which the first bytes have been read.
    case standardInput(head: [UInt8])
    /// There are none.
    case nothing
  }

  /// Where the Dockerfile is.
  package enum DockerfileLocation: Sendable, Hashable {
    /// `Dockerfile` in the context; a recipe's where there is none.
    case inContext
    /// Relative to the working directory; in a context that is fetched, to its root.
    case file(FilePath)
    case standardInput([UInt8])
    case http(String)
  }

  /// What a recipe's toolchain stage is.
  package enum Toolchain: String, Sendable, Hashable, CaseIterable {
    case image, host
  }

  /// What becomes of the times of files.
  package enum Timestamps: String, Sendable, Hashable, CaseIterable {
    /// None is later than `SOURCE_DATE_EPOCH`, which is 0 where nobody says otherwise.
    case clamped
    /// As they are.
    case preserve
  }

  /// What a step may ask for.
  package enum Entitlement: String, Sendable, Hashable {
    /// `RUN --security=insecure`.
    case insecure = "security.insecure"
    /// `RUN --network=host`, which is what every step gets here.
    case hostNetwork = "network.host"
  }

  /// Where a secret comes from.
  package enum SecretSource: Sendable, Hashable {
    case file(FilePath)
    case environment(String)
  }

  /// What `--build-context` names.
  package enum NamedContextRequest: Sendable, Hashable {
    case directory(FilePath)
    case image(String)
    case layout(FilePath, name: String?)
    case host
    case git(GitAddress)
    case http(String)
  }
}

/// What a build made.
package struct BuildProduct: Sendable {
  package let descriptor: Descriptor
  /// The digest of the configuration, which Docker calls the image id; nil for an index.
  package let configuration: Digest?
}
