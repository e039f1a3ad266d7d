/// What `--chmod` asks: a mode, or changes to one.
package enum FileModeChange: Hashable, Sendable {
  /// An octal mode, at most 07777.
  case octal(UInt32)
  /// Changes, to be made one after the other.
  case symbolic([Action])

  /// One change: an operator, and what it works on.
  package struct Action: Hashable, Sendable {
    /// What an action does to the bits.
    package enum Operator: Hashable, Sendable { case add, remove, set }

    /// Where its permissions come from.
    package enum Permissions: Hashable, Sendable {
      /// These bits; with `conditionalExecute`, execution too if it is a directory or somebody may
      /// execute it already (`X`).
      case bits(UInt32, conditionalExecute: Bool)
      /// What the owner (6), the group (3) or the others (0) have, as a shift.
      case copy(shift: UInt32)
    }

    /// The bits that it may touch.
    package var mask: UInt32
    /// What it does.
    package var operation: Operator
    /// With what.
    package var permissions: Permissions
  }

  /// Reads `0755` or `u=rwX,go=rX`; the file creation mask counts as 0.
  package static func parse(_ text: String) throws(InstructionError) -> FileModeChange {
    if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x37).contains($0) }) {
      guard let mode = UInt32(text, radix: 8), mode <= 0o7777 else {
        throw InstructionError("`--chmod=\(text.excerpt)` is more than 07777")
      }
      return .octal(mode)
    }
    guard let actions = SymbolicModeParser.parse(text) else {
      throw InstructionError(
        "`\(text.excerpt)` is no mode for `--chmod`",
        hint: "write an octal mode such as `0755`, or a symbolic one such as `u=rwX,go=rX`")
    }
    return .symbolic(actions)
  }

  /// The octal mode, if that is what was asked.
  package var octal: UInt32? {
    if case .octal(let mode) = self { mode } else { nil }
  }

  /// The permission bits (07777) that a file with `mode` gets; other bits of `mode` are dropped.
  package func apply(to mode: UInt32, isDirectory: Bool) -> UInt32 {
    switch self {
    case .octal(let mode): return mode
    case .symbolic(let actions):
      return actions.reduce(mode & 0o7777) { $1.apply(to: $0, isDirectory: isDirectory) }
    }
  }
}

extension FileModeChange.Action {
  func apply(to mode: UInt32, isDirectory: Bool) -> UInt32 {
    let bits = bits(for: mode, isDirectory: isDirectory) & mask
    switch operation {
    case .add: return mode | bits
    case .remove: return mode & ~bits
    case .set: return (mode & ~mask) | bits
    }
  }

  private func bits(for mode: UInt32, isDirectory: Bool) -> UInt32 {
    switch permissions {
    case .bits(let bits, let conditionalExecute):
      let executes = conditionalExecute && (isDirectory || mode & 0o111 != 0)
      return executes ? bits | 0o111 : bits
    case .copy(let shift): return (mode >> shift & 0o7) * 0o111
    }
  }
}

/// Reads symbolic modes: `[ugoa]*([-+=]([rwxXst]*|[ugo]))+`, separated by commas.
private enum SymbolicModeParser {
  static func parse(_ text: String) -> [FileModeChange.Action]? {
    var actions: [FileModeChange.Action] = []
    for clause in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let parsed = parseClause(clause) else { return nil }
      actions.append(contentsOf: parsed)
    }
    return actions
  }

  private static func parseClause(_ clause: Substring.UTF8View) -> [FileModeChange.Action]? {
    var rest = clause[...]
    var who: UInt32 = 0
    while let byte = rest.first, let bits = whoBits(byte) {
      who |= bits
      rest = rest.dropFirst()
    }
    let mask = who == 0 ? 0o7777 : who
    var actions: [FileModeChange.Action] = []
    while let sign = rest.first {
      guard let operation = operation(sign) else { return nil }
      rest = rest.dropFirst()
      guard let permissions = permissions(&rest) else { return nil }
      var action = FileModeChange.Action(
        mask: mask, operation: operation, permissions: permissions)
      // The sticky bit belongs to nobody in particular.
      if case .bits(let bits, _) = permissions, bits & 0o1000 != 0, mask & 0o6770 != 0 {
        action.mask |= 0o1000
      }
      actions.append(action)
    }
    return actions.isEmpty ? nil : actions
  }

  private static func whoBits(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "u"): 0o4700
    case UInt8(ascii: "g"): 0o2070
    case UInt8(ascii: "o"): 0o0007
    case UInt8(ascii: "a"): 0o6777
    default: nil
    }
  }

  private static func operation(_ byte: UInt8) -> FileModeChange.Action.Operator? {
    switch byte {
    case UInt8(ascii: "+"): .add
    case UInt8(ascii: "-"): .remove
    case UInt8(ascii: "="): .set
    default: nil
    }
  }

  private static func permissions(
    _ rest: inout Substring.UTF8View
  ) -> FileModeChange.Action.Permissions? {
    if let shift = rest.first.flatMap(copyShift) {
      rest = rest.dropFirst()
      return .copy(shift: shift)
    }
    var bits: UInt32 = 0
    var conditionalExecute = false
    while let byte = rest.first, operation(byte) == nil {
      switch byte {
      case UInt8(ascii: "r"): bits |= 0o444
      case UInt8(ascii: "w"): bits |= 0o222
      case UInt8(ascii: "x"): bits |= 0o111
      case UInt8(ascii: "X"): conditionalExecute = true
      case UInt8(ascii: "s"): bits |= 0o6000
      case UInt8(ascii: "t"): bits |= 0o1000
      default: return nil
      }
      rest = rest.dropFirst()
    }
    return .bits(bits, conditionalExecute: conditionalExecute)
  }

  private static func copyShift(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "u"): 6
    case UInt8(ascii: "g"): 3
    case UInt8(ascii: "o"): 0
    default: nil
    }
  }
}
