/// Reads the flags that follow a keyword: words that start with `--`.
struct FlagScanner {
  private static let dash = UInt8(ascii: "-")

  /// The escape character of the Dockerfile.
  let escape: UInt8

  /// The flags, quotes and escape characters taken away, and what follows them. A lone `--` ends
  /// them.
  func scan(_ text: ArraySlice<UInt8>) -> (flags: [Word], rest: ArraySlice<UInt8>) {
    var flags: [Word] = []
    var rest = text
    while true {
      rest = rest.drop(while: Whitespace.isASCII)
      guard rest.first == FlagScanner.dash, rest.dropFirst().first == FlagScanner.dash else {
        return (flags, rest)
      }
      let word = scanWord(rest)
      rest = rest[word.range.upperBound...]
      if word.text == "--" { return (flags, rest) }
      flags.append(word)
    }
  }

  private func scanWord(_ text: ArraySlice<UInt8>) -> Word {
    var word: [UInt8] = []
    var quote: UInt8?
    var index = text.startIndex
    while index < text.endIndex {
      var byte = text[index]
      if quote == nil, Whitespace.isASCII(byte) { break }
      index += 1
      if byte == quote {
        quote = nil
        continue
      }
      if quote == nil, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        quote = byte
        continue
      }
      if byte == escape {
        // At the very end it stands for nothing.
        guard index < text.endIndex else { break }
        byte = text[index]
        index += 1
      }
      word.append(byte)
    }
    return Word(text: String(decoding: word, as: UTF8.self), range: text.startIndex..<index)
  }
}
