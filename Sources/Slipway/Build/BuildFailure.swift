internal import BuildGraph
internal import DockerfileSyntax
internal import Engine
internal import Frontends
internal import OCI
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
  ///
  /// - Parameters:
  ///   - platform: whose build failed, where it is one of several and no step says so.
  ///   - namingStep: whether to name the step that failed, whose label says its platform.
  static func describing(
    _ error: any Error, in source: BuildSource, of platform: Platform? = nil,
    namingStep: Bool = false
  ) -> any Error {
    let notes = platform.map { ["this is the build for `\($0)`"] } ?? []
    switch error {
    case is CancellationError, is BuildFailure: return error
    case let error as FrontendError:
      let diagnostics = error.problems.map { problem in
        var notes = notes
        if source.recipe != nil, case .unresolvedImage = problem.reason {
          notes.append("with `--toolchain host` this machine's own toolchain takes its place")
        }
        return Diagnostic(
          .error, problem.reason.message,
          excerpt: problem.range.map(source.excerpt)?.pointing(at: problem.reason.culprit),
          notes: notes, hint: problem.reason.hint)
      }
      return BuildFailure(diagnostics: diagnostics)
    case let error as EngineError:
      if case .other(let cause) = error.cause, cause is CancellationError { return cause }
      let excerpt = error.vertex.lines.map {
        source.excerpt(lines: $0).pointing(at: error.culprit)
      }
      var diagnostic = Diagnostic(describing: error, excerpt: excerpt)
      let label = error.vertex.label
      if namingStep, !diagnostic.message.contains(label) {
        diagnostic.notes = ["the step is `\(label)`"]
      }
      return BuildFailure(diagnostics: [diagnostic])
    default:
      return BuildFailure(diagnostics: [Diagnostic(describing: error)])
    }
  }
}
