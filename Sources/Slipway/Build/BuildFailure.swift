internal import BuildGraph
internal import Engine
internal import Frontends
package import Reporting
internal import Snapshots

/// Why a build failed, in words for people and with their own lines.
package struct BuildFailure: Error, CustomStringConvertible {
  /// Never empty.
  package let diagnostics: [Diagnostic]

  package var description: String {
    diagnostics.map(\.message).joined(separator: "\n")
  }

  /// Puts the line that is to blame beside an error; cancellation stays what it is.
  static func describing(_ error: any Error, in source: BuildSource) -> any Error {
    switch error {
    case is CancellationError, is BuildFailure: return error
    case let error as FrontendError:
      let diagnostics = error.problems.map { problem in
        Diagnostic(
          .error, problem.reason.message, excerpt: problem.range.map(source.excerpt),
          hint: problem.reason.hint)
      }
      return BuildFailure(diagnostics: diagnostics)
    case let error as EngineError:
      if case .other(let cause) = error.cause, cause is CancellationError { return cause }
      let excerpt = error.vertex.lines.map { source.excerpt(lines: $0) }
      return BuildFailure(diagnostics: [Diagnostic(describing: error, excerpt: excerpt)])
    default:
      return BuildFailure(diagnostics: [Diagnostic(describing: error)])
    }
  }
}
