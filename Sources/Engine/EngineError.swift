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

  package var description: String {
    switch cause {
    case .commandFailed(.exited(let code)): "`\(vertex.label)` failed with exit code \(code)"
    case .commandFailed(.signalled(let signal)):
      "`\(vertex.label)` was killed by signal \(signal)"
    case .secretMissing(let id):
      "the secret `\(id)` is required and was not given; hint: pass `--secret id=\(id),src=FILE`"
    case .sshMissing(let id):
      "the SSH agent `\(id)` is required and was not given; hint: pass `--ssh \(id)`"
    case .hostUnavailable:
      "this build needs this machine's own system; hint: pass `--toolchain host`"
    case .securityNotGranted:
      "`--security=insecure` asks for the rights of the whole machine, which no step gets here; "
        + "hint: leave it out, or run what needs them outside of the build"
    case .hostNotExportable:
      "a stage on this machine's own system cannot be shipped; "
        + "hint: copy what is needed into a later stage, such as one `FROM scratch`"
    case .unsupported(let what): "\(what)"
    case .other(let error): "\(error)"
    }
  }
}
