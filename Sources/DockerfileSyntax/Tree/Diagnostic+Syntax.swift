package import Reporting

extension Diagnostic {
  /// A finding as people are told of it, with the lines of the file that it is about.
  package init(_ finding: SyntaxDiagnostic, in source: SourceText) {
    self.init(
      finding.severity == .error ? .error : .warning, finding.message, rule: finding.rule?.name,
      excerpt: source.excerpt(marking: finding.range).pointing(at: finding.culprit),
      hint: finding.hint)
  }
}

extension SourceText {
  /// These lines of the file, with some around them. Columns are marked where there is one line.
  package func excerpt(marking range: SourceRange) -> SourceExcerpt {
    var columns: Range<Int>?
    if let start = range.startColumn, let end = range.endColumn, range.startLine == range.endLine,
      start < end
    {
      // Syntax counts from 0, people from 1.
      columns = start + 1..<end + 1
    }
    return excerpt(marking: range.startLine...range.endLine, columns: columns)
  }
}
