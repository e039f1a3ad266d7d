/// What stands before the declarations of a Go file: a build constraint and the package clause.
struct GoFileHeader {
  /// Whether the file belongs to a main package, built for Linux.
  let isMain: Bool

  init(_ bytes: [UInt8]) {
    var isBuilt = true
    var rest = String(decoding: bytes, as: UTF8.self)[...]
    var package: Substring?
    while package == nil {
      rest = rest.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
      if rest.hasPrefix("//") {
        let line = rest.prefix { !$0.isNewline }
        rest = rest.dropFirst(line.count)
        if line.hasPrefix("//go:build ") {
          isBuilt = GoBuildConstraint.allows(line.dropFirst("//go:build ".count))
        }
      } else if rest.hasPrefix("/*") {
        guard let end = rest.firstRange(of: "*/") else { break }
        rest = rest[end.upperBound...]
      } else if rest.hasPrefix("package") {
        package = rest.dropFirst("package".count).drop { $0 == " " || $0 == "\t" }
          .prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      } else {
        break
      }
    }
    isMain = isBuilt && package == "main"
  }
}

/// A `//go:build` expression, judged for a Linux build without cgo.
///
/// Processors are all taken to match: a wrong yes only asks the user to choose a package.
struct GoBuildConstraint {
  private var tokens: [Substring]

  /// Whether the constraint lets the file in; one that cannot be read does.
  static func allows(_ expression: Substring) -> Bool {
    var constraint = GoBuildConstraint(tokens: tokens(of: expression).reversed())
    return constraint.disjunction(depth: 0) ?? true
  }

  private static func tokens(of text: Substring) -> [Substring] {
    var tokens: [Substring] = []
    var rest = text
    while let first = rest.first {
      let length: Int
      if first.isWhitespace {
        rest = rest.dropFirst()
        continue
      } else if rest.hasPrefix("&&") || rest.hasPrefix("||") {
        length = 2
      } else if first == "!" || first == "(" || first == ")" {
        length = 1
      } else {
        length = max(1, rest.prefix { !$0.isWhitespace && !"!()&|".contains($0) }.count)
      }
      tokens.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return tokens
  }

  private mutating func disjunction(depth: Int) -> Bool? {
    guard var value = conjunction(depth: depth) else { return nil }
    while tokens.last == "||" {
      tokens.removeLast()
      guard let next = conjunction(depth: depth) else { return nil }
      value = value || next
    }
    return value
  }

  private mutating func conjunction(depth: Int) -> Bool? {
    guard var value = term(depth: depth) else { return nil }
    while tokens.last == "&&" {
      tokens.removeLast()
      guard let next = term(depth: depth) else { return nil }
      value = value && next
    }
    return value
  }

  private mutating func term(depth: Int) -> Bool? {
    guard depth < 100, let token = tokens.popLast() else { return nil }
    switch token {
    case "!":
      guard let value = term(depth: depth + 1) else { return nil }
      return !value
    case "(":
      guard let value = disjunction(depth: depth + 1), tokens.popLast() == ")" else { return nil }
      return value
    case ")", "&&", "||":
      return nil
    default:
      return Self.tags.contains(token) || token.hasPrefix("go1.")
    }
  }

  private static let tags: Set<Substring> = [
    "linux", "unix", "gc", "amd64", "arm64", "arm", "386", "riscv64", "ppc64le", "s390x", "loong64",
  ]
}
