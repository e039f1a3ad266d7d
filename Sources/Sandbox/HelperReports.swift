import CLinux
package import SystemPackage

/// What the helper reported, as it stands in `linux_sandbox.h`.
package struct HelperReports: Sendable, Equatable {
  /// The wait status of the process.
  package var waitStatus: Int32?
  package var failure: Failure?
  package var providedPaths: [FilePath] = []

  package struct Failure: Sendable, Equatable {
    /// Index of the plan's operation.
    package var operation: Int
    package var errno: Errno
    package var part: UInt32
    package var text: String
  }

  /// Reads reports up to the first that is cut short.
  package init(bytes: [UInt8]) {
    bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      let headerSize = MemoryLayout<slipway_report>.size
      while rest.count >= headerSize {
        let header = UnsafeRawBufferPointer(rebasing: rest)
          .loadUnaligned(as: slipway_report.self)
        rest = rest.dropFirst(headerSize)
        guard rest.count >= Int(header.length) else { return }
        add(header, text: String(decoding: rest.prefix(Int(header.length)), as: UTF8.self))
        rest = rest.dropFirst(Int(header.length))
      }
    }
  }

  private mutating func add(_ report: slipway_report, text: String) {
    switch slipway_report_kind(rawValue: report.kind) {
    case SLIPWAY_REPORT_FAILED where failure == nil:
      failure = Failure(
        operation: Int(report.operation), errno: Errno(rawValue: report.error), part: report.part,
        text: text)
    case SLIPWAY_REPORT_ENDED: waitStatus = report.error
    case SLIPWAY_REPORT_PROVIDED: providedPaths.append(FilePath("/" + text))
    default: break
    }
  }
}

extension ExitStatus {
  /// Decodes a status of `wait(2)`.
  package init(waitStatus: Int32) {
    let signal = waitStatus & 0x7f
    self = signal == 0 ? .exited(waitStatus >> 8 & 0xff) : .signalled(signal)
  }
}

extension SandboxError {
  /// Words for the operation of a plan that failed.
  package init(_ failure: HelperReports.Failure, of plan: SetupPlan) {
    guard plan.operations.indices.contains(failure.operation) else {
      self = .setupFailed(operation: "set the sandbox up", failure.errno)
      return
    }
    let operation = plan.operations[failure.operation]
    let part = slipway_part(rawValue: failure.part)
    switch operation {
    case .namespaces:
      self = .namespacesRefused(failure.errno)
    case .rootOverlay, .rootDirectory:
      self = .rootFailed(failure.errno)
    case .attach(let mount):
      self = Self.attachFailed(mount, failure, part)
    case .mountFileSystem(_, let target, _, _, _):
      self = .mountFailed(target: target, failure.errno)
    case .workingDirectory(let path, _) where failure.errno == .noSuchFileOrDirectory:
      self = .workingDirectoryMissing(path)
    case .workingDirectory(let path, _):
      self = .workingDirectoryUnusable(path, failure.errno)
    case .execute(let arguments, _, _):
      self = Self.executionFailed(arguments.first ?? "", failure, part)
    default:
      self = .setupFailed(operation: operation.purpose, failure.errno)
    }
  }

  private static func attachFailed(
    _ mount: SandboxMount, _ failure: HelperReports.Failure, _ part: slipway_part
  ) -> SandboxError {
    let isMissing = part == SLIPWAY_PART_SOURCE && failure.errno == .noSuchFileOrDirectory
    return isMissing
      ? .mountSourceMissing(FilePath(failure.text))
      : .mountFailed(target: mount.target, failure.errno)
  }

  private static func executionFailed(
    _ command: String, _ failure: HelperReports.Failure, _ part: slipway_part
  ) -> SandboxError {
    if part == SLIPWAY_PART_INTERPRETER {
      return .interpreterNotFound(command: command, interpreter: failure.text)
    }
    return switch failure.errno {
    case .noSuchFileOrDirectory, .notDirectory: .commandNotFound(command)
    case .permissionDenied: .notExecutable(command)
    case .execFormatError: .wrongFormat(command)
    default: .setupFailed(operation: "execute `\(command)`", failure.errno)
    }
  }
}
