import SystemPackage
import Testing

@testable import Engine

@Suite("GitReference")
struct GitReferenceTests {
  @Test(
    "takes the names that git takes",
    arguments: [
      "main", "release/1.2", "refs/pull/1/head", "v1.0.0", "a@b", "a-b_c+d=e", "ümlaut", "#1",
      "HEAD",
    ])
  func names(name: String) {
    #expect(GitReference.isName(name))
  }

  @Test(
    "takes nothing that git or a shell could take for something else",
    arguments: [
      "", "--upload-pack=id", "-f", "a..b", "a b", "a\nb", "a:b", "+a:b", "a~1", "a^{}", "a?", "a*",
      "a[0]", "a\\b", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "@", "a@{1}",
      "a\u{7f}", "a\u{0}",
    ])
  func others(name: String) {
    #expect(!GitReference.isName(name))
  }

  @Test("knows whole commits of both kinds")
  func commits() {
    #expect(GitReference.isCommit(String(repeating: "a1", count: 20)))
    #expect(GitReference.isCommit(String(repeating: "a1", count: 32)))
    #expect(!GitReference.isCommit(String(repeating: "A1", count: 20)))
    #expect(!GitReference.isCommit(String(repeating: "a1", count: 10)))
    #expect(GitReference.isCommitPrefix("a1b") && !GitReference.isCommitPrefix("xyz"))
  }
}

@Suite("GitListing")
struct GitListingTests {
  private let one = String(repeating: "1", count: 40)
  private let two = String(repeating: "2", count: 40)
  private let three = String(repeating: "3", count: 40)

  private var listing: GitListing {
    GitListing(
      parsing: Array(
        """
        ref: refs/heads/trunk\tHEAD
        \(one)\tHEAD
        \(one)\trefs/heads/trunk
        \(one)\trefs/heads/both
        \(two)\trefs/tags/both
        \(two)\trefs/tags/v1
        \(three)\trefs/tags/v1^{}
        \(three)\trefs/pull/7/head
        warning: something else
        """.utf8))
  }

  @Test("finds the default branch")
  func head() {
    #expect(listing.head == .init(object: one, name: "refs/heads/trunk"))
    #expect(GitListing(parsing: Array("\(two)\tHEAD".utf8)).head == .init(object: two))
    #expect(GitListing(parsing: []).head == nil)
    // A server may say anything; what is no name would be read as a refspec.
    for name in ["refs/heads/a:refs/heads/b", "refs/heads/*", "--upload-pack=id", "a b"] {
      let listing = GitListing(parsing: Array("ref: \(name)\tHEAD\n\(two)\tHEAD".utf8))
      #expect(listing.head == .init(object: two), "\(name)")
    }
  }

  @Test("prefers branches to tags, and knows what an annotated tag stands for")
  func names() {
    #expect(listing.target(of: "both") == .init(object: one, name: "refs/heads/both"))
    #expect(listing.target(of: "refs/tags/both") == .init(object: two, name: "refs/tags/both"))
    #expect(listing.target(of: "v1") == .init(object: two, tagged: three, name: "refs/tags/v1"))
    #expect(listing.target(of: "pull/7/head") == .init(object: three, name: "refs/pull/7/head"))
    #expect(listing.target(of: "v2") == nil)
  }

  @Test("finds objects by how their names begin")
  func beginnings() {
    #expect(listing.targets(beginningWith: "22").map(\.object) == [two])
    #expect(listing.targets(beginningWith: "4").isEmpty)
  }
}

@Suite("GitProgram")
struct GitProgramTests {
  @Test("gets nothing of the environment but the path, proxies and authorities")
  func environment() {
    let access = GitProgram.Access(knownHosts: "/state/known_hosts")
    let environment = GitProgram.environment(
      access,
      [
        "PATH": "/bin", "HOME": "/home/me", "https_proxy": "http://p", "SSL_CERT_FILE": "/ca",
        "GIT_DIR": "/x", "GIT_SSH": "evil", "GIT_EXTERNAL_DIFF": "evil", "EDITOR": "evil",
        "SSH_ASKPASS": "evil", "SSH_AUTH_SOCK": "/agent", "XDG_CONFIG_HOME": "/x", "TOKEN": "t",
      ])
    #expect(environment["PATH"] == "/bin" && environment["https_proxy"] == "http://p")
    #expect(environment["GIT_SSL_CAINFO"] == "/ca")
    #expect(environment["HOME"] == "/dev/null" && environment["GIT_TERMINAL_PROMPT"] == "0")
    #expect(environment["GIT_ALLOW_PROTOCOL"] == "https:http:git:ssh")
    for name in [
      "GIT_DIR", "GIT_SSH", "GIT_EXTERNAL_DIFF", "EDITOR", "SSH_ASKPASS", "SSH_AUTH_SOCK",
      "XDG_CONFIG_HOME", "TOKEN",
    ] {
      #expect(environment[name] == nil, "\(name)")
    }
    #expect(
      environment["GIT_SSH_COMMAND"]
        == "ssh -F /dev/null -o 'BatchMode=yes' -o 'IdentityFile=none' -o 'StrictHostKeyChecking=accept-new' "
        + "-o 'ConnectTimeout=15' -o 'ServerAliveInterval=15' -o 'ServerAliveCountMax=4' "
        + "-o 'UserKnownHostsFile=\"/state/known_hosts\" \"/home/me/.ssh/known_hosts\"'")
  }

  @Test("is let in by a setting for one place, and then follows no redirect")
  func authorization() {
    var access = GitProgram.Access(knownHosts: "/k")
    access.authorizations = [("https://h.example/a.git", "Basic eA==")]
    let environment = GitProgram.environment(access, [:])
    let count = Int(environment["GIT_CONFIG_COUNT"] ?? "") ?? 0
    let settings = (0..<count).map {
      "\(environment["GIT_CONFIG_KEY_\($0)"] ?? "")=\(environment["GIT_CONFIG_VALUE_\($0)"] ?? "")"
    }
    #expect(
      settings.contains("http.https://h.example/a.git.extraHeader=Authorization: Basic eA=="))
    #expect(settings.contains("http.followRedirects=false"))
    #expect(settings.contains("core.hooksPath=/dev/null"))
  }

  @Test("that is missing is told with what to do")
  func missing() throws {
    let error = #expect(throws: RemoteSourceError.self) {
      try GitProgram(.init(knownHosts: "/k"), environment: ["PATH": "/nonexistent:relative"])
    }
    #expect("\(try #require(error))".contains("hint: install it"))
  }

  @Test(
    "that failed is told with what its words ask for, whatever digits the address has",
    arguments: [
      ("unable to access 'URL/': The requested URL returned error: 302", "redirect"),
      ("unable to access 'URL/': The requested URL returned error: 403", "GIT_AUTH_TOKEN"),
      ("could not read Username for 'URL': terminal prompts disabled", "GIT_AUTH_TOKEN"),
      ("transport 'file' not allowed", "https, http, git and ssh"),
      ("unable to access 'URL/': The requested URL returned error: 500", nil),
      ("repository 'URL/' not found", nil),
    ] as [(String, String?)])
  func advice(words: String, advised: String?) throws {
    for place in ["http://127.0.0.1:40157/redirect/not allowed.git", "git@host:401/403/redirect"] {
      let error = RemoteSourceError.gitFailed(
        place, activity: "asking", output: words.replacing("URL", with: place))
      let hint = "\(error)".firstRange(of: "; hint: ").map { "\(error)"[$0.upperBound...] }
      #expect((hint == nil) == (advised == nil), "\(error)")
      #expect(hint?.contains(advised ?? "") != false, "\(error)")
    }
  }
}
