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
    /// The same, and line feeds too.
    case allDirectories
    /// `.*`
    case anything
    /// The same, and line feeds too.
    case everything
  }

  /// As it was written, but cleaned.
  let text: String
  /// Whether it was written with `!`.
  let isException: Bool
  private let tokens: [Token]
  /// The literal bytes that every match starts with, and those that it ends with.
  private let prefix: [UInt8]
  private let suffix: [UInt8]
  /// What stands between `prefix` and `suffix`.
  private let middle: Middle

  private enum Middle {
    case nothing
    /// A pattern that is `**/` and then a literal text.
    case allDirectories
    case automaton(PatternAutomaton)
  }

  /// Compiles a pattern that is trimmed and cleaned and has no `!`.
  init(_ text: String, isException: Bool) throws(PatternError) {
    // What Go's `filepath.Match` refuses is refused.
    _ = try GoPathPattern(text)
    self.text = (isException ? "!" : "") + text
    self.isException = isException
    tokens = try IgnorePattern.tokenize(text)
    prefix = tokens.prefix { $0.literal != nil }.compactMap(\.literal)
    let rest = tokens.dropFirst(prefix.count)
    suffix = rest.reversed().prefix { $0.literal != nil }.reversed().compactMap(\.literal)
    let inner = Array(rest.dropLast(suffix.count))
    middle =
      switch inner {
      case []: .nothing
      case [.allDirectories]: .allDirectories
      default: .automaton(PatternAutomaton(inner))
      }
  }

  /// Whether this very path matches; parents are not asked.
  func matches(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
    guard path.count >= prefix.count + suffix.count else { return false }
    guard starts(path, prefix), ends(path, suffix) else { return false }
    let inner = prefix.count..<(path.count - suffix.count)
    switch middle {
    case .nothing: return inner.isEmpty
    case .allDirectories:
      return inner.isEmpty || path[inner.upperBound - 1] == UInt8(ascii: "/")
    case .automaton(let automaton):
      return automaton.accepts(UnsafeBufferPointer(rebasing: path[inner]))
    }
  }

  /// What tells most paths apart.
  var glance: Glance {
    Glance(
      minimumLength: prefix.count + suffix.count, firstByte: prefix.first.map(Int16.init) ?? -1,
      lastByte: suffix.last.map(Int16.init) ?? -1)
  }

  /// A pattern at a glance: what a path must have to be looked at. Holds no references, so that
  /// asking many patterns costs no reference counting.
  struct Glance: Hashable, Sendable {
    var minimumLength: Int
    /// The first byte of every match, or -1.
    var firstByte: Int16
    /// The last byte of every match, or -1.
    var lastByte: Int16

    @inline(__always)
    func admits(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
      guard path.count >= max(minimumLength, 1) else { return false }
      return (firstByte < 0 || firstByte == Int16(path[0]))
        && (lastByte < 0 || lastByte == Int16(path[path.count - 1]))
    }
  }

  /// Whether some path below this directory may match.
  func mayMatch(below directory: UnsafeBufferPointer<UInt8>) -> Bool {
    var bytes = Array(directory)
    bytes.append(UInt8(ascii: "/"))
    let common = min(bytes.count, prefix.count)
    guard bytes[..<common].elementsEqual(prefix[..<common]) else { return false }
    return bytes.count <= prefix.count || PatternAutomaton(tokens).survives(bytes)
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
        tokens.append(deep(&rest, after: tokens))
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

  /// What a `**` stands for, and the `/` after it. Where a plain text is all that there is besides
  /// it, moby compares the start or the end and has no use for an expression, whose `.` would stop at
  /// a line feed; at the start and without a `/` between, that makes it "ends with".
  private static func deep(_ rest: inout ArraySlice<UInt8>, after tokens: [Token]) -> Token {
    let hasSlash = rest.first == UInt8(ascii: "/")
    if hasSlash { rest = rest.dropFirst() }
    if rest.isEmpty { return tokens.allSatisfy { $0.literal != nil } ? .everything : .anything }
    let isPlain = !rest.contains { "*?[]\\".utf8.contains($0) }
    guard tokens.isEmpty, isPlain else { return .directories }
    return hasSlash ? .allDirectories : .everything
  }
}

extension IgnorePattern.Token {
  fileprivate var literal: UInt8? {
    if case .byte(let byte) = self { byte } else { nil }
  }
}
