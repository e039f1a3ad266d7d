import Glibc
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite("RegistryConfiguration")
struct RegistryConfigurationTests {
  private var scratch: ConfigurationScratch

  init() throws {
    scratch = try ConfigurationScratch()
  }

  @Test(
    "needs no settings",
    arguments: [
      ("docker.io/library/a", "https://registry-1.docker.io/v2/library/a"),
      ("index.docker.io/library/a", "https://registry-1.docker.io/v2/library/a"),
      ("r.test/a", "https://r.test/v2/a"), ("r.test:8443/a/b", "https://r.test:8443/v2/a/b"),
      ("R.Test/a", "https://r.test/v2/a"), ("10.0.0.1:5000/a", "https://10.0.0.1:5000/v2/a"),
      ("localhost/a", "http://localhost/v2/a"), ("localhost:5000/a", "http://localhost:5000/v2/a"),
      ("127.0.0.1:5000/a", "http://127.0.0.1:5000/v2/a"),
      ("127.200.3.4/a", "http://127.200.3.4/v2/a"), ("[::1]:5000/a", "http://[::1]:5000/v2/a"),
      ("[0:0:0:0:0:0:0:1]/a", "http://[0:0:0:0:0:0:0:1]/v2/a"), ("[::2]/a", "https://[::2]/v2/a"),
      ("localhost.test/a", "https://localhost.test/v2/a"),
      ("127.0.0.1.test/a", "https://127.0.0.1.test/v2/a"), ("r.test", "https://r.test/v2/"),
    ])
  func defaults(name: String, expected: String) throws {
    #expect(try scratch.pull(name) == [expected])
    #expect(try scratch.push(name) == [expected])
  }

  @Test(
    "refuses what is no registry",
    arguments: [
      "", "..", ".", "a..b", "a b", "user@r.test", "r.test:", "r.test:0", "r.test:65536",
      "r.test:x",
      "r.test:1:2", "[::1", "[r.test]", "[127.0.0.1]", "[::1]x", "[::1]:", "::1", "r.test\0",
      "é.test",
      "r.test/..", "-\n",
    ])
  func malformedRegistry(text: String) throws {
    #expect(throws: RegistryConfigurationError.malformedRegistry(text)) {
      try scratch.configuration.endpoints(for: text, repository: "a", pulling: true)
    }
  }

  // MARK: - registries.conf

  @Test("asks mirrors in their order, and the registry last")
  func mirrors() throws {
    try scratch.registries(
      """
      unqualified-search-registries = ["example.com"]
      short-name-mode = "enforcing"
      credential-helpers = ["containers-auth.json"]

      [[registry]]
      prefix = "example.com/foo"
      insecure = false
      blocked = false
      location = "internal.test/bar"

      [[registry.mirror]]
      location = "mirror-0.test/mirror-for-foo"

      [[registry.mirror]]
      location = "mirror-1.test:8080/mirrors/foo/" # slashes at the end are nothing
      insecure = true

      [aliases]
      "a" = "example.com/a"
      """)
    #expect(
      try scratch.pull("example.com/foo/image") == [
        "https://mirror-0.test/v2/mirror-for-foo/image mirror",
        "https://mirror-1.test:8080/v2/mirrors/foo/image mirror unverified",
        "http://mirror-1.test:8080/v2/mirrors/foo/image mirror fallback",
        "https://internal.test/v2/bar/image",
      ])
    // The prefix may be the repository itself, but not the half of a word.
    #expect(try scratch.pull("example.com/foo").last == "https://internal.test/v2/bar")
    #expect(try scratch.pull("example.com/foobar") == ["https://example.com/v2/foobar"])
    #expect(try scratch.push("example.com/foo/image") == ["https://example.com/v2/foo/image"])
  }

  @Test(
    "takes the longest prefix",
    arguments: [
      ("r.test/x", "1"), ("r.test/a", "2"), ("r.test/a/x", "2"), ("r.test/ab", "1"),
      ("r.test/a/b/c", "3"), ("x.r.test/y", "4"), ("x.y.r.test:99/z", "4"), ("s.r.test/z", "5"),
      ("s.r.test:1/z", "4"), ("R.TEST/x", "1"), ("r.test:5000/x", nil), ("xr.test/a", nil),
      ("r.test.x/a", nil), ("docker.io/library/alpine", "6"), ("docker.io/alpine", nil),
      ("index.docker.io/library/x", "6"),
    ] as [(String, String?)])
  func prefixes(name: String, entry: String?) throws {
    try scratch.registries(
      """
      [[registry]]
      location = "r.test"
      [[registry.mirror]]
      location = "mirror.test/1"
      [[registry]]
      prefix = "r.test/a"
      [[registry.mirror]]
      location = "mirror.test/2"
      [[registry]]
      prefix = "r.test/a/b"
      mirror = [{ location = "mirror.test/3" }]
      [[registry]]
      prefix = "*.r.test"
      mirror = [{ location = "mirror.test/4" }]
      [[registry]]
      prefix = "s.r.test"
      mirror = [{ location = "mirror.test/5" }]
      [[registry]]
      prefix = "docker.io/library"
      mirror = [{ location = "mirror.test/6" }]
      """)
    let first = try #require(try scratch.pull(name).first)
    if let entry {
      #expect(first.hasPrefix("https://mirror.test/v2/\(entry)"), "\(first)")
    } else {
      #expect(!first.contains("mirror"))
    }
  }

  @Test(
    "uses a mirror for what it is for",
    arguments: [("all", 1, 1), ("digest-only", 0, 1), ("tag-only", 1, 0), ("", 1, 1)])
  func mirrorUse(use: String, byTag: Int, byDigest: Int) throws {
    try scratch.registries(
      """
      [[registry]]
      location = "r.test"
      [[registry.mirror]]
      location = "mirror.test"
      pull-from-mirror = "\(use)"
      """)
    #expect(try scratch.pull("r.test/a").count == byTag + 1)
    #expect(try scratch.pull("r.test/a", byDigest: true).count == byDigest + 1)
  }

  @Test("uses mirrors by digest only where the registry says so")
  func mirrorByDigestOnly() throws {
    let text = """
      [[registry]]
      location = "r.test"
      mirror-by-digest-only = true
      [[registry.mirror]]
      location = "mirror.test"

      """
    try scratch.registries(text)
    #expect(try scratch.pull("r.test/a").count == 1)
    #expect(try scratch.pull("r.test/a", byDigest: true).count == 2)
    try scratch.registries(text + "pull-from-mirror = \"all\"")
    #expect(scratch.complaint().contains("registries.conf:6` is malformed: `pull-from-mirror` and"))
  }

  @Test("lets nothing through that is blocked, and says by what")
  func blocked() throws {
    try scratch.registries(
      """
      # Not this one.
      [[registry]]
      prefix = "*.evil.test"
      blocked = true
      [[registry]]
      location = "r.test/a"
      blocked = true
      [[registry]]
      location = "r.test/a/fine"
      """)
    let file = scratch.folder("system/etc/containers/registries.conf")
    for name in ["r.test/a", "r.test/a/b"] {
      #expect(
        scratch.complaint(name)
          == "`\(name)` is blocked by `\(file):5`; hint: take `blocked = true` out there")
      #expect(throws: RegistryConfigurationError.blocked(name, file, line: 5)) {
        try scratch.push(name)
      }
    }
    #expect(scratch.complaint("x.evil.test").hasPrefix("`x.evil.test` is blocked by"))
    #expect(try scratch.pull("r.test/a/fine") == ["https://r.test/v2/a/fine"])
    #expect(try scratch.pull("r.test") == ["https://r.test/v2/"])
  }

  @Test("tries an insecure registry with TLS, and then without")
  func insecure() throws {
    try scratch.registries(
      """
      [[registry]]
      location = "r.test"
      insecure = true
      [[registry]]
      location = "localhost:5000"
      insecure = true
      [[registry]]
      location = "localhost:5001"
      insecure = false
      [[registry]]
      location = "docker.io"
      insecure = true
      [[registry.mirror]]
      location = "localhost:5002"
      [[registry.mirror]]
      location = "index.docker.io/copy"
      """)
    for name in ["r.test/a", "localhost:5000/a"] {
      let authority = name.dropLast(2)
      let both = ["https://\(authority)/v2/a unverified", "http://\(authority)/v2/a fallback"]
      #expect(try scratch.pull(name) == both)
      #expect(try scratch.push(name) == both)
    }
    #expect(try scratch.pull("localhost:5001/a") == ["https://localhost:5001/v2/a"])
    #expect(
      try scratch.pull("docker.io/library/a") == [
        "http://localhost:5002/v2/library/a mirror",
        "https://registry-1.docker.io/v2/copy/library/a mirror",
        "https://registry-1.docker.io/v2/library/a unverified",
        "http://registry-1.docker.io/v2/library/a fallback",
      ])
  }

  @Test("understands the lists of version 1 that forbid and allow")
  func firstVersion() throws {
    try scratch.registries(
      """
      [registries.search]
      registries = ['s.test']
      [registries.insecure]
      registries = ['i.test', 'b.test']
      [registries.block]
      registries = [
        'b.test',
        'c.test/x',
      ]
      """)
    #expect(try scratch.pull("s.test/a") == ["https://s.test/v2/a"])
    #expect(try scratch.pull("i.test/a").count == 2)
    #expect(scratch.complaint("b.test/a").contains("registries.conf:4`"))
    #expect(scratch.complaint("c.test/x/y").contains("registries.conf:8`"))
  }

  @Test("reads the user's files before the system's, and drop-ins over both")
  func files() throws {
    var scratch = scratch
    func entry(_ prefix: String, _ location: String) -> String {
      "[[registry]]\nprefix = \"\(prefix)\"\nlocation = \"\(location)\"\n"
    }
    func location(_ prefix: String) throws -> String {
      try #require(try scratch.endpoints(prefix + "/a").last).location
    }
    try scratch.registries(entry("a.test", "x.test/system") + entry("b.test", "x.test/system"))
    #expect(try location("a.test") == "system")
    for (name, to) in [("20.conf", "second"), ("10.conf", "first"), ("30.ignored", "ignored")] {
      try scratch.write(
        entry("a.test", "x.test/" + to), to: "system/etc/containers/registries.conf.d/" + name)
    }
    #expect(try location("a.test") == "second")
    #expect(try location("b.test") == "system")
    // Without a file of the user, both kinds of drop-ins count.
    try scratch.write(
      entry("b.test", "x.test/user-drop-in"),
      to: "home/.config/containers/registries.conf.d/00.conf")
    #expect(try location("a.test") == "second")
    #expect(try location("b.test") == "user-drop-in")
    // With one, nothing of the system does.
    try scratch.write(entry("c.test", "x.test/user"), to: "home/.config/containers/registries.conf")
    #expect(try location("a.test") == "")
    #expect(try location("b.test") == "user-drop-in")
    #expect(try location("c.test") == "user")
    scratch.environment["XDG_CONFIG_HOME"] = scratch.folder("config").string
    #expect(try location("a.test") == "second")
    scratch.environment["CONTAINERS_REGISTRIES_CONF"] = scratch.folder("mine.conf").string
    #expect(
      scratch.complaint()
        == "`\(scratch.folder("mine.conf"))`, which `CONTAINERS_REGISTRIES_CONF` names, "
        + "does not exist; hint: correct the variable, or unset it")
    try scratch.write(entry("d.test", "x.test/mine"), to: "mine.conf")
    #expect(try location("d.test") == "mine")
    #expect(try location("a.test") == "second")
    #expect(try location("b.test") == "")
  }

  @Test(
    "says which line of registries.conf is wrong, and shows it",
    arguments: [
      (
        "[[registry]]\nprefix r.test", 2,
        "not TOML: `=` is expected after a key in `prefix r.test`; "
      ),
      ("\r\n  [[registry]\r\n", 2, "is followed by `]` in `[[registry]`; "),
      ("\u{1}\u{1B}[2J", 1, "in `\\u{01}\\u{1B}[2J`"),
      ("[[registry]]\nblocked = true", 1, "a registry needs a `prefix` or a `location`"),
      ("[[registry]]\nlocation = \"\"", 1, "a registry needs a `prefix` or a `location`"),
      ("[[registry]]\nlocation = 'https://r.test'", 2, "`https://r.test` is a URL"),
      ("[[registry]]\nlocation = 'a b'", 2, "`a b` is not `host[:port][/namespace]`"),
      ("[[registry]]\nlocation = '../..'", 2, "`../..` is not"),
      ("[[registry]]\nlocation = 'r.test/../x'", 2, "`r.test/../x` is not"),
      ("[[registry]]\nlocation = 'me:pw@r.test'", 2, "`me:pw@r.test` is not"),
      ("[[registry]]\nlocation = 'r.test/a:tag'", 2, "`r.test/a:tag` stands for one image"),
      ("[[registry]]\n\nprefix = '*.r.test/a'", 3, "`*.r.test/a` is not"),
      ("[[registry]]\nprefix = '*.r.test:5'", 2, "`*.r.test:5` is not"),
      ("[[registry]]\nprefix = 'a.*.test'", 2, "`a.*.test` is not"),
      (
        "[[registry]]\nlocation = 'r.test'\ninsecure = 'yes'", 3,
        "`insecure` is not `true` or `false`"
      ),
      ("[[registry]]\nlocation = 'r.test'\nblocked = 1", 3, "`blocked` is not `true` or `false`"),
      ("[[registry]]\nlocation = ['r.test']", 2, "`location` is not a string"),
      ("[registry]\nlocation = 'r.test'", 1, "`registry` is not an array of tables"),
      ("registry = [1]", 1, "`registry` is not an array of tables"),
      ("[[registry]]\nlocation = 'r.test'\n[[registry.mirror]]", 3, "a mirror needs a `location`"),
      ("[[registry]]\nlocation = 'r.test'\nmirror = 1", 3, "`mirror` is not an array of tables"),
      (
        "[[registry]]\nlocation='r.test'\n[[registry.mirror]]\nlocation='m.test'\npull-from-mirror='x'",
        5, "`x` is none of `all`, `digest-only` and `tag-only`"
      ),
      ("registries = 1", 1, "`registries` is not a table"),
      ("[registries.block]\nregistries = [1]", 2, "`block` is not a list of strings"),
    ])
  func malformedRegistries(text: String, line: Int, words: String) throws {
    try scratch.registries(text)
    let complaint = scratch.complaint()
    let file = scratch.folder("system/etc/containers/registries.conf")
    #expect(complaint.hasPrefix("`\(file):\(line)` is "), "\(complaint)")
    #expect(complaint.contains(words), "\(complaint)")
  }

  // MARK: - daemon.json

  @Test("asks Docker's mirrors for images of Docker Hub alone")
  func dockerMirrors() throws {
    try scratch.daemon(
      """
      {"registry-mirrors": ["https://m.test", "http://plain.test:8080/", "https://m.test/base/path/",
        "https://localhost:5000", "HTTPS://i.test"], "insecure-registries": ["i.test"], "debug": true}
      """)
    #expect(
      try scratch.pull("docker.io/library/a") == [
        "https://m.test/v2/library/a mirror", "http://plain.test:8080/v2/library/a mirror",
        "https://m.test/base/path/v2/library/a mirror",
        "https://localhost:5000/v2/library/a mirror",
        "https://i.test/v2/library/a mirror unverified",
        "http://i.test/v2/library/a mirror fallback",
        "https://registry-1.docker.io/v2/library/a",
      ])
    #expect(try scratch.push("docker.io/me/a") == ["https://registry-1.docker.io/v2/me/a"])
    #expect(try scratch.pull("r.test/library/a") == ["https://r.test/v2/library/a"])
  }

  @Test("asks the mirrors of registries.conf before those of daemon.json")
  func bothKinds() throws {
    try scratch.daemon(#"{"registry-mirrors": ["https://second.test"]}"#)
    try scratch.registries(
      "[[registry]]\nlocation='docker.io'\n[[registry.mirror]]\nlocation='first.test'")
    #expect(
      try scratch.endpoints("docker.io/library/a").map(\.authority)
        == ["first.test", "second.test", "registry-1.docker.io"])
  }

  @Test(
    "knows insecure registries by name, address and range",
    arguments: [
      ("a.test", true), ("A.test", true), ("a.test:5000", false), ("b.test:5000", true),
      ("b.test", false), ("c.test", true), ("d.test:80", true), ("10.1.2.3", true),
      ("10.1.2.3:5000", true), ("11.1.2.3", false), ("192.168.4.255:1", true),
      ("192.168.5.0", false), ("172.16.0.1", true), ("172.16.0.2", false), ("[fd00::1]:5000", true),
      ("[fe00::1]:5000", false), ("x.test", false),
    ])
  func insecureRegistries(registry: String, isInsecure: Bool) throws {
    try scratch.daemon(
      """
      {"insecure-registries": ["a.test", "b.test:5000", "http://c.test", "https://d.test:80",
        "10.0.0.0/8", "192.168.4.0/24", "172.16.0.1/32", "fd00::/8"]}
      """)
    #expect(try scratch.pull(registry + "/a").count == (isInsecure ? 2 : 1))
  }

  @Test("adds the user's daemon.json, which a rootless daemon reads, to the system's")
  func rootlessDaemon() throws {
    try scratch.daemon(#"{"insecure-registries": ["a.test"]}"#)
    try scratch.write(
      #"{"insecure-registries": ["b.test"]}"#, to: "home/.config/docker/daemon.json")
    for name in ["a.test/x", "b.test/x"] { #expect(try scratch.pull(name).count == 2) }
  }

  @Test("takes an empty daemon.json for none", arguments: ["", "\n", "{}"])
  func emptyDaemon(text: String) throws {
    try scratch.daemon(text)
    #expect(try scratch.pull("r.test/a") == ["https://r.test/v2/a"])
  }

  @Test(
    "says what is wrong with daemon.json",
    arguments: [
      ("{", "is not JSON: line 1, column 2"), ("[]", "is not a JSON object"),
      (#"{"registry-mirrors": "https://m.test"}"#, "`registry-mirrors` in "),
      (#"{"registry-mirrors": [1]}"#, "it is not a list of strings"),
      (
        #"{"registry-mirrors": ["m.test"]}"#,
        "`m.test` begins with neither `https://` nor `http://`"
      ),
      (#"{"registry-mirrors": ["ftp://m.test"]}"#, "begins with neither"),
      (#"{"registry-mirrors": ["https://m.test?x"]}"#, "is not the URL of a mirror"),
      (#"{"registry-mirrors": ["https://m.test/a?x"]}"#, "is not the URL of a mirror"),
      (#"{"registry-mirrors": ["https://"]}"#, "is not the URL of a mirror"),
      (#"{"registry-mirrors": ["https://me:s3cret@m.test"]}"#, "has no user and password"),
      (#"{"insecure-registries": ["10.0.0.0/33"]}"#, "`10.0.0.0/33` is neither a host"),
      (#"{"insecure-registries": ["a/b"]}"#, "`a/b` is neither a host"),
      (#"{"insecure-registries": {}}"#, "it is not a list of strings"),
    ])
  func malformedDaemon(text: String, words: String) throws {
    try scratch.daemon(text)
    let complaint = scratch.complaint()
    #expect(complaint.contains(words), "\(complaint)")
    #expect(complaint.contains("`\(scratch.folder("system/etc/docker/daemon.json"))`"))
    #expect(!complaint.contains("s3cret"))
  }

  // MARK: - Files that cannot be read

  @Test(
    "says what cannot be read, and why",
    arguments: [
      "system/etc/docker/daemon.json", "home/.config/docker/daemon.json",
      "system/etc/containers/registries.conf", "home/.config/containers/registries.conf",
      "home/.config/containers/registries.conf.d/a.conf",
    ])
  func unreadable(relative: String) async throws {
    let file = scratch.folder(relative)
    try scratch.folder.directory(relative)
    #expect(scratch.complaint() == "cannot read `\(file)`: is a directory")
    Files.remove(file)
    try Files.write([UInt8](repeating: 0x20, count: 5 << 20), to: file)
    #expect(scratch.complaint() == "cannot read `\(file)`: file too large")
    Files.remove(file)
    try await Command("ln", ["-s", file.string, file.string]).check()
    #expect(scratch.complaint().hasPrefix("cannot open `\(file)`: too many levels"))
  }

  @Test(
    "passes over what the Docker daemon keeps to itself, and over nothing else",
    .enabled(if: !Requirement.root, "root may read everything"))
  func closed() throws {
    try scratch.folder.write("{", to: "system/etc/docker/daemon.json", mode: 0o000)
    let certificates = try scratch.folder.directory("system/etc/docker/certs.d/r.test")
    chmod(certificates.string, 0)
    #expect(try scratch.pull("r.test/a") == ["https://r.test/v2/a"])
    let file = try scratch.folder.write(
      "", to: "system/etc/containers/registries.conf", mode: 0o000)
    #expect(scratch.complaint() == "cannot open `\(file)`: permission denied")
  }
}
