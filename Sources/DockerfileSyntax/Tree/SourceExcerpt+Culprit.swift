package import Reporting

extension SourceExcerpt {
  /// With carets under `word`, where it stands among the lines that are to blame; else under the whole
  /// line, where that is one. A word `$NAME` is found as `${NAME}` too, whatever follows in the braces.
  package func pointing(at word: String?) -> SourceExcerpt {
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
  /// Where `word` stands by itself: between blanks, quotes and the signs of flags and lists; or as a
  /// variable, if it is one.
  fileprivate func firstOccurrence(ofWord word: [UInt8]) -> Range<Int>? {
    if word.first == UInt8(ascii: "$"), word.count > 1, word.dropFirst().allSatisfy(Self.isOfName) {
      return firstOccurrence(ofVariable: word.dropFirst())
    }
    let signs = Array(" \t=\"',:[]".utf8)
    return firstOccurrence(of: word) { range in
      (range.lowerBound == 0 || signs.contains(self[range.lowerBound - 1]))
        && (range.upperBound == self.count || signs.contains(self[range.upperBound]))
    }
  }

  /// `$NAME`, or `${NAME` and what follows up to the brace.
  private func firstOccurrence(ofVariable name: ArraySlice<UInt8>) -> Range<Int>? {
    func endsName(_ range: Range<Int>) -> Bool {
      range.upperBound == count || !Self.isOfName(self[range.upperBound])
    }
    let plain = firstOccurrence(of: Array("$".utf8) + name, where: endsName)
    let braced = firstOccurrence(of: Array("${".utf8) + name, where: endsName)
    guard let braced, plain.map({ braced.lowerBound < $0.lowerBound }) ?? true else { return plain }
    let end = self[braced.upperBound...].firstIndex(of: UInt8(ascii: "}"))
    return braced.lowerBound..<(end.map { $0 + 1 } ?? braced.upperBound)
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
      || byte == UInt8(ascii: "_")
  }

  private func firstOccurrence(
    of word: [UInt8], where isWanted: (Range<Int>) -> Bool
  ) -> Range<Int>? {
    guard !word.isEmpty, count >= word.count else { return nil }
    return (0...count - word.count).lazy.map { $0..<$0 + word.count }.first { range in
      self[range].elementsEqual(word) && isWanted(range)
    }
  }
}
