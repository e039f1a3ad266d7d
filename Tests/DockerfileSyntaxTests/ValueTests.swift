import Testing

@testable import DockerfileSyntax

@Suite("Values behind the expansion")
struct ValueTests {
  @Test(
    "ports of EXPOSE",
    arguments: [
      ("80", ["80/tcp"]), ("53/UDP", ["53/udp"]),
      ("80-82/sctp", ["80/sctp", "81/sctp", "82/sctp"]),
      ("8080:80", ["80/tcp"]), ("127.0.0.1:8080:80", ["80/tcp"]), ("[::1]:1:2/tcp", ["2/tcp"]),
      ("80/", ["80/tcp"]),
    ])
  func ports(word: String, expected: [String]) throws {
    let found = try ExposedPorts.parse(word)
    #expect(found.ports == expected)
    #expect(found.namesHost == word.contains(":"))
    #expect(found.hasUpperCaseProtocol == word.contains("UDP"))
  }

  @Test(
    "what is no port",
    arguments: ["", "a", "65536", "82-80", "80/http", "-1", "+1", "80-", "80:", "1-2-3"])
  func noPorts(word: String) {
    #expect(throws: InstructionError.self) { try ExposedPorts.parse(word) }
  }

  @Test(
    "signals",
    arguments: ["SIGTERM", "term", "15", "SIGRTMIN+3", "RTMAX-14", "SIGRTMIN", "sigwinch"])
  func signals(text: String) {
    #expect(throws: Never.self) { try SignalName.validate(text) }
  }

  @Test(
    "what is no signal", arguments: ["", "0", "-1", "SIGFOO", "RTMIN+16", "RTMAX-15", "SIG", "15x"])
  func noSignals(text: String) {
    #expect(throws: InstructionError.self) { try SignalName.validate(text) }
  }

  @Test("owners")
  func owners() throws {
    #expect(try Ownership.parse("a:b") == Ownership(user: "a", group: "b"))
    let numeric = try Ownership.parse("10:20")
    #expect(numeric.uid == 10 && numeric.gid == 20)
    let user = try Ownership.parse("1a")
    #expect(user.uid == nil && user.group == nil && user.gid == nil)
    for text in ["", ":", "a:", ":b", "a:b:c"] {
      #expect(throws: InstructionError.self) { try Ownership.parse(text) }
    }
  }
}
