package import OCI

/// What a vertex does. Every operation makes one file-system state.
package enum Operation: Hashable, Sendable {
  /// A state that comes from outside; it has no inputs.
  case source(Source)
  /// A process that runs in input 0 and may write to it; further inputs are mounted.
  case execute(Execution)
  /// Files that are put on top of input 0; further inputs are copied from.
  case file([FileAction])
  /// The layers of all inputs, stacked in order (`COPY --link`).
  case merge
}

/// Where a state comes from.
package enum Source: Hashable, Sendable {
  /// An empty file system.
  case scratch
  /// An image, pinned by the digest of its manifest for one platform.
  case image(ImageSource)
  /// The files of a local directory, by the name of the build context (`""` is the main one).
  case context(ContextSource)
  /// This machine's own system and toolchain, read-only (`host:`).
  case host
  /// A file from an HTTP server.
  case http(HTTPSource)
  /// The files of a commit.
  case git(GitSource)
  /// A file that came with the request.
  case upload(UploadSource)
}

/// A pinned image.
package struct ImageSource: Hashable, Sendable {
  /// As it was written, for people and provenance; not part of the key.
  package var reference: String
  package var descriptor: Descriptor

  package init(reference: String, descriptor: Descriptor) {
    self.reference = reference
    self.descriptor = descriptor
  }
}

/// A local directory. Its state has no key of its own: what is read from it is keyed by content.
package struct ContextSource: Hashable, Sendable {
  package var name: String

  package init(name: String) {
    self.name = name
  }
}

/// A `RUN` instruction (docs.docker.com/reference/dockerfile, "RUN").
package struct Execution: Hashable, Sendable {
  package var arguments: [String]
  /// `NAME=value`, in order.
  package var environment: [String]
  /// Proxy settings and the like: given to the process, not part of the key.
  package var unkeyedEnvironment: [String] = []
  package var workingDirectory: String
  /// As in `USER`: `name`, `uid`, `name:group`, `uid:gid`; nil is root.
  package var user: String?
  package var network: NetworkMode = .sandbox
  package var security: SecurityMode = .sandbox
  package var mounts: [ExecutionMount] = []
  /// Extra lines of `/etc/hosts`: name and address; the addresses are not part of the key.
  package var extraHosts: [ExtraHost] = []
  /// What the machine is called; nil is `buildkitsandbox`.
  package var hostname: String?
  package var platform: Platform

  package init(
    arguments: [String], environment: [String], workingDirectory: String, platform: Platform
  ) {
    self.arguments = arguments
    self.environment = environment
    self.workingDirectory = workingDirectory
    self.platform = platform
  }
}

/// `RUN --network`. `sandbox` is Docker's `default`.
package enum NetworkMode: String, Hashable, Sendable {
  case sandbox, none, host
}

/// `RUN --security`.
package enum SecurityMode: String, Hashable, Sendable {
  case sandbox, insecure
}

/// A line of `/etc/hosts`.
package struct ExtraHost: Hashable, Sendable {
  package var name: String
  package var address: String

  package init(name: String, address: String) {
    self.name = name
    self.address = address
  }
}

/// `RUN --mount`.
package struct ExecutionMount: Hashable, Sendable {
  /// Absolute, cleaned.
  package var target: String
  package var kind: Kind

  package init(target: String, kind: Kind) {
    self.target = target
    self.kind = kind
  }

  package enum Kind: Hashable, Sendable {
    case bind(BindMount)
    case cache(CacheMount)
    case secret(SecretMount)
    case ssh(SSHMount)
    /// `size` in bytes; nil is the kernel's default.
    case tmpfs(size: Int64?)
    /// A file that the build makes (a heredoc script), read-only.
    case file(contents: [UInt8], mode: UInt16)
  }
}

/// Part of an input, seen at the target. Writes to a writable one are discarded.
package struct BindMount: Hashable, Sendable {
  /// Index into the vertex's inputs.
  package var input: Int
  /// Path in the input, cleaned, absolute.
  package var source: String
  package var writable: Bool

  package init(input: Int, source: String, writable: Bool) {
    self.input = input
    self.source = source
    self.writable = writable
  }
}

/// A folder that is kept between builds.
package struct CacheMount: Hashable, Sendable {
  /// The folder's name; `explicitID` tells whether the Dockerfile gave it.
  package var id: String
  package var explicitID: Bool
  package var sharing: Sharing
  /// What a new folder is filled with: index into the vertex's inputs, and a path in it.
  package var seed: BindMount?
  package var mode: UInt16
  package var userID: UInt32
  package var groupID: UInt32
  package var readOnly: Bool

  package init(
    id: String, explicitID: Bool, sharing: Sharing = .shared, seed: BindMount? = nil,
    mode: UInt16 = 0o755, userID: UInt32 = 0, groupID: UInt32 = 0, readOnly: Bool = false
  ) {
    self.id = id
    self.explicitID = explicitID
    self.sharing = sharing
    self.seed = seed
    self.mode = mode
    self.userID = userID
    self.groupID = groupID
    self.readOnly = readOnly
  }

  package enum Sharing: String, Hashable, Sendable {
    case shared, `private`, locked
  }
}

/// A secret as a file, an environment variable, or both. Its value is in no key.
package struct SecretMount: Hashable, Sendable {
  package var id: String
  package var required: Bool
  package var mode: UInt16
  package var userID: UInt32
  package var groupID: UInt32
  /// The variable that carries it; nil for none.
  package var environmentName: String?
  /// Whether there is a file at the target.
  package var asFile: Bool

  package init(
    id: String, required: Bool = false, mode: UInt16 = 0o400, userID: UInt32 = 0,
    groupID: UInt32 = 0, environmentName: String? = nil, asFile: Bool = true
  ) {
    self.id = id
    self.required = required
    self.mode = mode
    self.userID = userID
    self.groupID = groupID
    self.environmentName = environmentName
    self.asFile = asFile
  }
}

/// A forwarded SSH agent.
package struct SSHMount: Hashable, Sendable {
  package var id: String
  package var required: Bool
  package var mode: UInt16
  package var userID: UInt32
  package var groupID: UInt32

  package init(
    id: String, required: Bool = false, mode: UInt16 = 0o600, userID: UInt32 = 0,
    groupID: UInt32 = 0
  ) {
    self.id = id
    self.required = required
    self.mode = mode
    self.userID = userID
    self.groupID = groupID
  }
}

extension ExecutionMount {
  /// What of an input is seen at the target; for caches, what they are filled with at first.
  package var inputMount: BindMount? {
    switch kind {
    case .bind(let bind): bind
    case .cache(let cache): cache.seed
    case .secret, .ssh, .tmpfs, .file: nil
    }
  }
}
