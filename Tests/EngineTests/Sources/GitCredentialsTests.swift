import BuildGraph
import Reporting
import SystemPackage
import Testing

@testable import Engine

@Suite("GitCredentials")
struct GitCredentialsTests {
  private func access(
    _ address: String, _ secrets: [String: String], agent: FilePath? = nil
  ) throws -> GitProgram.Access {
    var inputs = BuildInputs(
      secrets: secrets.mapValues { Array($0.utf8) }, reporter: Reporter { _ in })
    inputs.sshSockets["default"] = agent
    let source = GitSource(try #require(try GitAddress.parse(address)))
    return try GitCredentials(source, inputs).access(home: "/state")
  }

  @Test(
    "are those for the host before those for all, headers before tokens",
    arguments: [
      (["GIT_AUTH_TOKEN": "t\n"], "Basic eC1hY2Nlc3MtdG9rZW46dA=="),
      (["GIT_AUTH_TOKEN": "t", "GIT_AUTH_HEADER": "Bearer h\n"], "Bearer h"),
      (
        ["GIT_AUTH_TOKEN.h.example": "t", "GIT_AUTH_HEADER": "Bearer h"],
        "Basic eC1hY2Nlc3MtdG9rZW46dA=="
      ),
      (["GIT_AUTH_TOKEN.h.example": "t", "GIT_AUTH_HEADER.h.example": "Bearer h"], "Bearer h"),
    ])
  func order(secrets: [String: String], field: String) throws {
    let authorizations = try access("https://h.example/a.git", secrets).authorizations
    #expect(authorizations.map(\.scope) == ["https://h.example/a.git"])
    #expect(authorizations.map(\.field) == [field])
  }

  @Test("for another host are not sent")
  func otherHost() throws {
    #expect(
      try access("https://h.example/a.git", ["GIT_AUTH_TOKEN.x.example": "t"]).authorizations
        .isEmpty)
    #expect(try access("git://h.example/a", ["GIT_AUTH_TOKEN": "t"]).authorizations.isEmpty)
  }

  @Test("are for all of GitHub, where submodules are too")
  func gitHub() throws {
    let access = try access("https://github.com/a/b.git", ["GIT_AUTH_TOKEN": "t"])
    #expect(access.authorizations.map(\.scope) == ["https://github.com/"])
  }

  @Test("may be in the address, which git is given without them")
  func inAddress() throws {
    let access = try access("https://me:pa%20ss@h.example:8/a.git", [:])
    #expect(access.authorizations.map(\.scope) == ["https://h.example:8/"])
    #expect(access.authorizations.map(\.field) == ["Basic bWU6cGEgc3M="])
    #expect(
      GitCredentials.stripped("https://me:pa@h.example:8/a.git") == "https://h.example:8/a.git")
    #expect(GitCredentials.stripped("ssh://me@h.example/a") == "ssh://me@h.example/a")
  }

  @Test("over SSH are an agent, without which nothing is tried")
  func agents() throws {
    #expect(try access("git@h.example:a", [:], agent: "/agent").agent == "/agent")
    #expect(try access("https://h.example/a.git", [:], agent: "/agent").agent == nil)
    let error = #expect(throws: RemoteSourceError.self) { try access("ssh://h.example/a", [:]) }
    #expect("\(try #require(error))".contains("hint: pass `--ssh default`"))
  }
}
