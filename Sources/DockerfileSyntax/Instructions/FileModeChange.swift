/// What `--chmod` asks: a mode, or changes to one.
package enum FileModeChange: Hashable, Sendable {
  /// An octal mode, at most 07777.
  case octal(UInt32)
  /// Changes, to be made one after the other.
  case symbolic([Step])

  /// One change.
  package enum Step: Hashable, Sendable {
    case set(UInt32)
    case clear(UInt32)
    /// For directories, and for what somebody could execute at first (`X`).
    case setIfExecutable(UInt32)
    /// Gives classes what one of them has, each a shift: 6 the owner, 3 the group, 0 the others.
    case copy(from: UInt32, to: [UInt32], Operator)
  }

  /// What is done with permissions.
  package enum Operator: Hashable, Sendable { case add, remove, set }

  /// Reads `0755` or `u=rwX,go=rX`; the file creation mask counts as 0.
  package static func parse(_ text: String) throws(InstructionError) -> FileModeChange {
    if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x37).contains($0) }) {
      guard let mode = UInt32(text, radix: 8), mode <= 0o7777 else {
        throw InstructionError("`--chmod=\(text.excerpt)` is more than 07777")
      }
      return .octal(mode)
    }
    var parser = SymbolicModeParser(text)
    guard parser.parse() else {
      throw InstructionError(
        "`\(text.excerpt)` is no mode for `--chmod`",
        hint: "write an octal mode such as `0755`, or a symbolic one such as `u=rwX,go=rX`")
    }
    return .symbolic(parser.steps)
  }

  /// The octal mode, if that is what was asked.
  package var octal: UInt32? {
    if case .octal(let mode) = self { mode } else { nil }
  }

  /// The permission bits (07777) that a file with `mode` gets; other bits of `mode` are dropped.
  package func apply(to mode: UInt32, isDirectory: Bool) -> UInt32 {
    switch self {
    case .octal(let mode): return mode
    case .symbolic(let steps):
      let isExecutable = isDirectory || mode & 0o111 != 0
      return steps.reduce(into: mode & 0o7777) { $1.apply(to: &$0, isExecutable: isExecutable) }
    }
  }
}

extension FileModeChange.Step {
  fileprivate func apply(to mode: inout UInt32, isExecutable: Bool) {
    switch self {
    case .set(let bits): mode |= bits
    case .clear(let bits): mode &= ~bits
    case .setIfExecutable(let bits): if isExecutable { mode |= bits }
    case .copy(let source, let classes, let operation):
      let permissions = mode >> source & 0o7
      for shift in classes {
        switch operation {
        case .add: mode |= permissions << shift
        case .remove: mode &= ~(permissions << shift)
        case .set: mode = mode & ~(0o7 << shift) | permissions << shift
        }
      }
    }
  }
}

/// Reads symbolic modes, `[ugoa]*([-+=][rwxXstugo]*)+` separated by commas, as the setmode of BSD that
/// BuildKit uses (tonistiigi/dchapes-mode) reads them, oddities included.
private struct SymbolicModeParser {
  private static let sticky: UInt32 = 0o1000
  /// What `a` stands for, and what `=` clears where nobody is named.
  private static let everybody: UInt32 = 0o6777

  private(set) var steps: [FileModeChange.Step] = []
  private var rest: ArraySlice<UInt8>
  private var who: UInt32 = 0

  init(_ text: String) {
    rest = Array(text.utf8)[...]
  }

  /// Whether the text is a mode.
  mutating func parse() -> Bool {
    repeat {
      guard parseClause() else { return false }
    } while rest.popFirst() != nil
    return true
  }

  /// Up to a comma or the end.
  private mutating func parseClause() -> Bool {
    who = 0
    while let bits = rest.first.flatMap(SymbolicModeParser.bits) {
      who |= bits
      rest.removeFirst()
    }
    repeat {
      guard let operation = rest.popFirst().flatMap(SymbolicModeParser.operation) else {
        return false
      }
      parsePermissions(of: operation)
    } while rest.first.map { $0 != UInt8(ascii: ",") } ?? false
    return true
  }

  private mutating func parsePermissions(of operation: FileModeChange.Operator) {
    who &= ~SymbolicModeParser.sticky
    var permissions: UInt32 = 0
    var execution: UInt32 = 0
    var isSet = operation != .set
    // Set-id and sticky bits are not for the others alone.
    let isForOthers = who != 0 && who & ~0o7 == 0
    loop: while let byte = rest.first {
      switch byte {
      case UInt8(ascii: "r"): permissions |= 0o444
      case UInt8(ascii: "w"): permissions |= 0o222
      case UInt8(ascii: "x"): permissions |= 0o111
      case UInt8(ascii: "X") where operation == .remove: permissions |= 0o111
      case UInt8(ascii: "X"): execution = 0o111
      case UInt8(ascii: "s"): if !isForOthers { permissions |= 0o6000 }
      case UInt8(ascii: "t"):
        if !isForOthers {
          who |= SymbolicModeParser.sticky
          permissions |= SymbolicModeParser.sticky
        }
      case UInt8(ascii: "u"), UInt8(ascii: "g"), UInt8(ascii: "o"):
        if permissions != 0 { change(permissions, operation) }
        if execution != 0 { steps.append(.setIfExecutable(named(execution))) }
        (permissions, execution, isSet) = (0, 0, true)
        copy(from: SymbolicModeParser.shift(byte), operation)
      default: break loop
      }
      rest.removeFirst()
    }
    if permissions != 0 || !isSet { change(permissions, operation) }
    if execution != 0 { steps.append(.setIfExecutable(named(execution))) }
  }

  private mutating func change(_ permissions: UInt32, _ operation: FileModeChange.Operator) {
    switch operation {
    case .add: steps.append(.set(named(permissions)))
    case .remove: steps.append(.clear(named(permissions)))
    case .set:
      steps.append(.clear(who == 0 ? SymbolicModeParser.everybody : who))
      steps.append(.set(named(permissions)))
    }
  }

  private mutating func copy(from source: UInt32, _ operation: FileModeChange.Operator) {
    let classes = [6, 3, 0].filter { who == 0 || who & (0o4 << $0) != 0 } as [UInt32]
    steps.append(.copy(from: source, to: classes, operation))
  }

  /// Of these bits, those of whom is named.
  private func named(_ bits: UInt32) -> UInt32 { who == 0 ? bits : bits & who }

  private static func bits(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "u"): 0o4700
    case UInt8(ascii: "g"): 0o2070
    case UInt8(ascii: "o"): 0o0007
    case UInt8(ascii: "a"): everybody
    default: nil
    }
  }

  private static func operation(_ byte: UInt8) -> FileModeChange.Operator? {
    switch byte {
    case UInt8(ascii: "+"): .add
    case UInt8(ascii: "-"): .remove
    case UInt8(ascii: "="): .set
    default: nil
    }
  }

  private static func shift(_ byte: UInt8) -> UInt32 {
    switch byte {
    case UInt8(ascii: "u"): 6
    case UInt8(ascii: "g"): 3
    default: 0
    }
  }
}
