/// What a registry wants to see before it answers: a `WWW-Authenticate` field (RFC 9110, 11.6.1).
struct AuthenticationChallenge: Sendable, Hashable {
  /// In lower case, such as `bearer`.
  let scheme: String
  /// Names in lower case.
  let parameters: [String: String]

  /// Reads the challenges of a field's value, or as many as make sense.
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

/// Reads tokens, `name=value` pairs and quoted strings.
private struct Scanner {
  private var rest: Substring

  init(_ text: String) {
    rest = text[...]
  }

  /// A word that no `=` follows.
  mutating func challengeScheme() -> String? {
    skipSeparators()
    let word = rest.prefix(while: Scanner.isTokenCharacter)
    guard !word.isEmpty else { return nil }
    rest = rest.dropFirst(word.count)
    return word.lowercased()
  }

  /// The next `name=value`; nil before another challenge, and at the end.
  mutating func parameter() -> (String, String)? {
    var ahead = self
    ahead.skipSeparators()
    let name = ahead.rest.prefix(while: Scanner.isTokenCharacter)
    guard !name.isEmpty else { return nil }
    ahead.rest = ahead.rest.dropFirst(name.count)
    ahead.skipSpace()
    guard ahead.rest.first == "=" else { return nil }
    ahead.rest.removeFirst()
    ahead.skipSpace()
    guard let value = ahead.value() else { return nil }
    self = ahead
    return (name.lowercased(), value)
  }

  private mutating func value() -> String? {
    guard rest.first == "\"" else {
      let word = rest.prefix { $0 != "," && !$0.isWhitespace }
      rest = rest.dropFirst(word.count)
      return String(word)
    }
    rest.removeFirst()
    var text = ""
    while let character = rest.popFirst() {
      switch character {
      case "\"": return text
      case "\\": if let escaped = rest.popFirst() { text.append(escaped) }
      default: text.append(character)
      }
    }
    return nil
  }

  private mutating func skipSeparators() {
    rest = rest.drop { $0 == "," || $0.isWhitespace }
  }

  private mutating func skipSpace() {
    rest = rest.drop(while: \.isWhitespace)
  }

  private static func isTokenCharacter(_ character: Character) -> Bool {
    character.isASCII
      && (character.isLetter || character.isNumber || "!#$%&'*+-.^_`|~".contains(character))
  }
}
