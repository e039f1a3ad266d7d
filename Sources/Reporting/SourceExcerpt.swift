/// The lines of a source file that a diagnostic is about, with some around them; ``SourceText`` cuts them
/// out.
package struct SourceExcerpt: Sendable, Equatable {
  /// The file as the user would name it.
  package var file: String
  /// The number of the first of `lines`; the first line of a file is 1.
  package var firstLine: Int
  /// The lines to show, without their ends.
  package var lines: [String]
  /// The numbers of the lines that the diagnostic is about.
  package var marked: ClosedRange<Int>
  /// Which bytes of the first marked line it is about, counted from 1; nil where unknown.
  package var columns: Range<Int>?

  package init(
    file: String, firstLine: Int, lines: [String], marked: ClosedRange<Int>,
    columns: Range<Int>? = nil
  ) {
    self.file = file
    self.firstLine = firstLine
    self.lines = lines
    self.marked = marked
    self.columns = columns
  }
}
