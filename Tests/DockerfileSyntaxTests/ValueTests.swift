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
      ("80/", ["80/tcp"]), ("::1:1:2", ["2/tcp"]), (":80", ["80/tcp"]), ("1-9:80", ["80/tcp"]),
      ("1.2.3.4::80", ["80/tcp"]), ("1-2:8-9", ["8/tcp", "9/tcp"]),
    ])
  func ports(word: String, expected: [String]) throws {
    #expect(try PortSpecification(word).names == expected)
  }

  @Test(
    "what is no port",
    arguments: [
      ("", .noPort), ("/tcp", .noPort), ("80:", .noPort), ("a", .notANumber),
      ("65536", .notANumber), ("82-80", .notANumber), ("-1", .notANumber), ("+1", .notANumber),
      ("80-", .notANumber), ("1-2-3", .notANumber), ("x:80", .notANumber),
      ("80/http", .unknownProtocol("http")), ("1-3:8-9", .unequalRanges),
      ("1.2.3:1:2", .notAnAddress("1.2.3")), ("host:1:2", .notAnAddress("host")),
    ] as [(String, PortProblem)])
  func noPorts(word: String, problem: PortProblem) {
    #expect(throws: problem) { try PortSpecification(word) }
  }

  @Test(
    "signals",
    arguments: ["SIGTERM", "term", "15", "-1", "SIGRTMIN+3", "RTMAX-14", "SIGRTMIN", "sigwinch"])
  func signals(text: String) {
    #expect(SignalName.isValid(text))
  }

  @Test(
    "what is no signal",
    arguments: ["", "0", "SIGFOO", "RTMIN+16", "RTMAX-15", "RTMIN+03", "SIG", "15x"])
  func noSignals(text: String) {
    #expect(!SignalName.isValid(text))
  }
}
