/// Cuts arguments into words.
enum WordSplitter {
  /// Cuts at blanks, whatever quotes there are.
  static func atBlanks(_ text: ArraySlice<UInt8>) -> [Word] {
    text.split(whereSeparator: Whitespace.isASCII).map(Word.init)
  }

  /// Cuts at the first blanks; `rest` is absent if there are none.
  static func keyAndRest(_ text: ArraySlice<UInt8>) -> (key: String, rest: String?) {
    guard let end = text.firstIndex(where: Whitespace.isASCII) else {
      return (String(decoding: text, as: UTF8.self), nil)
    }
    let rest = text[end...].drop(while: Whitespace.isASCII)
    return (
      String(decoding: text[..<end], as: UTF8.self), String(decoding: rest, as: UTF8.self)
    )
  }

  /// Cuts at blanks outside quotes. Quotes and escape characters stay in the words.
  static func quoted(_ text: ArraySlice<UInt8>, escape: UInt8) -> [Word] {
    var words: [Word] = []
    var start: Int?
    var quote: UInt8?
    var index = text.startIndex
    while index < text.endIndex {
      let byte = text[index]
      let blank = quote == nil ? Whitespace.length(in: text, at: index) : 0
      if blank > 0 {
        if let begin = start { words.append(Word(text[begin..<index])) }
        start = nil
        index += blank
        continue
      }
      if byte == escape, quote != UInt8(ascii: "'") {
        // At the very end it stands for nothing.
        guard index + 1 < text.endIndex else { break }
        start = start ?? index
        index += 2
        continue
      }
      start = start ?? index
      index += 1
      if quote == byte {
        quote = nil
      } else if quote == nil, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        quote = byte
      }
    }
    if let begin = start { words.append(Word(text[begin..<index])) }
    return words
  }
}

extension String {
  /// What stands before and after the first `separator`.
  func splitAtFirst(_ separator: Character) -> (before: String, after: String)? {
    guard let byte = separator.asciiValue, let index = utf8.firstIndex(of: byte) else { return nil }
    return (String(self[..<index]), String(self[utf8.index(after: index)...]))
  }

  /// A start short enough for a message.
  var excerpt: String {
    utf8.count <= 120 ? self : String(prefix(80)) + "…"
  }
}
