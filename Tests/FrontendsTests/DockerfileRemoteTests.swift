import BuildGraph
import DockerfileSyntax
import Frontends
import OCI
import Testing

@Suite struct DockerfileRemoteTests {
  private static let digest = "sha256:" + String(repeating: "ab", count: 32)

  @Test(
    "ADD of an address becomes a source and a copy of it",
    arguments: [
      (
        "ADD https://h.example/a.tgz /b/", "http https://h.example/a.tgz as a.tgz",
        "copy [a.tgz] from 1 to /b/"
      ),
      (
        "ADD --unpack https://h.example/a.tgz /b/", "http https://h.example/a.tgz as a.tgz",
        "add [a.tgz] from 1 to /b/"
      ),
      (
        "ADD --chmod=755 --chown=1:2 https://h.example/ /b",
        "http https://h.example/ as __unnamed__",
        "copy [__unnamed__] from 1 to /b owner=1:2 mode=755"
      ),
      (
        "ADD --checksum=\(digest) https://h.example/a /",
        "http https://h.example/a as a is abababab", "copy [a] from 1 to /"
      ),
      (
        "ADD https://h.example/a[1]*.txt /", "http https://h.example/a[1]*.txt as a[1]*.txt",
        "copy [a[[]1][*].txt] from 1 to /"
      ),
      (
        "ADD https://h.example/a.git#v1:d /b", "git https://h.example/a.git #v1 :d",
        "copy [.] from 1 to /b"
      ),
      (
        "ADD --exclude=*.md git@h.example:a /b", "git git@h.example:a",
        "copy [.] from 1 to /b exclude=[*.md]"
      ),
      (
        "ADD --keep-git-dir=true --checksum=1a2b https://h.example/a.git /b",
        "git https://h.example/a.git is 1a2b keep", "copy [.] from 1 to /b"
      ),
      (
        "ADD --keep-git-dir https://h.example/a /b", "git https://h.example/a keep",
        "copy [.] from 1 to /b"
      ),
      (
        "ADD https://h.example/a.git?submodules=0&mtime=commit /b",
        "git https://h.example/a.git alone times=commit", "copy [.] from 1 to /b"
      ),
    ])
  func forms(line: String, source: String, action: String) async throws {
    let lowered = try await lower("FROM scratch\n" + line)
    #expect(
      lowered.dump == """
        0: scratch
        1: \(source)
        2: \(action) <- 0 1 layer@0 target
        """)
  }

  @Test("Sources of all kinds are copied in their order, with one history entry")
  func mixture() async throws {
    let lowered = try await lower(
      "FROM scratch\nADD a https://h.example/b c d git://h.example/e f /x/")
    #expect(
      lowered.dump == """
        0: scratch
        1: context .
        2: http https://h.example/b as b
        3: git git://h.example/e
        4: add [a] from 1 to /x/; copy [b] from 2 to /x/; add [c d] from 1 to /x/; \
        copy [.] from 3 to /x/; add [f] from 1 to /x/ <- 0 1 2 3 layer@0 target
        """)
    #expect(
      lowered.result.plan.configuration.history.map(\.createdBy) == [
        "ADD a https://h.example/b c d git://h.example/e f /x/ # buildkit"
      ])
  }

  @Test("A path that only looks like an address is one of the context")
  func localPaths() async throws {
    let lowered = try await lower("FROM scratch\nCOPY github.com/a/b ./u@h:c /x/")
    #expect(lowered.files.last == "copy [github.com/a/b u@h:c] from 1 to /x/")
  }

  @Test("The main context may be files of a source, or an archive that is unpacked once")
  func mainContext() async throws {
    let archive = Source.http(HTTPSource(address: "https://h.example/c", fileName: "context"))
    let lowered = try await lower("FROM scratch\nCOPY a /\nCOPY b /") { options in
      options.mainContext = .archive(archive, fileName: "context")
    }
    #expect(
      lowered.dump == """
        0: scratch
        1: http https://h.example/c as context
        2: add [context] from 1 to / <- 0 1
        3: copy [a] from 1 to / <- 0 2 layer@0
        4: copy [b] from 1 to / <- 3 2 layer@1 target
        """)
    let files = try await lower("FROM scratch\nCOPY a /") { $0.mainContext = .files(archive) }
    #expect(files.dump.contains("1: http https://h.example/c as context"))
  }

  @Test("A named context may be a repository, also to build on")
  func namedContexts() async throws {
    let address = try #require(try GitAddress.parse("https://h.example/a.git#v1"))
    let lowered = try await lower("FROM src\nCOPY --from=src a /") {
      $0.namedContexts["src"] = .remote(.git(GitSource(address)))
    }
    #expect(
      lowered.dump == """
        0: git https://h.example/a.git #v1
        1: copy [a] from 1 to / <- 0 0 layer@0 target
        """)
  }
}
