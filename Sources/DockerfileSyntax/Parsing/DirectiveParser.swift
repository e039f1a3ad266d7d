/// Reads the parser directives at the head of a Dockerfile, until the first line that is none.
struct DirectiveParser {
  private(set) var directives = Directives()
  private var isDone = false
  private static let known: Set<String> = ["syntax", "escape", "check"]

  /// Takes a line, already trimmed at its start; true if it is a directive.
  mutating func take(
    _ line: ArraySlice<UInt8>, at range: SourceRange
  ) throws(InstructionError) -> Bool {
    guard !isDone else { return false }
    guard let (key, value) = DirectiveParser.split(line), DirectiveParser.known.contains(key) else {
      isDone = true
      return false
    }
    guard directives.ranges.updateValue(range, forKey: key) == nil else {
      throw InstructionError("only one `\(key)` parser directive can be used")
    }
    switch key {
    case "syntax": directives.syntax = value
    case "escape": directives.escape = try DirectiveParser.escape(value)
    default: directives.check = try CheckDirective.parse(value)
    }
    return true
  }

  /// Splits `# key = value`; the key in lower case.
  private static func split(_ line: ArraySlice<UInt8>) -> (key: String, value: String)? {
    line.first == UInt8(ascii: "#") ? split(content: line.dropFirst()) : nil
  }

  /// Splits `key = value`, a comment without its `#`; the key in lower case.
  static func split(content: ArraySlice<UInt8>) -> (key: String, value: String)? {
    guard let equals = content.firstIndex(of: UInt8(ascii: "=")) else { return nil }
    let key = String(decoding: Whitespace.trimming(content[..<equals]), as: UTF8.self)
    let value = Whitespace.trimming(content[equals...].dropFirst())
    guard let first = key.utf8.first, isLetter(first),
      key.utf8.allSatisfy({ isLetter($0) || (0x30...0x39).contains($0) }), !value.isEmpty
    else { return nil }
    return (key.lowercased(), String(decoding: value, as: UTF8.self))
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte | 0x20)
  }

  private static func escape(_ value: String) throws(InstructionError) -> UInt8 {
    guard value == "\\" || value == "`", let byte = value.utf8.first else {
      throw InstructionError(
        "invalid escape character `\(value)`", hint: "use a backslash or a backquote")
    }
    return byte
  }
}

extension Bool {
  /// Reads a truth value as Go's `strconv.ParseBool` does.
  init?(goText: String) {
    switch goText {
    case "1", "t", "T", "TRUE", "true", "True": self = true
    case "0", "f", "F", "FALSE", "false", "False": self = false
    default: return nil
    }
  }
}
