import Registry
import SystemPackage
import TestSupport
import Testing

@Suite("CredentialStore")
struct CredentialStoreTests {
  private let scratch: CredentialScratch

  init() throws {
    scratch = try CredentialScratch()
  }

  private func find(_ registry: String, _ repository: String? = nil) async throws -> String? {
    try await scratch.store.credential(for: registry, repository: repository)?.plainText
  }

  /// The words of the error that looking for the credential of `r.test` ends with.
  private func complaint(_ scratch: CredentialScratch) async -> String {
    do {
      let found = try await scratch.store.credential(for: "r.test")
      return "no error, but \(String(describing: found))"
    } catch {
      return "\(error)"
    }
  }

  @Test("finds nothing where there is nothing")
  func nothing() async throws {
    #expect(try await find("docker.io") == nil)
    try scratch.docker("")
    #expect(try await find("docker.io") == nil)
    try scratch.docker(#"{"auths": null, "credHelpers": null, "credsStore": null}"#)
    #expect(try await find("docker.io") == nil)
    #expect(
      try await CredentialStore(environment: [:], systemRoot: scratch.folder("system"))
        .credential(for: "docker.io") == nil)
  }

  @Test(
    "reads every form of an entry",
    arguments: [
      (#"{"auth": "dXNlcjpwYXNz"}"#, "user:pass"),
      // `user:pa:ss:`, with and without padding, broken over lines, and in the alphabet of URLs.
      (#"{"auth": "dXNlcjpwYTpzczo="}"#, "user:pa:ss:"),
      (#"{"auth": "dXNlcjpwYTpzczo"}"#, "user:pa:ss:"),
      (#"{"auth": "dXNlcjpw\nYTpzczo="}"#, "user:pa:ss:"),
      (#"{"auth": "dTrDv8O_"}"#, "u:ÿÿ"),
      (#"{"auth": "dXNlcjo="}"#, "user:"),
      (#"{"auth": "dTpwAAA="}"#, "u:p"),
      (#"{"username": "user", "password": "p\u00e4ss"}"#, "user:päss"),
      (#"{"username": "a", "password": "b", "auth": "dXNlcjpwYXNz"}"#, "user:pass"),
      (#"{"auth": "dXNlcjo=", "identitytoken": "tok"}"#, "identity token tok"),
      (#"{"identitytoken": "tok"}"#, "identity token tok"),
      (#"{"registrytoken": "tok"}"#, "registry token tok"),
      (#"{"email": "a@b.c", "auth": "dXNlcjpwYXNz", "identitytoken": ""}"#, "user:pass"),
    ])
  func forms(entry: String, expected: String) async throws {
    try scratch.docker(#"{"auths": {"r.test": \#(entry)}}"#)
    #expect(try await find("r.test") == expected)
  }

  @Test("passes over entries that hold nothing", arguments: ["{}", "null", #"{"auth": ""}"#])
  func emptyEntries(entry: String) async throws {
    try scratch.docker(#"{"auths": {"r.test": \#(entry)}}"#)
    #expect(try await find("r.test") == nil)
  }

  @Test(
    "knows a registry by every spelling of its name",
    arguments: [
      ("r.test", "r.test"), ("https://r.test", "r.test"), ("http://r.test/", "r.test"),
      ("https://r.test/v1/", "r.test"), ("https://r.test/v2/", "r.test"), ("r.test/v2", "r.test"),
      ("https://r.test/any/path", "r.test"), ("R.Test", "r.test"), ("r.test", "R.TEST"),
      ("r.test:5000", "r.test:5000"), ("https://r.test:5000/v1/", "r.test:5000"),
      ("[::1]:5000", "[::1]:5000"),
      ("https://index.docker.io/v1/", "docker.io"), ("index.docker.io", "docker.io"),
      ("docker.io", "docker.io"), ("registry-1.docker.io", "docker.io"),
      ("docker.io", "registry-1.docker.io"), ("https://index.docker.io/v1/", "index.docker.io"),
    ])
  func spellings(key: String, registry: String) async throws {
    try scratch.docker(#"{"auths": {"other.test": {"auth": "eDp4"}, "\#(key)": {"auth": "dTpw"}}}"#)
    #expect(try await find(registry) == "u:p")
  }

  @Test(
    "gives no registry the credential of another",
    arguments: [
      ("r.test", "r.test:5000"), ("r.test:5000", "r.test"), ("r.test", "a.r.test"),
      ("r.test", "r.test.evil"), ("https://r.test", "https"), ("r.test/a", "r.test"),
      ("docker.io.evil", "docker.io"), ("docker.io", "mirror.test"), ("", "r.test"),
      ("https://", "r.test"),
    ])
  func strangers(key: String, registry: String) async throws {
    try scratch.docker(#"{"auths": {"\#(key)": {"auth": "dTpw"}}}"#)
    #expect(try await find(registry) == nil)
  }

  @Test(
    "takes the narrowest namespace around a repository",
    arguments: [
      ("a/b/c", "repository:"), ("a/b", "inner:"), ("a/b/other", "inner:"), ("a/bc", "outer:"),
      ("a/x/y/z", "outer:"), ("z", "registry:"), (nil, "registry:"),
    ])
  func namespaces(repository: String?, expected: String) async throws {
    // `registry:`, `outer:`, `inner:` and `repository:`.
    try scratch.folder.write(
      """
      {"auths": {"r.test": {"auth": "cmVnaXN0cnk6"}, "r.test/a": {"auth": "b3V0ZXI6"},
        "r.test/a/b": {"auth": "aW5uZXI6"}, "r.test/a/b/c": {"auth": "cmVwb3NpdG9yeTo="}}}
      """, to: "runtime/containers/auth.json")
    #expect(try await find("r.test", repository) == expected)
  }

  @Test("asks the files in their order, and the next where one has nothing")
  func order() async throws {
    var scratch = scratch
    let user = "\(scratch.folder("config"))"
    scratch.environment["XDG_CONFIG_HOME"] = user
    func expect(_ expected: String?, _ scratch: CredentialScratch) async throws {
      #expect(try await scratch.store.credential(for: "r.test")?.plainText == expected)
    }
    func entry(_ encoded: String) -> String { #"{"auths": {"r.test": {"auth": "\#(encoded)"}}}"# }
    try await expect(nil, scratch)
    try scratch.folder.write(entry("dTo0"), to: "config/containers/auth.json")
    try await expect("u:4", scratch)
    try scratch.folder.write(entry("dToz"), to: "runtime/containers/auth.json")
    try await expect("u:3", scratch)
    try scratch.docker(entry("dToy"))
    try await expect("u:2", scratch)
    scratch.environment["REGISTRY_AUTH_FILE"] = scratch.folder("explicit.json").string
    try await expect("u:2", scratch)
    try scratch.folder.write(entry("dTox"), to: "explicit.json")
    try await expect("u:1", scratch)
    try scratch.folder.write("{}", to: "explicit.json")
    try await expect("u:2", scratch)
    scratch.environment["DOCKER_CONFIG"] = scratch.folder("elsewhere").string
    try await expect("u:3", scratch)
  }

  @Test("finds Podman's file of a user without a runtime directory")
  func withoutRuntimeDirectory() async throws {
    var scratch = scratch
    scratch.environment["XDG_RUNTIME_DIR"] = nil
    let user = try await Command("id", ["-u"]).check().text
    try scratch.folder.write(
      #"{"auths": {"r.test": {"auth": "dTpw"}}}"#, to: "system/run/containers/\(user)/auth.json")
    #expect(try await scratch.store.credential(for: "r.test")?.plainText == "u:p")
  }

  @Test("reads nothing until it is asked, and every time anew")
  func freshness() async throws {
    let store = scratch.store
    #expect(try await store.credential(for: "r.test") == nil)
    try scratch.docker(#"{"auths": {"r.test": {"auth": "dTpw"}}}"#)
    #expect(try await store.credential(for: "r.test") != nil)
  }

  @Test("lists what the files know")
  func registries() async throws {
    try scratch.docker(
      """
      {"auths": {"https://index.docker.io/v1/": {}, "r.test/a": {}, "R.test": {}},
        "credHelpers": {"h.test": "x"}}
      """)
    try scratch.folder.write(#"{"auths": {"docker.io": {}}}"#, to: "runtime/containers/auth.json")
    #expect(try await scratch.store.registries() == ["docker.io", "h.test", "r.test", "r.test/a"])
  }

  @Test(
    "says where a malformed file is wrong, and shows nothing of it",
    arguments: [
      ("s3cret", "line 1, column 1: a value is expected"),
      ("{\n  \"auths\": {\"s3cret\"}\n}", "line 2, column 21: `:` is expected"),
      (#"{"auths": {}} s3cret"#, "line 1, column 15: something follows the document"),
      (#"{"auths": {"r.test": {"auth": "s3cret"#, "a string has no end"),
      ("[]", "is not a JSON object"), ("\"s3cret\"", "is not a JSON object"),
      (#"{"auths": ["s3cret"]}"#, "`auths`"), (#"{"auths": "s3cret"}"#, "`auths`"),
      (#"{"auths": {"r.test": "s3cret"}}"#, "`auths.r.test`"),
      (#"{"auths": {"r.test": {"auth": 1}}}"#, "`auths.r.test.auth`"),
      (#"{"auths": {"r.test": {"auth": "s3cret!"}}}"#, "`auth` is not base64"),
      (#"{"auths": {"r.test": {"auth": "s3cre"}}}"#, "`auth` is not base64"),
      (#"{"auths": {"r.test": {"auth": "czNjcmV0"}}}"#, "no colon between name and password"),
      (#"{"auths": {"r.test": {"auth": "OnMzY3JldA"}}}"#, "a password and no name"),
      (#"{"auths": {"r.test": {"auth": "dTr/"}}}"#, "`auth` is not text"),
      (#"{"auths": {"r.test": {"password": "s3cret"}}}"#, "a password and no name"),
      (#"{"credsStore": ["s3cret"]}"#, "`credsStore`"),
      (#"{"credHelpers": "s3cret"}"#, "`credHelpers`"),
      (#"{"credHelpers": {"r.test": {}}}"#, "`credHelpers.r.test`"),
      (#"{"credsStore": "../../bin/sh"}"#, "`../../bin/sh`"),
      (#"{"credHelpers": {"r.test": "a b"}}"#, "`a b`"),
      (String(repeating: "[", count: 1_000_000), "nested too deeply"),
    ])
  func malformed(text: String, words: String) async throws {
    try scratch.docker(text)
    let complaint = await complaint(scratch)
    #expect(complaint.contains(words), "\(complaint)")
    #expect(complaint.contains("`\(scratch.dockerFile)`"), "\(complaint)")
    #expect(complaint.contains("; hint: "), "\(complaint)")
    for secret in ["s3cret", "czNjcmV0", "OnMzY3JldA"] { #expect(!complaint.contains(secret)) }
  }

  @Test("does not mind what is wrong with the entries of others")
  func othersEntries() async throws {
    try scratch.docker(#"{"auths": {"r.test": {"auth": "dTpw"}, "x.test": {"auth": "!"}}}"#)
    #expect(try await find("r.test") == "u:p")
  }

  @Test("refuses bytes that are not UTF-8")
  func notUTF8() async throws {
    try Files.write(
      Array(#"{"auths": {}, "x": ""#.utf8) + [0xFF, 0x22, 0x7D], to: scratch.dockerFile)
    #expect(await complaint(scratch).contains("it is not UTF-8"))
  }

  @Test("says what cannot be read, and why")
  func unreadable() async throws {
    try scratch.folder.directory("home/.docker/config.json")
    #expect(await complaint(scratch) == "cannot read `\(scratch.dockerFile)`: is a directory")
    Files.remove(scratch.dockerFile)
    try Files.write([UInt8](repeating: 0x20, count: 5 << 20), to: scratch.dockerFile)
    #expect(await complaint(scratch) == "cannot read `\(scratch.dockerFile)`: file too large")
    Files.remove(scratch.dockerFile)
    try await Command("ln", ["-s", "config.json", scratch.dockerFile.string]).check()
    #expect(
      await complaint(scratch).hasPrefix(
        "cannot open `\(scratch.dockerFile)`: too many levels of symbolic links"))
  }

  @Test(
    "says that a file may not be read", .enabled(if: !Requirement.root, "root may read everything"))
  func closed() async throws {
    try scratch.folder.write("{}", to: "home/.docker/config.json", mode: 0o000)
    #expect(await complaint(scratch) == "cannot open `\(scratch.dockerFile)`: permission denied")
  }

  @Test("takes a file on the way that is no directory for none")
  func noDirectory() async throws {
    try scratch.folder.write("", to: "home/.docker")
    #expect(try await find("r.test") == nil)
  }
}
