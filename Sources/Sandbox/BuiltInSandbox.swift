import CLinux
package import SystemPackage

/// Slipway's own sandbox: namespaces, `pivot_root`, capabilities and seccomp, set up by a small C
/// helper that this executable becomes when it is started under another name.
///
/// The specification becomes a `SetupPlan`, the plan is passed in a file in memory, and the helper
/// carries it out before any Swift code of the new process runs. Reports come back over a pipe; a
/// socket carries signals to the helper and, by being closed, the order to kill everything.
package struct BuiltInSandbox: ProcessSandbox {
  private let helperExecutable: FilePath
  private let legacyOverlay: Bool

  /// - Parameters:
  ///   - helperExecutable: an executable that links the module `CLinux`; this one by default.
  ///   - legacyOverlay: mounts overlays as kernels before 6.5 need it; found out by default.
  package init(helperExecutable: FilePath? = nil, legacyOverlay: Bool = false) {
    self.helperExecutable = helperExecutable ?? Self.ownExecutable
    self.legacyOverlay = legacyOverlay
  }

  /// This executable, on a read-only mount of its own where the kernel lets us: whatever the helper
  /// becomes, it cannot overwrite slipway through `/proc/self/exe` (CVE-2019-5736).
  private static let ownExecutable: FilePath = {
    let descriptor = slipway_sandbox_read_only_self()
    return descriptor < 0 ? "/proc/self/exe" : FilePath("/proc/self/fd/\(descriptor)")
  }()

  package func start(
    _ specification: SandboxSpecification,
    output: @escaping @Sendable (OutputStream, [UInt8]) -> Void
  ) throws -> any RunningProcess {
    let plan = try SetupPlan(specification, legacyOverlay: legacyOverlay)
    var descriptors = LaunchDescriptors()
    defer { descriptors.closeAll() }
    do {
      try descriptors.open(for: specification, plan: plan.encoded)
      let pid = try spawn(with: descriptors)
      let process = HelperProcess(
        pid: pid, plan: plan, control: try descriptors.keep(\.control))
      let pump = OutputPump(
        standardOutput: try descriptors.keepIfOpen(\.outputReader),
        standardError: try descriptors.keepIfOpen(\.errorReader),
        status: try descriptors.keep(\.statusReader))
      do {
        try startThread { process.finish(with: pump.drain(to: output)) }
      } catch {
        process.kill()
        process.finish(with: pump.drain(to: output))
        throw error
      }
      return process
    } catch let errno as Errno {
      throw SandboxError.setupFailed(operation: "start the sandbox's helper", errno)
    }
  }

  private func spawn(with descriptors: LaunchDescriptors) throws(Errno) -> pid_t {
    var pid: pid_t = 0
    let standard = descriptors.standard.map(\.rawValue)
    let error = helperExecutable.withPlatformString { executable in
      slipway_sandbox_spawn(
        executable, standard, descriptors.plan.rawValue, descriptors.statusWriter.rawValue,
        descriptors.helperControl.rawValue, &pid)
    }
    guard error == 0 else { throw Errno(rawValue: error) }
    return pid
  }
}

/// The descriptors of one launch, all close-on-exec. Those not kept are closed at its end.
private struct LaunchDescriptors {
  private var owned: [FileDescriptor] = []
  private(set) var standard: [FileDescriptor] = []
  private(set) var plan = closed
  private(set) var statusReader = closed
  private(set) var statusWriter = closed
  private(set) var helperControl = closed
  private(set) var control = closed
  private(set) var outputReader = closed
  private(set) var errorReader = closed

  private static let closed = FileDescriptor(rawValue: -1)

  mutating func open(for specification: SandboxSpecification, plan bytes: [UInt8]) throws {
    plan = try own(slipway_memory_file("slipway-plan"))
    try plan.writeAll(bytes)
    (statusReader, statusWriter) = try pipe()
    (helperControl, control) = try pair(slipway_socket_pair)
    switch specification.standardInput {
    case .null: standard.append(try null())
    case .descriptor(let descriptor): standard.append(FileDescriptor(rawValue: descriptor))
    }
    outputReader = try add(specification.standardOutput)
    errorReader = try add(specification.standardError)
  }

  /// Adds an output stream and returns the end to read it from, if it is captured.
  private mutating func add(_ destination: OutputDestination) throws -> FileDescriptor {
    switch destination {
    case .captured:
      let (reader, writer) = try pipe()
      standard.append(writer)
      return reader
    case .null:
      standard.append(try null())
    case .descriptor(let descriptor):
      standard.append(FileDescriptor(rawValue: descriptor))
    }
    return Self.closed
  }

  private mutating func own(_ raw: Int32) throws(Errno) -> FileDescriptor {
    guard raw >= 0 else { throw Errno.current }
    let descriptor = FileDescriptor(rawValue: raw)
    owned.append(descriptor)
    return descriptor
  }

  /// The helper replaces it by the sandbox's own.
  private mutating func null() throws -> FileDescriptor {
    let descriptor = try FileDescriptor.open("/dev/null", .readWrite, options: .closeOnExec)
    owned.append(descriptor)
    return descriptor
  }

  private mutating func pipe() throws(Errno) -> (FileDescriptor, FileDescriptor) {
    try pair(slipway_pipe)
  }

  private mutating func pair(
    _ make: (UnsafeMutablePointer<Int32>?) -> Int32
  ) throws(Errno) -> (FileDescriptor, FileDescriptor) {
    var ends: [Int32] = [-1, -1]
    guard make(&ends) == 0 else { throw Errno.current }
    return (try own(ends[0]), try own(ends[1]))
  }

  /// Hands a descriptor over to the caller.
  mutating func keep(_ path: KeyPath<LaunchDescriptors, FileDescriptor>) throws -> FileDescriptor {
    let descriptor = self[keyPath: path]
    owned.removeAll { $0 == descriptor }
    return descriptor
  }

  mutating func keepIfOpen(
    _ path: KeyPath<LaunchDescriptors, FileDescriptor>
  ) throws -> FileDescriptor? {
    guard self[keyPath: path] != Self.closed else { return nil }
    return try keep(path)
  }

  mutating func closeAll() {
    for descriptor in owned { try? descriptor.close() }
    owned = []
  }
}
