import Sandbox
import SystemPackage
import Testing

struct SetupPlanTests {
  private var specification: SandboxSpecification {
    SandboxSpecification(root: .readOnlyOverlay(lower: ["/layer"]), arguments: ["true"])
  }

  private func index(
    in plan: SetupPlan, _ matches: (SetupOperation) -> Bool
  ) throws -> Int {
    let index = plan.operations.firstIndex(where: matches)
    return try #require(index)
  }

  @Test("Mounts come in order, before the masks, before the root is entered")
  func order() throws {
    var specification = specification
    specification.mounts = [.temporary(at: "/a"), .file([], at: "/a/b")]
    let plan = try SetupPlan(specification)
    let first = try index(in: plan) { $0 == .attach(.temporary(at: "/a")) }
    let second = try index(in: plan) { $0 == .attach(.file([], at: "/a/b")) }
    let mask = try index(in: plan) { $0 == .mask("/proc/kcore") }
    let enter = try index(in: plan) { $0 == .enterRoot }
    #expect(first < second && second < mask && mask < enter)
    #expect(!plan.operations.contains(.sealRoot) && !plan.operations.contains(.loopbackUp))
  }

  @Test("The filter is installed before the credentials are dropped, or after no_new_privs")
  func filter() throws {
    var specification = specification
    let isFilter: (SetupOperation) -> Bool = { if case .seccomp = $0 { true } else { false } }
    var plan = try SetupPlan(specification)
    #expect(
      try index(in: plan, isFilter) < index(in: plan) { $0 == .credentials(specification.user) })
    specification.noNewPrivileges = true
    plan = try SetupPlan(specification)
    #expect(try index(in: plan) { $0 == .noNewPrivileges } < index(in: plan, isFilter))
    specification.seccomp = .unconfined
    plan = try SetupPlan(specification)
    #expect(!plan.operations.contains(where: isFilter))
  }

  @Test("Plans are encoded in words of four bytes, and equal specifications equally")
  func encoding() throws {
    var specification = specification
    specification.environment = ["A=1", "B=22", "C=333", "D=4444"]
    let bytes = try SetupPlan(specification).encoded
    #expect(bytes.count.isMultiple(of: 4))
    #expect(bytes == (try SetupPlan(specification).encoded))
    #expect(Array(bytes[..<4]) == Array("SLP1".utf8))
  }

  @Test("Reports that are cut short are read up to the cut")
  func truncatedReports() {
    func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value, Array.init) }
    let provided = word(3) + word(0) + word(0) + word(0) + word(4) + Array("proc".utf8)
    let ended = word(2) + word(0) + word(256) + word(0) + word(0)
    #expect(HelperReports(bytes: []).waitStatus == nil)
    #expect(HelperReports(bytes: provided + ended).providedPaths == ["/proc"])
    #expect(HelperReports(bytes: provided + ended).waitStatus == 256)
    #expect(HelperReports(bytes: provided + ended.dropLast()).waitStatus == nil)
    #expect(HelperReports(bytes: Array(provided.dropLast())).providedPaths == [])
  }

  @Test("Wait statuses are exit codes or signals")
  func statuses() {
    #expect(ExitStatus(waitStatus: 0) == .exited(0))
    #expect(ExitStatus(waitStatus: 255 << 8) == .exited(255))
    #expect(ExitStatus(waitStatus: 9) == .signalled(9))
    #expect(ExitStatus(waitStatus: 11 | 0x80) == .signalled(11))
  }
}
