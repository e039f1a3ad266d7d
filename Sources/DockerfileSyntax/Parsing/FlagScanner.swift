/// Reads the flags that follow a keyword: words that start with `--`.
enum FlagScanner {
  private static let dash = UInt8(ascii: "-")

  /// The flags, quotes and backslashes taken away, and what follows them. A lone `--` ends them.
  static func scan(_ text: ArraySlice<UInt8>) -> (flags: [String], rest: ArraySlice<UInt8>) {
    var flags: [String] = []
    var rest = text
    while true {
      rest = rest.drop(while: Whitespace.isASCII)
      guard rest.first == dash, rest.dropFirst().first == dash else { return (flags, rest) }
      let (word, end) = scanWord(rest)
      rest = rest[end...]
      if word == "--" { return (flags, rest) }
      flags.append(word)
    }
  }

  /// One word. Its escape character is the backslash, whatever the Dockerfile's is.
  private static func scanWord(_ text: ArraySlice<UInt8>) -> (word: String, end: Int) {
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
      if byte == UInt8(ascii: "\\") {
        guard index < text.endIndex else { break }
        byte = text[index]
        index += 1
      }
      word.append(byte)
    }
    return (String(decoding: word, as: UTF8.self), index)
  }
}
