/// Reads the parser directives at the head of a Dockerfile, until the first line that is none.
///
/// BuildKit reads them twice: for `escape` as the parser does, which takes blanks in front of a `#`;
/// and for `syntax` and `check` by themselves, which skips a first line that starts with `#!`.
struct DirectiveParser {
  private(set) var directives = Directives()
  private var seen: Set<String> = []
  private var isDone = false
  private var isDoneWithOthers = false

  /// Takes a line without its end. True if it is a directive, and so no comment.
  mutating func take(_ line: ArraySlice<UInt8>, at range: SourceRange) throws(InstructionError)
    -> Bool
  {
    if isDone && isDoneWithOthers { return false }
    if range.startLine == 1, line.starts(with: [UInt8(ascii: "#"), UInt8(ascii: "!")]) {
      isDone = true
      return false
    }
    let content = Whitespace.trimmingStart(line)
    let directive = Directive(content)
    if directive == nil || content.startIndex > line.startIndex { isDoneWithOthers = true }
    guard let directive else {
      isDone = true
      return false
    }
    let isNew = seen.insert(directive.key).inserted
    if !isDone {
      guard isNew else {
        throw InstructionError("only one `\(directive.key)` parser directive can be used")
      }
      directives.ranges[directive.key] = range
      if directive.key == "escape" {
        directives.escape = try DirectiveParser.escape(directive.value)
      }
    }
    if !isNew { isDoneWithOthers = true }
    if !isDoneWithOthers { try takeOther(directive, at: range) }
    return !isDone
  }

  /// Of `syntax` and `check` the first word counts.
  private mutating func takeOther(
    _ directive: Directive, at range: SourceRange
  ) throws(InstructionError) {
    let word = directive.value.splitAtFirst(" ")?.before ?? directive.value
    directives.ranges[directive.key] = range
    switch directive.key {
    case "syntax": directives.syntax = word
    case "check": directives.check = try CheckDirective.parse(word)
    default: break
    }
  }

  private static func escape(_ value: String) throws(InstructionError) -> UInt8 {
    guard value == "\\" || value == "`", let byte = value.utf8.first else {
      throw InstructionError(
        "invalid escape character `\(value.excerpt)`", hint: "use a backslash or a backquote")
    }
    return byte
  }
}

/// A line such as `# key = value`, its key in lower case and one of those that are known.
struct Directive {
  var key: String
  var value: String

  private static let known: Set<String> = ["syntax", "escape", "check"]

  /// Reads a line.
  init?(_ line: ArraySlice<UInt8>) {
    guard line.first == UInt8(ascii: "#") else { return nil }
    self.init(comment: line.dropFirst())
  }

  /// Reads what stands behind the `#`.
  init?(comment: ArraySlice<UInt8>) {
    let text = Whitespace.trimmingStart(comment)
    let name = text.prefix { Directive.isLetter($0) || (0x30...0x39).contains($0) }
    let rest = text[name.endIndex...].drop(while: Directive.isBlank)
    guard rest.first == UInt8(ascii: "=") else { return nil }
    // A value of nothing but blanks is the last one of them.
    let after = rest.dropFirst()
    var value = after.drop(while: Directive.isBlank)
    while let last = value.last, Directive.isBlank(last) { value.removeLast() }
    if value.isEmpty { value = after.suffix(1) }
    key = String(decoding: name, as: UTF8.self).lowercased()
    self.value = String(decoding: value, as: UTF8.self)
    guard Directive.known.contains(key), !value.isEmpty else { return nil }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte | 0x20)
  }

  /// A blank of Go's regular expressions.
  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0C || byte == 0x0D
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
