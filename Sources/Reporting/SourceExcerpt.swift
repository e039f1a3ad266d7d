/// The lines of a source file that a diagnostic is about, with some around them.
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

  /// Shows lines that have been cut out already.
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

  /// Cuts the marked lines out of `source`, with two around them; any range will do.
  ///
  /// Where `marked` lies outside of `source`, there is a place to name but no line to show.
  package init(
    file: String, source: some BidirectionalCollection<UInt8>, marking marked: ClosedRange<Int>,
    columns: Range<Int>? = nil
  ) {
    self.init(file: file, firstLine: 1, lines: [], marked: marked, columns: columns)
    let around = 2
    let first = max(1, marked.lowerBound.clampedSubtracting(around))
    let last = marked.upperBound.clampedAdding(around)
    var number = 0
    var shown: [String] = []
    // What is behind the last newline of a file is not a line.
    var rest = source.last == UInt8(ascii: "\n") ? source.dropLast() : source[...]
    while number < last {
      let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
      number += 1
      if number >= first {
        let line = rest[..<end]
        let ending = line.last == UInt8(ascii: "\r") ? 1 : 0
        shown.append(String(decoding: line.dropLast(ending), as: UTF8.self))
      }
      guard end < rest.endIndex else { break }
      rest = rest[rest.index(after: end)...]
    }
    guard number >= marked.lowerBound else { return }
    firstLine = first
    lines = shown
  }
}

extension Int {
  fileprivate func clampedAdding(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  fileprivate func clampedSubtracting(_ other: Int) -> Int {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? .min : difference
  }
}
