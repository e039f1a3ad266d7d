import Sandbox
import Testing

struct SeccompFilterTests {
  /// What a filter answers, by carrying its program out as `bpf(4)` says.
  private func answer(
    _ filter: SeccompFilter, _ number: UInt32, _ arguments: [UInt64] = [],
    architecture: UInt32 = SeccompFilter.Architecture.current[0].audit
  ) throws -> UInt32 {
    func word(at offset: UInt32) throws -> UInt32 {
      switch offset {
      case 0: return number
      case 4: return architecture
      default:
        let index = Int(offset - 16) / 8
        let argument = arguments.indices.contains(index) ? arguments[index] : 0
        return UInt32(truncatingIfNeeded: offset % 8 == 0 ? argument : argument >> 32)
      }
    }
    var accumulator: UInt32 = 0
    var next = 0
    while filter.instructions.indices.contains(next) {
      let instruction = filter.instructions[next]
      next += 1
      func branch(_ holds: Bool) { next += Int(holds ? instruction.ifTrue : instruction.ifFalse) }
      switch instruction.code {
      case 0x20: accumulator = try word(at: instruction.operand)
      case 0x05: next += Int(instruction.operand)
      case 0x15: branch(accumulator == instruction.operand)
      case 0x35: branch(accumulator >= instruction.operand)
      case 0x45: branch(accumulator & instruction.operand != 0)
      case 0x06: return instruction.operand
      default: Issue.record("unknown instruction \(instruction.code)")
      }
    }
    Issue.record("the program runs off its end")
    return 0
  }

  private let allowed: UInt32 = 0x7fff_0000
  private let refused: UInt32 = 0x0005_0001
  private let unknown: UInt32 = 0x0005_0026
  private let filter = SeccompProfile.containerDefault(for: .containerDefault)
  private let machine = SeccompFilter.Architecture.current[0]

  private func number(_ name: String) throws -> UInt32 {
    try #require(machine.numbers[name])
  }

  @Test("Every system call of every architecture gets the answer of the profile")
  func everyCall() throws {
    let decisions = SeccompProfile.decisions(for: .containerDefault)
    for architecture in SeccompFilter.Architecture.current {
      let named = architecture.numbers.filter { decisions[$0.key] != nil }
      let byNumber = Dictionary(uniqueKeysWithValues: named.map { ($0.value, $0.key) })
      let newest = try #require(byNumber.keys.max())
      for number in 0...newest + 10 {
        let answer = try answer(filter, number, architecture: architecture.audit)
        switch byNumber[number].flatMap({ decisions[$0] }) {
        case .allow, .allowWhen, .allowUnless: #expect(answer == allowed, "\(number)")
        case .fail(let errno): #expect(answer == 0x0005_0000 | UInt32(errno), "\(number)")
        case nil: #expect(answer == (number > newest ? unknown : refused), "\(number)")
        }
      }
    }
  }

  @Test(
    "What would open the host is refused",
    arguments: [
      "mount", "umount2", "unshare", "setns", "pivot_root", "init_module", "kexec_load", "reboot",
      "bpf", "perf_event_open", "keyctl", "add_key", "io_uring_setup", "open_by_handle_at",
      "userfaultfd", "swapon", "settimeofday", "iopl",
    ])
  func dangerous(name: String) throws {
    #expect(try answer(filter, number(name)) == refused)
  }

  @Test("Arguments decide about clone, socket and personality")
  func arguments() throws {
    let clone = try number("clone")
    #expect(try answer(filter, clone, [0x0100_0011]) == allowed)
    for flag: UInt64 in [0x2_0000, 0x200_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000] {
      #expect(try answer(filter, clone, [flag | 17]) == refused)
    }
    let socket = try number("socket")
    for family: UInt64 in [1, 2, 10, 16, 17, 45] {
      #expect(try answer(filter, socket, [family]) == allowed)
    }
    for family: UInt64 in [12, 38, 40, 46, 1 << 32 | 2] {
      #expect(try answer(filter, socket, [family]) == refused)
    }
    let personality = try number("personality")
    for value: UInt64 in [0, 8, 0x20000, 0x20008, 0xffff_ffff] {
      #expect(try answer(filter, personality, [value]) == allowed)
    }
    // ADDR_NO_RANDOMIZE.
    #expect(try answer(filter, personality, [0x40000]) == refused)
  }

  @Test("clone3, newer calls, the x32 ABI and foreign architectures do not exist")
  func absent() throws {
    #expect(try answer(filter, number("clone3")) == unknown)
    #expect(try answer(filter, 100_000) == unknown)
    #expect(try answer(filter, 0x4000_0000) == unknown)
    #expect(try answer(filter, .max) == unknown)
    #expect(try answer(filter, number("read"), architecture: 0x1234) == unknown)
  }

  @Test("A capability opens the calls it is for")
  func capabilities() throws {
    let privileged = SeccompProfile.containerDefault(for: .all)
    for name in ["mount", "unshare", "clone3", "bpf", "reboot", "open_by_handle_at"] {
      #expect(try answer(privileged, number(name)) == allowed)
    }
    #expect(try answer(privileged, number("clone"), [0x1000_0000]) == allowed)
    #expect(try answer(SeccompProfile.containerDefault(for: []), number("chroot")) == refused)
    #expect(try answer(filter, number("chroot")) == allowed)
  }

  @Test("The program fits the kernel's limit with room to spare")
  func size() {
    #expect(filter.instructions.count < 2048)
    #expect(filter.bytes.count == filter.instructions.count * 8)
  }
}
