/// Cuts arguments into words.
enum WordSplitter {
  /// Cuts at blanks, whatever quotes there are.
  static func atBlanks(_ text: ArraySlice<UInt8>) -> [String] {
    text.split(whereSeparator: Whitespace.isASCII).map { String(decoding: $0, as: UTF8.self) }
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
  static func quoted(_ text: ArraySlice<UInt8>, escape: UInt8) -> [String] {
    var words: [String] = []
    var word: [UInt8] = []
    var isWord = false
    var quote: UInt8?
    var index = text.startIndex

    while index < text.endIndex {
      let byte = text[index]
      let blank = quote == nil ? Whitespace.length(in: text, at: index) : 0
      if blank > 0 {
        if isWord { words.append(String(decoding: word, as: UTF8.self)) }
        word.removeAll(keepingCapacity: true)
        isWord = false
        index += blank
        continue
      }
      index += 1
      if byte == escape, quote != UInt8(ascii: "'") {
        // At the very end it stands for nothing.
        guard index < text.endIndex else { break }
        word.append(byte)
        word.append(text[index])
        isWord = true
        index += 1
        continue
      }
      if quote == byte {
        quote = nil
      } else if quote == nil, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        quote = byte
      }
      word.append(byte)
      isWord = true
    }
    if isWord { words.append(String(decoding: word, as: UTF8.self)) }
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
