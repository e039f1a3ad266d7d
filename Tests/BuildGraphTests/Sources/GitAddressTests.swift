import BuildGraph
import Testing

@Suite("Addresses of git repositories")
struct GitAddressTests {
  /// `remote`, then what differs from the default.
  private func text(_ address: GitAddress) -> String {
    var words = [address.remote]
    if let reference = address.reference { words.append("#" + reference) }
    if let folder = address.subdirectory { words.append(":" + folder) }
    if let checksum = address.checksum { words.append("is " + checksum) }
    if let keeps = address.keepsGitDirectory { words.append(keeps ? "keep" : "drop") }
    if let fetches = address.fetchesSubmodules { words.append(fetches ? "submodules" : "alone") }
    if let depth = address.fetchDepth { words.append("depth \(depth)") }
    if address.fileTimes == .commit { words.append("times") }
    if address.looksLocal { words.append("local") }
    return words.joined(separator: " ")
  }

  @Test(
    "are read as BuildKit reads them",
    arguments: [
      ("https://host.example/a/b.git", "https://host.example/a/b.git"),
      ("https://host.example/a.git#v1", "https://host.example/a.git #v1"),
      ("https://host.example/a.git#rel/1.2:docs/x", "https://host.example/a.git #rel/1.2 :docs/x"),
      ("https://host.example/a.git#:docs", "https://host.example/a.git :docs"),
      ("https://host.example/a.git#", "https://host.example/a.git"),
      ("HTTPS://host.example/a.git", "https://host.example/a.git"),
      ("https://me:secret@host.example/a.git", "https://me:secret@host.example/a.git"),
      ("http://127.0.0.1:8080/x/.git#main", "http://127.0.0.1:8080/x/.git #main"),
      ("git://host.example/a", "git://host.example/a"),
      ("ssh://me@host.example:2222/a/b", "ssh://me@host.example:2222/a/b"),
      ("git@host.example:a/b", "git@host.example:a/b"),
      ("git@host.example:/a/b.git#v1:c", "git@host.example:/a/b.git #v1 :c"),
      ("host.example:a/b.git", "host.example:a/b.git"),
      ("other_user-9@h-1.example:~/a.git/", "other_user-9@h-1.example:~/a.git/"),
      ("github.com/a/b", "https://github.com/a/b local"),
      ("github.com/a/b#main:c", "https://github.com/a/b #main :c local"),
      ("https://host.example/a.git?branch=x", "https://host.example/a.git #refs/heads/x"),
      (
        "https://host.example/a.git?tag=v1&subdir=/d",
        "https://host.example/a.git #refs/tags/v1 :/d"
      ),
      ("https://host.example/a.git?ref=v1#v1", "https://host.example/a.git #v1"),
      (
        "https://host.example/a.git?tag=v1#refs/tags/v1", "https://host.example/a.git #refs/tags/v1"
      ),
      ("https://host.example/a.git?commit=1a2b", "https://host.example/a.git #1a2b is 1a2b"),
      (
        "https://host.example/a.git?checksum=1a2b&tag=v1",
        "https://host.example/a.git #refs/tags/v1 is 1a2b"
      ),
      ("https://host.example/a.git?keep-git-dir", "https://host.example/a.git keep"),
      (
        "https://host.example/a.git?keep-git-dir=0&submodules=false",
        "https://host.example/a.git drop alone"
      ),
      (
        "https://host.example/a.git?mtime=commit&fetch-depth=0",
        "https://host.example/a.git depth 0 times"
      ),
      ("git@host.example:a.git?branch=x#:d", "git@host.example:a.git #refs/heads/x :d"),
    ])
  func forms(address: String, expected: String) throws {
    #expect(try GitAddress.parse(address).map(text) == expected)
  }

  @Test(
    "are not what merely looks like one",
    arguments: [
      "https://host.example/", "https://host.example/a", "https://host.example/a.git/",
      "https://host.example/a.git.tar", "https://github.com/a/b", "http://host.example/a.git:#x",
      "./a.git", "../a.git", ".git", "a.git", "host.example/a/b.git", "file:///a.git",
      "ext::sh -c id", "-oProxyCommand=id:a", "ssh://-oProxyCommand=id/a", "--upload-pack=id:a",
      "oci-layout://a:b", "docker-image://a", "host:", "name:/path", "", ":", "a b:c",
      "git@-host:a",
    ])
  func others(text: String) throws {
    #expect(try GitAddress.parse(text) == nil)
  }

  @Test("of HTTP need no `.git` where somebody says that they are one")
  func known() throws {
    let address = try #require(try GitAddress.parse("https://host.example/a#b", isKnown: true))
    #expect(text(address) == "https://host.example/a #b")
    #expect(try GitAddress.parse("a/b", isKnown: true) == nil)
  }

  @Test(
    "that ask for nonsense say so, and show no password",
    arguments: [
      ("?x=1", "`x` is nothing that can be asked of a repository"), ("?ref=", "`ref` has no value"),
      ("?ref=a&ref=b", "`ref` is asked for twice"), ("?ref=a#b", "ref conflicts: `b` and `a`"),
      ("?subdir=a#b:c", "subdir conflicts: `c` and `a`"),
      ("?tag=a&branch=b", "branch conflicts with tag"),
      ("?keep-git-dir=x", "`keep-git-dir` cannot be `x`"),
      ("?mtime=now", "`mtime` cannot be `now`"),
      ("?ref=%zz", "its query cannot be read"), ("?commit=a&checksum=b", "commit conflicts"),
      ("?fetch-depth=-1", "`fetch-depth` cannot be `-1`"),
    ])
  func nonsense(query: String, message: String) {
    let error = #expect(throws: GitAddressError.self) {
      try GitAddress.parse("https://me:secret@host.example/a.git" + query)
    }
    let text = "\(error.map { "\($0)" } ?? "")"
    #expect(text.hasPrefix("`https://host.example/a.git`: "))
    #expect(text.contains(message))
    #expect(!text.contains("secret"))
  }
}

@Suite("Addresses of files")
struct HTTPSourceTests {
  @Test(
    "name their file by the last part of the path",
    arguments: [
      ("https://host.example/a/b.tar.gz", "b.tar.gz"), ("https://host.example/a/", "a"),
      ("https://host.example", "__unnamed__"), ("https://host.example/", "__unnamed__"),
      ("https://host.example/a?b=/c", "a"), ("https://host.example/a%20b", "a b"),
      ("https://host.example/a%2Fb", "b"), ("https://host.example/..", "__unnamed__"),
      ("https://host.example/a#b", "a"), ("https://host.example/%00", "__unnamed__"),
      ("https://host.example/a%zz", "__unnamed__"), ("https://host.example/a[1]*.txt", "a[1]*.txt"),
    ])
  func names(address: String, name: String) {
    #expect(HTTPSource.fileName(of: address) == name)
  }

  @Test("are shown without what may be secret")
  func shown() {
    let source = HTTPSource(address: "https://a:b@host.example/c?signature=d#e", fileName: "c")
    #expect(source.shown == "https://host.example/c")
  }
}
