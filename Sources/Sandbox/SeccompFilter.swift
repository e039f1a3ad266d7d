import CLinux

/// A classic BPF program as `seccomp(2)` takes it.
///
/// The profile says what each system call comes to; the compiler turns it, for each architecture
/// that the machine runs, into a binary search over the ranges of system call numbers with the same
/// decision, so that a call costs about eight comparisons (and, from Linux 5.11, none where the
/// answer does not depend on arguments).
package struct SeccompFilter: Sendable, Equatable {
  package var instructions: [Instruction]

  /// `struct sock_filter`.
  package struct Instruction: Sendable, Equatable {
    package var code: UInt16
    package var ifTrue: UInt8 = 0
    package var ifFalse: UInt8 = 0
    package var operand: UInt32

    /// Loads a word of `struct seccomp_data`.
    static func load(_ offset: UInt32) -> Instruction { Instruction(code: 0x20, operand: offset) }
    /// Skips so many instructions.
    static func jump(_ count: Int) -> Instruction {
      Instruction(code: 0x05, operand: UInt32(count))
    }
    static func ifEqual(_ value: UInt32, skip: UInt8, else other: UInt8) -> Instruction {
      Instruction(code: 0x15, ifTrue: skip, ifFalse: other, operand: value)
    }
    static func ifAtLeast(_ value: UInt32, skip: UInt8, else other: UInt8) -> Instruction {
      Instruction(code: 0x35, ifTrue: skip, ifFalse: other, operand: value)
    }
    static func ifAnyBit(_ mask: UInt32, skip: UInt8, else other: UInt8) -> Instruction {
      Instruction(code: 0x45, ifTrue: skip, ifFalse: other, operand: mask)
    }
    static func answer(_ value: UInt32) -> Instruction { Instruction(code: 0x06, operand: value) }
  }

  /// The program's bytes in the machine's order: code 2, jt 1, jf 1, k 4.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(instructions.count * 8)
    for instruction in instructions {
      withUnsafeBytes(of: instruction.code) { bytes.append(contentsOf: $0) }
      bytes.append(instruction.ifTrue)
      bytes.append(instruction.ifFalse)
      withUnsafeBytes(of: instruction.operand) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }
}

/// What a system call comes to.
package indirect enum SeccompDecision: Sendable, Equatable {
  case allow
  /// Fails with this errno and does nothing.
  case fail(Int32)
  /// Allowed where the argument, of which the upper half must be zero, lies in one of the ranges.
  case allowWhen(argument: Int, isIn: [ClosedRange<UInt32>])
  /// Allowed where the argument has none of the bits.
  case allowUnless(argument: Int, has: UInt32)
}

extension SeccompFilter {
  /// The system calls of one architecture, by number.
  package struct Architecture: Sendable {
    /// `AUDIT_ARCH_*`.
    package var audit: UInt32
    package var numbers: [String: UInt32]

    /// Those that this machine runs, its own first.
    package static let current: [Architecture] = {
      var tables = (slipway_syscall_table(), slipway_syscall_table())
      return withUnsafeMutableBytes(of: &tables) { bytes in
        let tables = bytes.bindMemory(to: slipway_syscall_table.self)
        guard let first = tables.baseAddress else { return [] }
        let count = Int(slipway_syscall_tables(first))
        return tables.prefix(count).map { table in
          var numbers: [String: UInt32] = [:]
          for call in UnsafeBufferPointer(start: table.calls, count: Int(table.count)) {
            numbers[String(cString: call.name)] = call.number
          }
          return Architecture(audit: table.audit_architecture, numbers: numbers)
        }
      }
    }()
  }

  /// Compiles decisions by name. What is not named fails with `EPERM`; what is newer than every
  /// call that is named, and every call of an architecture that is not in the list, with `ENOSYS`,
  /// so that programs fall back to what they know.
  package init(decisions: [String: SeccompDecision], architectures: [Architecture]) {
    instructions = [.load(SeccompData.architecture)]
    for architecture in architectures {
      let block =
        [.load(SeccompData.number)]
        + Self.search(Self.segments(of: decisions, for: architecture)[...])
      instructions += [.ifEqual(architecture.audit, skip: 1, else: 0), .jump(block.count)]
      instructions += block
    }
    instructions.append(Self.answer(.fail(Self.notImplemented)))
  }

  private static let notPermitted: Int32 = 1
  private static let notImplemented: Int32 = 38

  /// Offsets in `struct seccomp_data`.
  private enum SeccompData {
    static let number: UInt32 = 0
    static let architecture: UInt32 = 4

    static func argument(_ index: Int, upperHalf: Bool) -> UInt32 {
      // Every architecture here is little-endian.
      16 + 8 * UInt32(index) + (upperHalf ? 4 : 0)
    }
  }

  /// A decision that holds from `start` up to the next segment.
  private struct Segment: Equatable {
    var start: UInt32
    var decision: SeccompDecision
  }

  private static func segments(
    of decisions: [String: SeccompDecision], for architecture: Architecture
  ) -> [Segment] {
    let known = decisions.compactMap { name, decision in
      architecture.numbers[name].map { Segment(start: $0, decision: decision) }
    }
    var segments = [Segment(start: 0, decision: .fail(notPermitted))]
    for call in known.sorted(by: { $0.start < $1.start }) {
      append(call, to: &segments)
      append(Segment(start: call.start + 1, decision: .fail(notPermitted)), to: &segments)
    }
    let newest = known.map(\.start).max() ?? 0
    append(Segment(start: newest + 1, decision: .fail(notImplemented)), to: &segments)
    return segments
  }

  private static func append(_ segment: Segment, to segments: inout [Segment]) {
    if segments.last?.start == segment.start { segments.removeLast() }
    if segments.last?.decision != segment.decision { segments.append(segment) }
  }

  /// Code that finds the segment in which the loaded value lies and answers for it.
  private static func search(_ segments: ArraySlice<Segment>) -> [Instruction] {
    guard segments.count > 1 else { return segments.first.map { code(for: $0.decision) } ?? [] }
    let middle = segments.startIndex + segments.count / 2
    let pivot = segments[middle].start
    let below = search(segments[..<middle])
    let above = search(segments[middle...])
    // A conditional jump reaches only 255 instructions.
    guard let distance = UInt8(exactly: below.count) else {
      return [.ifAtLeast(pivot, skip: 0, else: 1), .jump(below.count)] + below + above
    }
    return [.ifAtLeast(pivot, skip: distance, else: 0)] + below + above
  }

  private static func code(for decision: SeccompDecision) -> [Instruction] {
    switch decision {
    case .allow, .fail:
      return [answer(decision)]
    case .allowUnless(let argument, let bits):
      return [
        .load(SeccompData.argument(argument, upperHalf: false)),
        .ifAnyBit(bits, skip: 0, else: 1),
        answer(.fail(notPermitted)),
        answer(.allow),
      ]
    case .allowWhen(let argument, let ranges):
      var segments = [Segment(start: 0, decision: .fail(notPermitted))]
      for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        append(Segment(start: range.lowerBound, decision: .allow), to: &segments)
        guard range.upperBound < .max else { continue }
        append(Segment(start: range.upperBound + 1, decision: .fail(notPermitted)), to: &segments)
      }
      return [
        .load(SeccompData.argument(argument, upperHalf: true)),
        .ifEqual(0, skip: 1, else: 0),
        answer(.fail(notPermitted)),
        .load(SeccompData.argument(argument, upperHalf: false)),
      ] + search(segments[...])
    }
  }

  private static func answer(_ decision: SeccompDecision) -> Instruction {
    // SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | errno.
    if case .fail(let errno) = decision { return .answer(0x0005_0000 | UInt32(errno)) }
    return .answer(0x7fff_0000)
  }
}
