/// Runs the tokens of a pattern over bytes, all states at once: state n stands before token n.
struct PatternAutomaton: Sendable {
  typealias Token = IgnorePattern.Token

  private let tokens: [Token]
  /// Whether a word holds all states; otherwise they are kept as a set.
  private var fitsAWord: Bool { tokens.count < 64 }
  /// Which of `steps` each byte takes.
  private let kinds: [UInt8]
  /// For each kind of byte, the states that it moves on by one, and those that it keeps. There are
  /// few kinds, and a file may have many patterns.
  private let steps: [Step]
  /// The states whose token may take nothing.
  private let nullable: UInt64
  /// The states whose token is a class, which beyond ASCII needs the whole character.
  private let classes: UInt64

  private struct Step: Equatable {
    var moved: UInt64 = 0
    var kept: UInt64 = 0
  }

  init(_ tokens: [Token]) {
    self.tokens = tokens
    guard tokens.count < 64 else {
      (kinds, steps, nullable, classes) = ([], [], 0, 0)
      return
    }
    var nullable: UInt64 = 0
    var classes: UInt64 = 0
    for (state, token) in tokens.enumerated() {
      let bit: UInt64 = 1 << UInt64(state)
      if token.mayTakeNothing { nullable |= bit }
      if case .oneOf = token { classes |= bit }
    }
    var steps: [Step] = []
    kinds = (0...UInt8.max).map { byte in
      let step = PatternAutomaton.step(tokens, byte)
      if let kind = steps.firstIndex(of: step) { return UInt8(kind) }
      steps.append(step)
      return UInt8(steps.count - 1)
    }
    (self.steps, self.nullable, self.classes) = (steps, nullable, classes)
  }

  private static func step(_ tokens: [Token], _ byte: UInt8) -> Step {
    var all = Step()
    for (state, token) in tokens.enumerated() {
      let step = token.step(byte, scalar: byte < 0x80 ? UInt32(byte) : nil)
      if step.moves { all.moved |= 1 << UInt64(state) }
      if step.stays { all.kept |= 1 << UInt64(state) }
    }
    return all
  }

  /// Whether all of the bytes match.
  func accepts(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard fitsAWord else { return stateSet(after: bytes).contains(tokens.count) }
    return states(after: bytes) & (1 << UInt64(tokens.count)) != 0
  }

  /// Whether more bytes may still lead to a match.
  func survives(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer { bytes in
      guard fitsAWord else { return stateSet(after: bytes).contains { $0 < tokens.count } }
      return states(after: bytes) & ~(1 << UInt64(tokens.count)) != 0
    }
  }

  private func states(after bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    kinds.withUnsafeBufferPointer { kinds in
      steps.withUnsafeBufferPointer { steps in
        var states = entering(1)
        for index in 0..<bytes.count {
          let byte = bytes[index]
          let step = steps[Int(kinds[Int(byte)])]
          var moved = states & step.moved
          if byte >= 0x80, states & classes != 0 { moved |= movedByClass(states, bytes, index) }
          states = (states & step.kept) | entering(moved << 1)
          if states == 0 { break }
        }
        return states
      }
    }
  }

  /// These states, and those behind tokens that may take nothing.
  @inline(__always)
  private func entering(_ states: UInt64) -> UInt64 {
    var states = states
    while true {
      let more = states | (states & nullable) << 1
      if more == states { return states }
      states = more
    }
  }

  private func movedByClass(
    _ states: UInt64, _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int
  ) -> UInt64 {
    let scalar = UTF8Scalar.decode(bytes, at: index).scalar
    var moved: UInt64 = 0
    for (state, token) in tokens.enumerated() where states & classes & (1 << UInt64(state)) != 0 {
      if token.step(bytes[index], scalar: scalar).moves { moved |= 1 << UInt64(state) }
    }
    return moved
  }

  private func stateSet(after bytes: UnsafeBufferPointer<UInt8>) -> Set<Int> {
    var states: Set<Int> = []
    enter(0, &states)
    for index in bytes.indices {
      var next: Set<Int> = []
      let scalar = UTF8Scalar.decode(bytes, at: index).scalar
      for state in states where state < tokens.count {
        let step = tokens[state].step(bytes[index], scalar: scalar)
        if step.stays { next.insert(state) }
        if step.moves { enter(state + 1, &next) }
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
  fileprivate var mayTakeNothing: Bool {
    switch self {
    case .byte, .one, .oneOf: false
    case .tail, .many, .directories, .allDirectories, .anything, .everything: true
    }
  }

  /// What becomes of this state at a byte: whether the next state is entered, and whether this one
  /// is kept. `scalar` is the character that starts here, if it is known.
  fileprivate func step(_ byte: UInt8, scalar: UInt32?) -> (moves: Bool, stays: Bool) {
    let isSlash = byte == UInt8(ascii: "/")
    let isTail = byte & 0xC0 == 0x80
    let isLineFeed = byte == UInt8(ascii: "\n")
    switch self {
    case .byte(let literal): return (byte == literal, false)
    case .one: return (!isSlash && !isTail, false)
    case .oneOf(let characters): return (!isTail && scalar.map(characters.contains) ?? false, false)
    case .tail: return (isTail, isTail)
    case .many: return (!isSlash, !isSlash)
    case .directories: return (isSlash, !isLineFeed)
    case .allDirectories: return (isSlash, true)
    case .anything: return (!isLineFeed, !isLineFeed)
    case .everything: return (true, true)
    }
  }
}
