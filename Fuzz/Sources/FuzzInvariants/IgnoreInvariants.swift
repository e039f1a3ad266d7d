import DockerfileSyntax

/// Patterns can be printed and read again; a walk decides as whole paths do, and as the rules say.
struct IgnoreInvariants {
  private let path: [UInt8]
  private let ignore: DockerIgnore

  init(_ bytes: [UInt8]) {
    let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
    let parts = bytes[..<end].split(separator: UInt8(ascii: "/")).filter { part in
      !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
    }
    // Line feeds may stand in a name: a vertical tab stands for one here.
    path = parts.joined(separator: [UInt8(ascii: "/")]).map { $0 == 0x0B ? 0x0A : $0 }
    ignore = DockerIgnore.parse(Array(bytes[end...].dropFirst()))
  }

  func check() throws(Violation) {
    let printed = ignore.patterns.map { Self.line(of: $0) + "\n" }.joined()
    let again = DockerIgnore.parse(Array(printed.utf8))
    try Violation.check(again == ignore, "\(ignore.patterns) became \(again.patterns)")
    guard !path.isEmpty, let matcher = try? ignore.matcher() else { return }
    let isMatched = matcher.matches(path)
    try checkWalk(matcher, isMatched)
    if let rules = RuleByRule(ignore.patterns, path) {
      try Violation.check(
        rules.isMatched == isMatched, "the rules say otherwise of \(ignore.patterns)")
    }
  }

  /// A line that reads as this pattern: dots at its ends keep it from being trimmed, or a comment.
  private static func line(of pattern: String) -> String {
    if ["!", "/", "!/"].contains(pattern) { return pattern }
    // `/!./x` and `/!/x` become what looks like an exception, but does not read as one.
    let rest = String(pattern.unicodeScalars.dropFirst())
    let isException = pattern.unicodeScalars.first == "!" && rest.utf8.first != UInt8(ascii: "/")
    return isException && PathCleaner.clean(rest) == rest ? "!./\(rest)/." : "./\(pattern)/."
  }

  private func checkWalk(_ matcher: PatternMatcher, _ isMatched: Bool) throws(Violation) {
    var state = matcher.rootState
    var isSkipped = false
    for end in path.indices where path[end] == UInt8(ascii: "/") {
      let directory = Array(path[..<end])
      state = matcher.state(ofPath: directory, in: state)
      isSkipped = isSkipped || matcher.canSkipDirectory(directory, state)
    }
    let found = path.withUnsafeBufferPointer { matcher.matches($0, in: state) }
    try Violation.check(found == isMatched, "a walk decides otherwise on \(ignore.patterns)")
    try Violation.check(
      isMatched || !isSkipped, "\(ignore.patterns) skip a directory with something to keep")
  }
}

/// The rules of moby's patternmatcher, as slowly as they can be written down. Knows neither classes
/// nor escapes nor blanks at the ends, and only text.
private struct RuleByRule {
  private(set) var isMatched = false
  private let path: [Unicode.Scalar]

  init?(_ patterns: [String], _ path: [UInt8]) {
    guard let text = String(validating: path, as: UTF8.self), path.count < 32,
      patterns.count < 16,
      patterns.allSatisfy({ pattern in
        let scalars = pattern.unicodeScalars
        return scalars.count { $0 == "*" } <= 5
          && !scalars.contains { "[]\\^".unicodeScalars.contains($0) }
          && ![scalars.first, scalars.last].contains { $0?.properties.isWhitespace ?? true }
      })
    else { return nil }
    self.path = Array(text.unicodeScalars)
    let rules = patterns.map { pattern in
      let isException = pattern.unicodeScalars.first == "!"
      return (isException, Array(pattern.unicodeScalars.dropFirst(isException ? 1 : 0)))
    }
    // As a walk does it: a rule that matched a directory matches its entries, and one that would
    // change nothing is not asked.
    var matched = [Bool](repeating: false, count: rules.count)
    for end in self.path.indices.filter({ self.path[$0] == "/" }) + [self.path.count] {
      isMatched = false
      for (index, (isException, pattern)) in rules.enumerated() {
        if !matched[index], isException == isMatched {
          matched[index] = matches(pattern[...], self.path[..<end])
        }
        if matched[index] { isMatched = !isException }
      }
    }
  }

  private func matches(
    _ pattern: ArraySlice<Unicode.Scalar>, _ path: ArraySlice<Unicode.Scalar>
  ) -> Bool {
    let wildcards = pattern.indices.filter { "*?".unicodeScalars.contains(pattern[$0]) }
    if wildcards.isEmpty { return pattern.elementsEqual(path) }
    let stars: [Unicode.Scalar] = ["*", "*"]
    if wildcards.count == 2, pattern.suffix(2).elementsEqual(stars) {
      return path.starts(with: pattern.dropLast(2))
    }
    if wildcards.count == 2, pattern.prefix(2).elementsEqual(stars) {
      let rest = pattern.dropFirst(2)
      return path.suffix(rest.count).elementsEqual(rest)
        || (rest.first == "/" && path.elementsEqual(rest.dropFirst()))
    }
    return expression(pattern, path)
  }

  private func expression(
    _ pattern: ArraySlice<Unicode.Scalar>, _ path: ArraySlice<Unicode.Scalar>
  ) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    var rest = pattern.dropFirst()
    if first == "*", rest.first == "*" {
      rest = rest.dropFirst()
      if rest.first == "/" { rest = rest.dropFirst() }
      // `(.*/)?`, or `.*` at the end.
      if !rest.isEmpty, expression(rest, path) { return true }
      let line = path.prefix { $0 != "\n" }
      if rest.isEmpty { return line.count == path.count }
      return line.indices.contains { line[$0] == "/" && expression(rest, path[($0 + 1)...]) }
    }
    switch first {
    case "*":
      let component = path.prefix { $0 != "/" }
      return (component.startIndex...component.endIndex).contains { expression(rest, path[$0...]) }
    case "?": return path.first.map { $0 != "/" } ?? false && expression(rest, path.dropFirst())
    default: return path.first == first && expression(rest, path.dropFirst())
    }
  }
}
