package import BuildGraph
package import Sandbox

/// Why a build failed: always with the step that did.
package struct EngineError: Error, CustomStringConvertible {
  package let vertex: Vertex
  package let cause: Cause

  package enum Cause: Sendable {
    /// The process said no; the last lines of its output.
    case commandFailed(ExitStatus)
    case secretMissing(id: String)
    case sshMissing(id: String)
    case hostUnavailable
    /// `RUN --security=insecure`.
    case securityNotGranted
    /// A stage on this machine's own system cannot become an image.
    case hostNotExportable
    case unsupported(String)
    case other(any Error)
  }

  /// Whether the build would fail in the same way whatever layers it was made on.
  package var isOfTheBuildItself: Bool {
    guard case .other(let error) = cause else { return true }
    return error is FileActionError || error is RemoteSourceError
  }

  /// Names the step to blame for an error; errors that name one already, and cancellation, stay.
  static func wrapping(_ error: any Error, _ vertex: Vertex) -> any Error {
    error is EngineError || error is CancellationError
      ? error : EngineError(vertex: vertex, cause: .other(error))
  }

  /// The word of the Dockerfile that is to blame, where it is one.
  package var culprit: String? {
    switch cause {
    case .other(let error): (error as? FileActionError)?.culprit
    case .secretMissing(let id), .sshMissing(let id): id
    case .securityNotGranted: "--security=insecure"
    default: nil
    }
  }

  /// What a shell says with its exit code, and what helps.
  private static func meaning(of code: Int32) -> String? {
    switch code {
    case 126:
      "; hint: a program was found that may not be executed: look at its mode and its first line"
    case 127:
      "; hint: a command was not found: install it in an earlier step, or look at `PATH`"
    case 128 + 9:
      ", which is 128 and \(name(of: 9)); hint: a process was killed, often because memory ran out"
    case 129...192: ", which is 128 and \(name(of: code - 128))"
    default: nil
    }
  }

  private static func name(of signal: Int32) -> String {
    guard signalNames.indices.contains(Int(signal) - 1) else { return "signal \(signal)" }
    return "signal \(signal) (SIG\(signalNames[Int(signal) - 1]))"
  }

  /// Linux's, from 1.
  private static let signalNames = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
  ]

  package var description: String {
    switch cause {
    case .commandFailed(.exited(let code)):
      "`\(vertex.label)` failed with exit code \(code)" + (Self.meaning(of: code) ?? "")
    case .commandFailed(.signalled(let signal)):
      "`\(vertex.label)` was killed by \(Self.name(of: signal))"
    case .secretMissing(let id):
      "the secret `\(id)` is required and was not given; hint: pass `--secret id=\(id),src=FILE`"
    case .sshMissing(let id):
      "the SSH agent `\(id)` is required and was not given; hint: pass `--ssh \(id)`"
    case .hostUnavailable:
      "this build needs this machine's own system; hint: pass `--toolchain host`"
    case .securityNotGranted:
      "`--security=insecure` asks for all that this user may do, which no step gets unasked; "
        + "hint: pass `--allow security.insecure`"
    case .hostNotExportable:
      "a stage on this machine's own system cannot be shipped; "
        + "hint: copy what is needed into a later stage, such as one `FROM scratch`"
    case .unsupported(let what): "\(what)"
    case .other(let error): "\(error)"
    }
  }
}
