import CLinux
package import SystemPackage

/// Everything that will be done to start a process, in order. A plan is a pure function of a
/// specification: it can be looked at, compared and tested without doing any of it.
package struct SetupPlan: Sendable, Equatable {
  package var operations: [SetupOperation]

  /// - Parameter legacyOverlay: mounts overlays as kernels before 6.5 need it.
  /// - Throws: `SandboxError.invalidSpecification`.
  package init(
    _ specification: SandboxSpecification, legacyOverlay: Bool = false
  ) throws(SandboxError) {
    try Self.check(specification)
    operations = [
      Self.namespaces(of: specification),
      Self.root(of: specification, legacyOverlay: legacyOverlay),
    ]
    operations += Self.standardFileSystems(of: specification)
    operations += specification.mounts.map(SetupOperation.attach)
    if !specification.unmasked {
      operations += Self.maskedPaths.map(SetupOperation.mask)
      operations += Self.readOnlyPaths.map(SetupOperation.makeReadOnly)
    }
    if specification.isRootSealed { operations.append(.sealRoot) }
    operations.append(.enterRoot)
    operations.append(.hostname(specification.hostname))
    if specification.network == .none { operations.append(.loopbackUp) }
    operations.append(.standardStreams(of: specification))
    operations += specification.resourceLimits.map(SetupOperation.resourceLimit)
    // Before the user changes, as runc does it: `USER app` after `WORKDIR /root` works.
    operations.append(
      .workingDirectory(specification.workingDirectory, owner: specification.user))
    operations += Self.identity(of: specification)
    operations.append(
      .execute(
        arguments: specification.arguments, environment: specification.environment,
        searchPath: specification.searchPath))
    guard operations.count <= Int(SLIPWAY_PLAN_MAX_OPERATIONS) else {
      throw .invalidSpecification("it has too many mounts")
    }
  }

  /// The plan as the helper reads it.
  package var encoded: [UInt8] {
    var encoder = PlanEncoder()
    for operation in operations { operation.encode(into: &encoder) }
    return encoder.bytes
  }
}

// MARK: - Parts

extension SetupPlan {
  private static func namespaces(of specification: SandboxSpecification) -> SetupOperation {
    var flags: Namespaces = [.mount, .process, .ipc, .hostname, .cgroup]
    if specification.network == .none { flags.insert(.network) }
    var maps = (users: "", groups: "")
    if case .mapped(let users, let groups) = specification.userNamespace {
      flags.insert(.user)
      maps = (users.map(\.line).joined(), groups.map(\.line).joined())
    }
    return .namespaces(
      flags: flags.rawValue, ownSession: specification.ownSession, userMap: maps.users,
      groupMap: maps.groups)
  }

  private static func root(
    of specification: SandboxSpecification, legacyOverlay: Bool
  ) -> SetupOperation {
    switch specification.root {
    case .overlay(let lower, let upper, let work):
      .rootOverlay(
        layers: lower, scratch: OverlayScratch(upper: upper, work: work), legacyMount: legacyOverlay
      )
    case .readOnlyOverlay(let lower):
      .rootOverlay(layers: lower, scratch: nil, legacyMount: legacyOverlay)
    case .directory(let path, _):
      .rootDirectory(path)
    }
  }

  /// What the OCI runtime specification and its implementations give every Linux container.
  private static func standardFileSystems(
    of specification: SandboxSpecification
  ) -> [SetupOperation] {
    // A user namespace need not have the group `tty`.
    let terminalGroup = specification.userNamespace == .none ? ["gid=5"] : []
    let sysAttributes: MountAttributes =
      specification.unmasked ? hardened : hardened.union(.readOnly)
    return [
      .mountFileSystem(
        type: "proc", target: "/proc", attributes: hardened, options: [], fallback: nil),
      .mountFileSystem(
        type: "tmpfs", target: "/dev",
        attributes: [.noSetUserID, .noDevices, .strictAccessTime],
        options: ["mode=0755", "size=65536k"], fallback: nil),
      .mountFileSystem(
        type: "devpts", target: "/dev/pts", attributes: [.noSetUserID, .noExecute],
        options: ["ptmxmode=0666", "mode=0620"] + terminalGroup, fallback: nil),
      .mountFileSystem(
        type: "tmpfs", target: "/dev/shm", attributes: hardened,
        options: ["mode=1777", "size=65536k"], fallback: nil),
      .mountFileSystem(
        type: "mqueue", target: "/dev/mqueue", attributes: hardened, options: [], fallback: nil),
      .mountFileSystem(
        type: "sysfs", target: "/sys", attributes: sysAttributes, options: [], fallback: "/sys"),
      .mountFileSystem(
        type: "cgroup2", target: "/sys/fs/cgroup", attributes: sysAttributes, options: [],
        fallback: "/sys/fs/cgroup"),
    ] + devices + deviceLinks
  }

  private static let hardened: MountAttributes = [.noSetUserID, .noDevices, .noExecute]

  /// Numbers from the kernel's `devices.txt`.
  private static let devices: [SetupOperation] = [
    .device(name: "null", major: 1, minor: 3),
    .device(name: "zero", major: 1, minor: 5),
    .device(name: "full", major: 1, minor: 7),
    .device(name: "random", major: 1, minor: 8),
    .device(name: "urandom", major: 1, minor: 9),
    .device(name: "tty", major: 5, minor: 0),
  ]

  private static let deviceLinks: [SetupOperation] = [
    .symlink(path: "/dev/ptmx", value: "pts/ptmx"),
    .symlink(path: "/dev/fd", value: "/proc/self/fd"),
    .symlink(path: "/dev/stdin", value: "/proc/self/fd/0"),
    .symlink(path: "/dev/stdout", value: "/proc/self/fd/1"),
    .symlink(path: "/dev/stderr", value: "/proc/self/fd/2"),
    .symlink(path: "/dev/core", value: "/proc/kcore"),
  ]

  /// What Docker hides of the kernel: keys, addresses and timings of the host.
  package static let maskedPaths: [FilePath] = [
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
    "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
    "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
  ]

  package static let readOnlyPaths: [FilePath] = [
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
  ]

  /// The order matters. Installing a filter takes CAP_SYS_ADMIN or the promise of no new
  /// privileges: without the promise, the filter comes while the helper still has the capability;
  /// with it, last, so that it need not allow what the steps before it do.
  private static func identity(of specification: SandboxSpecification) -> [SetupOperation] {
    var filter: [SetupOperation] = []
    if specification.seccomp == .containerDefault {
      filter = [.seccomp(SeccompProfile.containerDefault(for: specification.capabilities))]
    }
    let identity: [SetupOperation] = [
      .credentials(specification.user), .capabilities(specification.capabilities),
    ]
    let bounding: [SetupOperation] = [.boundingSet(specification.capabilities)]
    return specification.noNewPrivileges
      ? bounding + identity + [.noNewPrivileges] + filter
      : bounding + filter + identity
  }
}

/// `CLONE_NEW*` of `clone(2)`.
private struct Namespaces: OptionSet {
  let rawValue: UInt32

  static let mount = Namespaces(rawValue: 0x0002_0000)
  static let cgroup = Namespaces(rawValue: 0x0200_0000)
  static let hostname = Namespaces(rawValue: 0x0400_0000)
  static let ipc = Namespaces(rawValue: 0x0800_0000)
  static let user = Namespaces(rawValue: 0x1000_0000)
  static let process = Namespaces(rawValue: 0x2000_0000)
  static let network = Namespaces(rawValue: 0x4000_0000)
}

extension IdentityMapping {
  fileprivate var line: String { "\(inside) \(outside) \(count)\n" }
}

extension SetupOperation {
  fileprivate static func standardStreams(of specification: SandboxSpecification) -> SetupOperation
  {
    var nulls: UInt32 = 0
    if specification.standardInput == .null { nulls |= 1 << 0 }
    if specification.standardOutput == .null { nulls |= 1 << 1 }
    if specification.standardError == .null { nulls |= 1 << 2 }
    return .standardStreams(nulls: nulls, userID: specification.user.userID)
  }
}

extension SandboxSpecification {
  fileprivate var isRootSealed: Bool {
    if case .directory(_, readOnly: true) = root { return true }
    return rootReadOnly
  }

  /// The last `PATH` of the environment; a process without one still finds its command.
  fileprivate var searchPath: String {
    environment.last { $0.hasPrefix("PATH=") }.map { String($0.dropFirst("PATH=".count)) }
      ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  }
}

// MARK: - Checks

extension SetupPlan {
  private static func check(_ specification: SandboxSpecification) throws(SandboxError) {
    guard let command = specification.arguments.first, !command.isEmpty else {
      throw .invalidSpecification("it has no command")
    }
    for string in specification.arguments + specification.environment + [specification.hostname] {
      guard !string.utf8.contains(0) else {
        throw .invalidSpecification("an argument or variable contains a NUL byte")
      }
    }
    guard specification.hostname.utf8.count <= 64 else {
      throw .invalidSpecification("the host name is longer than 64 bytes")
    }
    guard specification.workingDirectory.isAbsolute else {
      throw .invalidSpecification(
        "the working directory `\(specification.workingDirectory)` is not absolute")
    }
    switch specification.root {
    case .overlay(let lower, _, _), .readOnlyOverlay(let lower):
      try check(layers: lower)
    case .directory: break
    }
    for mount in specification.mounts { try check(mount) }
  }

  private static func check(_ mount: SandboxMount) throws(SandboxError) {
    let target = mount.target.lexicallyNormalized()
    guard target.isAbsolute, !target.components.isEmpty else {
      throw .invalidSpecification("nothing can be mounted at `\(mount.target)`")
    }
    switch mount.content {
    case .layers(let layers, _, _): try check(layers: layers)
    case .bind(nil, let path, _) where !path.isAbsolute:
      throw .invalidSpecification("the source `\(path)` of a mount is not absolute")
    default: break
    }
  }

  private static func check(layers: [FilePath]) throws(SandboxError) {
    guard layers.count <= Int(SLIPWAY_MAX_LAYERS) - 2 else {
      throw .invalidSpecification("\(layers.count) layers are more than overlayfs can stack")
    }
  }
}
