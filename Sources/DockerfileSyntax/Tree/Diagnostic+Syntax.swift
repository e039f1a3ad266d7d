package import Reporting

extension Diagnostic {
  /// A finding as people are told of it, with the lines of the file that it is about.
  package init(_ finding: SyntaxDiagnostic, in source: [UInt8], named file: String) {
    self.init(
      finding.severity == .error ? .error : .warning, finding.message, rule: finding.rule?.name,
      excerpt: SourceExcerpt(file: file, source: source, marking: finding.range)
        .pointing(at: finding.culprit),
      hint: finding.hint)
  }
}

extension SourceExcerpt {
  /// These lines of the file, with some around them. Columns are marked where there is one line.
  package init(file: String, source: [UInt8], marking range: SourceRange) {
    var columns: Range<Int>?
    if let start = range.startColumn, let end = range.endColumn, range.startLine == range.endLine,
      start < end
    {
      // Syntax counts from 0, people from 1.
      columns = start + 1..<end + 1
    }
    self.init(
      file: file, source: source, marking: range.startLine...range.endLine, columns: columns)
  }
}
