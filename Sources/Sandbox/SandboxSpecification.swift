package import SystemPackage

/// One process and all that it may see: what is not in here is not visible to it.
package struct SandboxSpecification: Sendable {
  package var root: SandboxRoot
  /// Applied in order, after the root and the standard `/proc`, `/dev` and `/sys`.
  package var mounts: [SandboxMount] = []

  /// The command; a first word without a slash is looked up in the `PATH` of `environment`, inside
  /// the root.
  package var arguments: [String]
  /// `NAME=value` strings: the whole environment, nothing is added or inherited.
  package var environment: [String] = []
  /// An absolute path inside the root; what is missing of it is made, and is the
  /// user's.
  package var workingDirectory: FilePath = "/"
  package var user = SandboxUser.root
  package var hostname = "buildkitsandbox"

  package var network = SandboxNetwork.host
  package var capabilities = CapabilitySet.containerDefault
  /// Whether set-user-ID programs and file capabilities lose their effect. Build steps keep them
  /// (`sudo` in a Dockerfile works), `slipway run` does not.
  package var noNewPrivileges = false
  package var seccomp = SandboxSeccomp.containerDefault
  /// Those that are not named are the caller's.
  package var resourceLimits: [ResourceLimit] = []
  package var rootReadOnly = false
  /// Leaves `/proc` and `/sys` as the kernel gives them: nothing masked, nothing read-only. Only
  /// for `--security=insecure`.
  package var unmasked = false
  package var userNamespace = UserNamespace.none

  package var standardInput = InputSource.null
  package var standardOutput = OutputDestination.captured
  package var standardError = OutputDestination.captured
  /// Whether the process leads a session of its own, without a controlling terminal. Keep the
  /// caller's session only for an interactive `run`, where the terminal's signals and job control
  /// must reach it.
  package var ownSession = true

  package init(root: SandboxRoot, arguments: [String]) {
    self.root = root
    self.arguments = arguments
  }
}

/// The file system that becomes `/`.
package enum SandboxRoot: Sendable, Equatable {
  /// Layers, the topmost first, under a directory that takes the writes. `upper` and `work` are
  /// empty directories of one file system, for this run alone. The layers have whiteouts and opaque
  /// marks as overlayfs' `userxattr` option reads them.
  case overlay(lower: [FilePath], upper: FilePath, work: FilePath)
  /// Layers, the topmost first, that nothing can write to.
  case readOnlyOverlay(lower: [FilePath])
  /// A directory as it is.
  case directory(FilePath, readOnly: Bool)
}

/// The numbers a process runs as.
package struct SandboxUser: Sendable, Equatable {
  package static let root = SandboxUser(userID: 0, groupID: 0)

  package var userID: UInt32
  package var groupID: UInt32
  package var supplementaryGroups: [UInt32]

  package init(userID: UInt32, groupID: UInt32, supplementaryGroups: [UInt32] = []) {
    self.userID = userID
    self.groupID = groupID
    self.supplementaryGroups = supplementaryGroups
  }
}

package enum SandboxNetwork: Sendable, Equatable {
  /// The network of the process that runs slipway.
  case host
  /// A network of its own with nothing but the loopback interface, up.
  case none
}

package enum SandboxSeccomp: Sendable, Equatable {
  /// The filter that container engines use by default, for the capabilities of the specification.
  case containerDefault
  case unconfined
}

/// Whether identities inside are those outside.
package enum UserNamespace: Sendable, Equatable {
  /// They are: the caller must be root.
  case none
  case mapped(users: [IdentityMapping], groups: [IdentityMapping])
}

/// A line of `/proc/<pid>/uid_map`.
package struct IdentityMapping: Sendable, Equatable {
  package var inside: UInt32
  package var outside: UInt32
  package var count: UInt32

  package init(inside: UInt32, outside: UInt32, count: UInt32) {
    self.inside = inside
    self.outside = outside
    self.count = count
  }
}

package enum InputSource: Sendable, Equatable {
  /// The sandbox's own `/dev/null`.
  case null
  /// A descriptor of the caller, which stays the caller's to close.
  case descriptor(Int32)
}

package enum OutputDestination: Sendable, Equatable {
  /// Handed to the `output` function of `ProcessSandbox.start`.
  case captured
  /// The sandbox's own `/dev/null`.
  case null
  /// A descriptor of the caller, which stays the caller's to close.
  case descriptor(Int32)
}
