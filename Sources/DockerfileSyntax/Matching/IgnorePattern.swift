/// One pattern of a `.dockerignore`, compiled.
///
/// `*` and `?` stay within a component, `**/` stands for any number of components, a `**` at the
/// end for anything. Runs as an automaton over bytes: linear in the path, whatever the pattern.
struct IgnorePattern: Sendable {
  enum Token: Hashable {
    case byte(UInt8)
    /// The first byte of a character that is not `/`; `tail` takes the others.
    case one
    /// The first byte of a character of a class; `tail` takes the others.
    case oneOf(CharacterClass)
    /// Any number of continuation bytes.
    case tail
    /// `[^/]*`
    case many
    /// `(.*/)?`
    case directories
    /// `.*`
    case anything
  }

  /// Whether it was written with `!`.
  let isException: Bool
  private let tokens: [Token]
  private let prefix: [UInt8]
  private let suffix: [UInt8]
  /// The tokens between `prefix` and `suffix`.
  private let middle: Automaton

  /// Compiles a pattern that is trimmed and cleaned and has no `!`.
  init(_ text: String, isException: Bool) throws(PatternError) {
    // What Go's `filepath.Match` refuses is refused.
    _ = try GoPathPattern(text)
    self.isException = isException
    tokens = try IgnorePattern.tokenize(text)
    prefix = tokens.prefix { $0.literal != nil }.compactMap(\.literal)
    let rest = tokens.dropFirst(prefix.count)
    suffix = rest.reversed().prefix { $0.literal != nil }.reversed().compactMap(\.literal)
    middle = Automaton(Array(rest.dropLast(suffix.count)))
  }

  /// Whether this very path matches; parents are not asked.
  func matches(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
    guard path.count >= prefix.count + suffix.count, starts(path, prefix), ends(path, suffix) else {
      return false
    }
    if middle.isEmpty { return path.count == prefix.count + suffix.count }
    let inner = path[prefix.count..<(path.count - suffix.count)]
    return middle.accepts(UnsafeBufferPointer(rebasing: inner))
  }

  /// Whether some path below this directory may match.
  func mayMatch(below directory: UnsafeBufferPointer<UInt8>) -> Bool {
    var bytes = Array(directory)
    bytes.append(UInt8(ascii: "/"))
    let common = min(bytes.count, prefix.count)
    guard bytes[..<common].elementsEqual(prefix[..<common]) else { return false }
    return bytes.count <= prefix.count || Automaton(tokens).survives(bytes)
  }

  private func starts(_ path: UnsafeBufferPointer<UInt8>, _ bytes: [UInt8]) -> Bool {
    for index in bytes.indices where path[index] != bytes[index] { return false }
    return true
  }

  private func ends(_ path: UnsafeBufferPointer<UInt8>, _ bytes: [UInt8]) -> Bool {
    let offset = path.count - bytes.count
    for index in bytes.indices.reversed() where path[offset + index] != bytes[index] {
      return false
    }
    return true
  }

  private static func tokenize(_ text: String) throws(PatternError) -> [Token] {
    var tokens: [Token] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "*") where rest.first == byte:
        rest = rest.dropFirst()
        tokens.append(deep(&rest, isFirst: tokens.isEmpty))
      case UInt8(ascii: "*"): tokens.append(.many)
      case UInt8(ascii: "?"): tokens += [.one, .tail]
      case UInt8(ascii: "["):
        guard let characters = CharacterClass(parsing: &rest) else {
          throw PatternError(pattern: text)
        }
        tokens += [.oneOf(characters), .tail]
      case UInt8(ascii: "\\"): tokens.append(.byte(rest.popFirst() ?? byte))
      default: tokens.append(.byte(byte))
      }
    }
    return tokens
  }

  /// What a `**` stands for, and the `/` after it. At the start, before a text without wildcards
  /// and without a `/` between, moby takes it as "ends with".
  private static func deep(_ rest: inout ArraySlice<UInt8>, isFirst: Bool) -> Token {
    let hasSlash = rest.first == UInt8(ascii: "/")
    if hasSlash { rest = rest.dropFirst() }
    if rest.isEmpty { return .anything }
    let isPlain = !rest.contains { "*?[]\\".utf8.contains($0) }
    return isFirst && !hasSlash && isPlain ? .anything : .directories
  }
}

extension IgnorePattern.Token {
  fileprivate var literal: UInt8? {
    if case .byte(let byte) = self { byte } else { nil }
  }
}

/// Runs tokens over bytes, all states at once.
private struct Automaton: Sendable {
  private let tokens: [IgnorePattern.Token]
  /// For each state, the states that entering it enters: itself, and those behind tokens that may
  /// take nothing. Only filled where a word holds all states.
  private let entries: [UInt64]

  init(_ tokens: [IgnorePattern.Token]) {
    self.tokens = tokens
    guard tokens.count < 64 else {
      entries = []
      return
    }
    var entries = [UInt64](repeating: 0, count: tokens.count + 1)
    entries[tokens.count] = 1 << UInt64(tokens.count)
    for index in tokens.indices.reversed() {
      entries[index] = 1 << UInt64(index) | (tokens[index].mayTakeNothing ? entries[index + 1] : 0)
    }
    self.entries = entries
  }

  var isEmpty: Bool { tokens.isEmpty }

  func accepts(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
    guard !entries.isEmpty else { return statesBeyondAWord(path).contains(tokens.count) }
    return states(path) & (1 << UInt64(tokens.count)) != 0
  }

  /// Whether more bytes may still lead to a match.
  func survives(_ path: [UInt8]) -> Bool {
    path.withUnsafeBufferPointer { path in
      entries.isEmpty
        ? statesBeyondAWord(path).contains { $0 < tokens.count }
        : states(path) & ~(1 << UInt64(tokens.count)) != 0
    }
  }

  private func states(_ path: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var states = entries[0]
    for index in path.indices {
      var next: UInt64 = 0
      var pending = states
      while pending != 0 {
        let state = pending.trailingZeroBitCount
        pending &= pending - 1
        guard state < tokens.count else { continue }
        switch tokens[state].step(path, index) {
        case .dies: break
        case .moves: next |= entries[state + 1]
        case .stays: next |= 1 << UInt64(state)
        case .staysAndMoves: next |= (1 << UInt64(state)) | entries[state + 1]
        }
      }
      states = next
      if states == 0 { break }
    }
    return states
  }

  private func statesBeyondAWord(_ path: UnsafeBufferPointer<UInt8>) -> Set<Int> {
    var states: Set<Int> = []
    enter(0, &states)
    for index in path.indices {
      var next: Set<Int> = []
      for state in states where state < tokens.count {
        switch tokens[state].step(path, index) {
        case .dies: break
        case .moves: enter(state + 1, &next)
        case .stays: next.insert(state)
        case .staysAndMoves:
          next.insert(state)
          enter(state + 1, &next)
        }
      }
      states = next
    }
    return states
  }

  private func enter(_ state: Int, _ states: inout Set<Int>) {
    var state = state
    while true {
      states.insert(state)
      guard state < tokens.count, tokens[state].mayTakeNothing else { return }
      state += 1
    }
  }
}

extension IgnorePattern.Token {
  fileprivate enum Step { case dies, moves, stays, staysAndMoves }

  fileprivate var mayTakeNothing: Bool {
    switch self {
    case .byte, .one, .oneOf: false
    case .tail, .many, .directories, .anything: true
    }
  }

  /// What becomes of this state at a byte.
  fileprivate func step(_ path: UnsafeBufferPointer<UInt8>, _ index: Int) -> Step {
    let byte = path[index]
    let isSlash = byte == UInt8(ascii: "/")
    switch self {
    case .byte(let literal): return byte == literal ? .moves : .dies
    case .one: return isSlash || byte & 0xC0 == 0x80 ? .dies : .moves
    case .oneOf(let characters):
      guard byte & 0xC0 != 0x80 else { return .dies }
      return characters.contains(UTF8Scalar.decode(path, at: index).scalar) ? .moves : .dies
    case .tail: return byte & 0xC0 == 0x80 ? .staysAndMoves : .dies
    case .many: return isSlash ? .dies : .staysAndMoves
    case .directories: return isSlash ? .staysAndMoves : .stays
    case .anything: return .staysAndMoves
    }
  }
}
