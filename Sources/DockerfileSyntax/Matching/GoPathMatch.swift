/// Matches paths as Go's `filepath.Match` does: the wildcards of `COPY`.
package enum GoPathMatch {
  /// Whether the whole path matches. `*` and `?` never match `/`.
  package static func matches(
    pattern: String, path: String
  ) throws(PatternError) -> Bool {
    try GoPathPattern(pattern).matches(Array(path.utf8))
  }

  /// Whether the text has a wildcard that is not escaped: what makes `COPY` look for matches.
  package static func containsWildcard(_ text: String) -> Bool {
    var isEscaped = false
    for byte in text.utf8 {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if "*?[".utf8.contains(byte) {
        return true
      }
    }
    return false
  }

  /// A pattern that matches exactly this name, and is the name itself where that has no wildcard.
  package static func quoting(_ name: String) -> String {
    guard name.utf8.contains(where: { "*?[".utf8.contains($0) }) else { return name }
    return name.reduce(into: "") { pattern, character in
      switch character {
      case "*", "?", "[": pattern += "[\(character)]"
      case "\\": pattern += "\\\\"
      default: pattern.append(character)
      }
    }
  }
}

/// A pattern of Go's `filepath.Match`, compiled: `*`, `?`, `[a-z]`, `[^a-z]` and `\x`.
package struct GoPathPattern: Hashable, Sendable {
  enum Token: Hashable {
    case byte(UInt8)
    case one
    case many
    case oneOf(CharacterClass)
  }

  let tokens: [Token]

  /// Compiles a pattern.
  package init(_ pattern: String) throws(PatternError) {
    var tokens: [Token] = []
    var rest = Array(pattern.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "*"): tokens.append(.many)
      case UInt8(ascii: "?"): tokens.append(.one)
      case UInt8(ascii: "["):
        guard let characters = CharacterClass(parsing: &rest) else {
          throw PatternError(pattern: pattern)
        }
        tokens.append(.oneOf(characters))
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst() else { throw PatternError(pattern: pattern) }
        tokens.append(.byte(escaped))
      default: tokens.append(.byte(byte))
      }
    }
    self.tokens = tokens
  }

  /// Whether the whole path matches.
  package func matches(_ path: [UInt8]) -> Bool {
    path.withUnsafeBufferPointer { matches($0) }
  }

  /// Whether the whole path matches.
  package func matches(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
    var token = 0
    var index = 0
    // The last `*`, and where it ends: on a mismatch it takes one more byte.
    var star: (token: Int, end: Int)?
    while token < tokens.count || index < path.count {
      if token < tokens.count, case .many = tokens[token] {
        star = (token, index)
        token += 1
        continue
      }
      if token < tokens.count, let width = width(of: tokens[token], in: path, at: index) {
        token += 1
        index += width
        continue
      }
      guard let last = star, last.end < path.count, path[last.end] != UInt8(ascii: "/") else {
        return false
      }
      star = (last.token, last.end + 1)
      token = last.token + 1
      index = last.end + 1
    }
    return true
  }

  /// How many bytes the token takes here; nothing if it does not match.
  private func width(
    of token: Token, in path: UnsafeBufferPointer<UInt8>, at index: Int
  ) -> Int? {
    guard index < path.count else { return nil }
    switch token {
    case .byte(let byte): return path[index] == byte ? 1 : nil
    case .many: return nil
    case .one:
      guard path[index] != UInt8(ascii: "/") else { return nil }
      return UTF8Scalar.decode(path, at: index).width
    case .oneOf(let characters):
      let (scalar, width) = UTF8Scalar.decode(path, at: index)
      return scalar != 0x2F && characters.contains(scalar) ? width : nil
    }
  }
}
