/// A pattern of `${x#pattern}`, `${x%pattern}` and `${x/pattern/…}`: `*` and `?` are wildcards,
/// brackets are not, and neither wildcard matches a line feed.
struct ShellPattern {
  enum Side { case start, end }

  private enum Token {
    case literal(Unicode.Scalar)
    case one
    case many
  }

  /// The most steps that one match may cost; far beyond any real value.
  private static let maximumWork = 1 << 24

  private var tokens: [Token] = []

  /// Reads a pattern; backslashes may stand only before `*`, `?`, `\`, `/` and `}`.
  init(_ text: String) throws(ExpansionError) {
    var scalars = text.unicodeScalars.makeIterator()
    while let scalar = scalars.next() {
      switch scalar {
      case "*": tokens.append(.many)
      case "?": tokens.append(.one)
      case "\\":
        guard let escaped = scalars.next(), "*?\\/}".unicodeScalars.contains(escaped) else {
          throw .invalidPattern(text)
        }
        tokens.append(.literal(escaped))
      default: tokens.append(.literal(scalar))
      }
    }
  }

  /// The value without its shortest or longest match at one side.
  func trimming(
    _ value: String, _ side: Side, longest: Bool
  ) throws(ExpansionError) -> String {
    var scalars = Array(value.unicodeScalars)
    var pattern = self
    if side == .end {
      scalars.reverse()
      pattern.tokens.reverse()
    }
    try checkWork(scalars)
    guard let end = pattern.end(ofMatchAt: 0, in: scalars, longest: longest) else { return value }
    var rest = Array(scalars[end...])
    if side == .end { rest.reverse() }
    return String(rest)
  }

  /// The value with the first match replaced, or all of them. Matches are leftmost and longest.
  /// In the form for all, `$1` and its like in the replacement are read as Go's templates.
  func replacing(
    in value: String, with replacement: String, all: Bool
  ) throws(ExpansionError) -> String {
    let scalars = Array(value.unicodeScalars)
    try checkWork(scalars)
    let starts = startsOfMatches(in: scalars)
    var result: [Unicode.Scalar] = []
    var position = 0
    var copied = 0
    while let start = starts[position...].firstIndex(of: true),
      let end = end(ofMatchAt: start, in: scalars, longest: true)
    {
      result.append(contentsOf: scalars[copied..<start])
      // An empty match right behind another match does not count.
      if end > copied || start == 0 {
        let matched = scalars[start..<end]
        result.append(
          contentsOf: all
            ? GoTemplate.expand(replacement, match: matched) : Array(replacement.unicodeScalars))
        guard result.count <= ShellLexer.maximumLength else { throw .tooLong }
      }
      copied = end
      position = max(end, start + 1)
      if !all || position > scalars.count { break }
    }
    result.append(contentsOf: scalars[copied...])
    return String(result)
  }

  private func checkWork(_ scalars: [Unicode.Scalar]) throws(ExpansionError) {
    let (work, overflows) = (scalars.count + 1).multipliedReportingOverflow(by: tokens.count + 1)
    guard !overflows, work <= ShellPattern.maximumWork else { throw .tooLong }
  }

  private func accepts(_ token: Token, _ scalar: Unicode.Scalar) -> Bool {
    switch token {
    case .literal(let literal): literal == scalar
    case .one, .many: scalar != "\n"
    }
  }

  /// For each index, whether a match starts there: all states at once, from the right.
  private func startsOfMatches(in scalars: [Unicode.Scalar]) -> [Bool] {
    let count = tokens.count
    var starts = [Bool](repeating: false, count: scalars.count + 1)
    // `alive[t]`: the tokens from t on match some text that starts here.
    var alive = [Bool](repeating: false, count: count + 1)
    for index in stride(from: scalars.count, through: 0, by: -1) {
      var now = [Bool](repeating: false, count: count + 1)
      now[count] = true
      for (offset, token) in tokens.enumerated().reversed() {
        let steps = index < scalars.count && accepts(token, scalars[index])
        if case .many = token {
          now[offset] = now[offset + 1] || (steps && alive[offset])
        } else {
          now[offset] = steps && alive[offset + 1]
        }
      }
      alive = now
      starts[index] = now[0]
    }
    return starts
  }

  /// Where the shortest or longest match from `start` ends.
  private func end(
    ofMatchAt start: Int, in scalars: [Unicode.Scalar], longest: Bool
  ) -> Int? {
    var states = Set<Int>()
    var best: Int?
    insert(0, into: &states)
    var index = start
    while true {
      if states.contains(tokens.count) {
        best = index
        if !longest { return best }
      }
      guard index < scalars.count, !states.isEmpty else { return best }
      var next = Set<Int>()
      for state in states where state < tokens.count {
        guard accepts(tokens[state], scalars[index]) else { continue }
        if case .many = tokens[state] {
          insert(state, into: &next)
        } else {
          insert(state + 1, into: &next)
        }
      }
      states = next
      index += 1
    }
  }

  /// Adds a state and those that it reaches without reading: past a `*`.
  private func insert(_ state: Int, into states: inout Set<Int>) {
    var state = state
    while states.insert(state).inserted, state < tokens.count, case .many = tokens[state] {
      state += 1
    }
  }
}

extension String {
  init(_ scalars: [Unicode.Scalar]) {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    self.init(view)
  }
}

/// The replacement text of Go's `Regexp.ReplaceAllString`, for an expression without groups.
enum GoTemplate {
  /// The text with `$0` and `${0}` standing for the match, other `$name` for nothing, and `$$`
  /// for `$`.
  static func expand(
    _ template: String, match: ArraySlice<Unicode.Scalar>
  ) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    var rest = Array(template.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      guard scalar == "$" else {
        result.append(scalar)
        continue
      }
      if rest.first == "$" {
        rest = rest.dropFirst()
        result.append("$")
      } else if let (name, after) = name(at: rest) {
        if name == "0" { result.append(contentsOf: match) }
        rest = after
      } else {
        result.append("$")
      }
    }
    return result
  }

  private static func name(
    at rest: ArraySlice<Unicode.Scalar>
  ) -> (name: String, after: ArraySlice<Unicode.Scalar>)? {
    let isBraced = rest.first == "{"
    let start = isBraced ? rest.dropFirst() : rest
    let name = start.prefix { scalar in
      scalar == "_" || scalar.properties.isAlphabetic
        || scalar.properties.generalCategory == .decimalNumber
    }
    var after = start[name.endIndex...]
    guard !name.isEmpty else { return nil }
    if isBraced {
      guard after.popFirst() == "}" else { return nil }
    }
    return (String(Array(name)), after)
  }
}
