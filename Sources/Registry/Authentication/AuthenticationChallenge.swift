/// What a registry wants to see before it answers: a `WWW-Authenticate` field (RFC 9110, 11.6.1).
struct AuthenticationChallenge: Sendable, Hashable {
  /// In lower case, such as `bearer`.
  let scheme: String
  /// Names in lower case.
  let parameters: [String: String]

  /// Reads the challenges of a field's value, or as many as make sense; linear in its length.
  ///
  ///     Bearer realm="https://auth.example.com/token",service="registry",scope="repository:a:pull"
  static func read(_ text: String) -> [AuthenticationChallenge] {
    var scanner = Scanner(text)
    var challenges: [AuthenticationChallenge] = []
    while let scheme = scanner.challengeScheme() {
      var parameters: [String: String] = [:]
      while let (name, value) = scanner.parameter() { parameters[name] = value }
      challenges.append(AuthenticationChallenge(scheme: scheme, parameters: parameters))
    }
    return challenges
  }
}

/// Reads tokens, `name=value` pairs and quoted strings, each byte a bounded number of times.
private struct Scanner {
  private var rest: Substring.UTF8View

  init(_ text: String) {
    rest = text[...].utf8
  }

  /// A word that no `=` follows. What is no word, such as the Base64 of other schemes, is skipped up to
  /// the next comma.
  mutating func challengeScheme() -> String? {
    skipSeparators()
    while let byte = rest.first, !Scanner.isTokenCharacter(byte) {
      rest = rest.drop { $0 != UInt8(ascii: ",") }
      skipSeparators()
    }
    let word = rest.prefix(while: Scanner.isTokenCharacter)
    guard !word.isEmpty else { return nil }
    rest = rest.dropFirst(word.count)
    return String(Substring(word)).lowercased()
  }

  /// The next `name=value`; nil before another challenge, and at the end.
  mutating func parameter() -> (String, String)? {
    var ahead = self
    ahead.skipSeparators()
    let name = ahead.rest.prefix(while: Scanner.isTokenCharacter)
    guard !name.isEmpty else { return nil }
    ahead.rest = ahead.rest.dropFirst(name.count)
    ahead.skipSpace()
    guard ahead.rest.first == UInt8(ascii: "=") else { return nil }
    ahead.rest.removeFirst()
    ahead.skipSpace()
    let value = ahead.value()
    self = ahead
    return value.map { (String(Substring(name)).lowercased(), $0) }
  }

  /// Nil for a quoted string without an end, after which there is nothing.
  private mutating func value() -> String? {
    guard rest.first == UInt8(ascii: "\"") else {
      let word = rest.prefix { $0 != UInt8(ascii: ",") && !Scanner.isSpace($0) }
      rest = rest.dropFirst(word.count)
      return String(Substring(word))
    }
    rest.removeFirst()
    var text: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): if let escaped = rest.popFirst() { text.append(escaped) }
      default: text.append(byte)
      }
    }
    return nil
  }

  private mutating func skipSeparators() {
    rest = rest.drop { $0 == UInt8(ascii: ",") || Scanner.isSpace($0) }
  }

  private mutating func skipSpace() {
    rest = rest.drop(while: Scanner.isSpace)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  private static func isTokenCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
