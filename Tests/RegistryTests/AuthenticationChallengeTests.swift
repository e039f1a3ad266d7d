import Testing

@testable import Registry

@Suite("AuthenticationChallenge")
struct AuthenticationChallengeTests {
  /// `scheme name=value …`, a line a challenge, sorted by name.
  private func read(_ text: String) -> [String] {
    AuthenticationChallenge.read(text).map { challenge in
      ([challenge.scheme] + challenge.parameters.sorted { $0.key < $1.key }.map { "\($0)=\($1)" })
        .joined(separator: " ")
    }
  }

  @Test(
    "is read as registries write it",
    arguments: [
      (
        #"Bearer realm="https://a.test/token",service="r.test",scope="repository:a/b:pull,push""#,
        ["bearer realm=https://a.test/token scope=repository:a/b:pull,push service=r.test"]
      ),
      (#"Basic realm="r.test""#, ["basic realm=r.test"]), ("Basic", ["basic"]),
      (#"BEARER Realm = "x" , SERVICE=y"#, ["bearer realm=x service=y"]),
      (#"Basic realm="a \"b\" \\ c""#, [#"basic realm=a "b" \ c"#]),
      (#"Bearer realm="x", Basic realm="y""#, ["bearer realm=x", "basic realm=y"]),
      (#"Bearer realm="x" Basic realm="y""#, ["bearer realm=x", "basic realm=y"]),
      (#"Negotiate YII/ab+c==, Bearer realm="x""#, ["negotiate", "yii", "bearer realm=x"]),
      (#"Negotiate, Basic realm="x""#, ["negotiate", "basic realm=x"]),
      (
        #"Bearer realm=https://a.test/t?x=y,service=s"#,
        ["bearer realm=https://a.test/t?x=y service=s"]
      ),
      (#"Bearer realm="x",realm="y""#, ["bearer realm=y"]),
    ])
  func challenges(_ text: String, _ expected: [String]) {
    #expect(read(text) == expected)
  }

  @Test(
    "is nothing worse than nothing where it makes no sense",
    arguments: [
      "", " ", ",,,", "=", "\"", "Bearer realm=\"unended", "Bearer realm=\"\\", "Bearer =x", "\0",
      "é é=é",
      "Bearer realm", "Bearer realm=", "a=b=c=d", "/ / /", "Bearer\u{301} realm=\"x\"",
    ])
  func hostile(_ text: String) {
    #expect(!AuthenticationChallenge.read(text).contains { $0.parameters["realm"] == "unended" })
  }

  @Test(
    "takes no longer than its length asks for",
    arguments: ["a=\"", "a ", "a=b,", "/,", "\\\"", "a=\"\\", ",", "=\""])
  func long(_ piece: String) {
    // What the HTTP parser lets through at most; a quadratic reader would take minutes.
    let text = String(repeating: piece, count: 80_000 / piece.utf8.count)
    #expect(AuthenticationChallenge.read(text).count <= 80_000)
  }
}
