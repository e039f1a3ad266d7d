/// A source file, cut into lines once for all that is shown of it.
package struct SourceText: Sendable, Hashable {
  /// The file as the user would name it.
  package let name: String
  package let bytes: [UInt8]
  /// Where each line begins.
  private let starts: [Int]
  /// Behind the last line; what is behind the last newline of a file is not one.
  private let end: Int

  package init(named name: String, _ bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
    let end = bytes.last == UInt8(ascii: "\n") ? bytes.count - 1 : bytes.count
    var starts = [0]
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") && index < end {
      starts.append(index + 1)
    }
    self.starts = starts
    self.end = end
  }

  /// The marked lines, counted from 1, with two around them; any range will do.
  ///
  /// Where `marked` lies outside of the file, there is a place to name but no line to show.
  ///
  /// - Parameter columns: which bytes of the first marked line are meant, counted from 1.
  package func excerpt(
    marking marked: ClosedRange<Int>, columns: Range<Int>? = nil
  ) -> SourceExcerpt {
    let around = 2
    let first = max(marked.lowerBound, 1 + around) - around
    let last = min(starts.count, min(marked.upperBound, starts.count) + around)
    let isInside = marked.lowerBound <= starts.count && first <= last
    return SourceExcerpt(
      file: name, firstLine: isInside ? first : 1,
      lines: isInside
        ? (first...last).compactMap(line).map { String(decoding: $0, as: UTF8.self) } : [],
      marked: marked, columns: columns)
  }

  /// The bytes of a line, counted from 1, without its end; nil where there is none.
  package func line(_ number: Int) -> ArraySlice<UInt8>? {
    guard starts.indices.contains(number - 1) else { return nil }
    let next = number < starts.count ? starts[number] - 1 : end
    let line = bytes[starts[number - 1]..<next]
    return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
  }
}
