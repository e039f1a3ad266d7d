internal import BuildGraph
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

extension SourceExcerpt {
  /// With carets under `word`, where it stands among the lines that are to blame; else under the whole
  /// line, where that is one.
  fileprivate func pointing(at word: String?) -> SourceExcerpt {
    var result = self
    for number in marked {
      guard lines.indices.contains(number - firstLine) else { break }
      let line = Array(lines[number - firstLine].utf8)
      guard let word, let found = line.firstOccurrence(ofWord: Array(word.utf8)) else { continue }
      result.marked = number...number
      result.columns = found.lowerBound + 1..<found.upperBound + 1
      return result
    }
    if columns == nil, marked.count == 1, lines.indices.contains(marked.lowerBound - firstLine) {
      let line = Array(lines[marked.lowerBound - firstLine].utf8)
      let blanks = Array(" \t".utf8)
      let start = line.firstIndex { !blanks.contains($0) }
      let end = line.lastIndex { !blanks.contains($0) }
      if let start, let end { result.columns = start + 1..<end + 2 }
    }
    return result
  }
}

extension [UInt8] {
  /// Where `word` stands by itself: between blanks, quotes and the signs of flags and lists.
  fileprivate func firstOccurrence(ofWord word: [UInt8]) -> Range<Int>? {
    guard !word.isEmpty, count >= word.count else { return nil }
    let signs = Array(" \t=\"',:[]".utf8)
    return (0...count - word.count).lazy.map { $0..<$0 + word.count }.first { range in
      self[range].elementsEqual(word)
        && (range.lowerBound == 0 || signs.contains(self[range.lowerBound - 1]))
        && (range.upperBound == self.count || signs.contains(self[range.upperBound]))
    }
  }
}
