import Archive
import OCI
import SystemPackage
import TestSupport
import Testing

// MARK: Clients

/// What `curl` says of a request.
private struct Answer {
  /// Of `curl` itself: 18 is a truncated body, 52 no answer at all, 56 a reset and so on.
  let exit: Int32
  let status: Int
  /// Of the last response; names in lower case.
  let headers: [String: String]
  let body: [UInt8]
  /// How many connections it took.
  let connections: Int

  var text: String { String(decoding: body, as: UTF8.self) }
}

/// Asks a server, with more arguments of `curl`'s. `input` is what `@-` stands for.
private func curl(
  _ url: String, _ arguments: String..., input: [UInt8] = []
) async throws -> Answer {
  let folder = try TemporaryDirectory()
  var command = Command(
    "curl",
    [
      "--silent", "--max-time", "120", "--noproxy", "nowhere", "-D", folder("head").string,
      "-o", folder("body").string, "-w", "%{http_code} %{num_connects}\n",
    ] + arguments + [url])
  command.input = input
  let result = try await command.run()
  let code: Int32 = if case .exited(let code) = result.status { code } else { -1 }
  var headers: [String: String] = [:]
  for line in ((try? Files.text(folder("head"))) ?? "").split(whereSeparator: \.isNewline) {
    if line.hasPrefix("HTTP/") { headers = [:] }
    guard let colon = line.firstIndex(of: ":") else { continue }
    headers[line[..<colon].lowercased()] = String(line[colon...].dropFirst(2))
  }
  let numbers = result.lines.last?.split(separator: " ").compactMap { Int($0) } ?? []
  return Answer(
    exit: code, status: numbers.first ?? 0, headers: headers,
    body: (try? Files.read(folder("body"))) ?? [], connections: numbers.last ?? 0)
}

/// Starts a request whose body is to be watched while it comes.
private func startCurl(_ url: String, _ arguments: String...) throws -> RunningCommand {
  try Command(
    "curl", ["--silent", "--no-buffer", "--noproxy", "nowhere"] + arguments + [url]
  ).start()
}

/// Copies an image with `skopeo`.
private func skopeo(_ source: String, _ target: String, _ arguments: String...) async throws
  -> Command.Result
{
  var options = ["--insecure-policy", "copy", "--quiet"]
  if !arguments.contains("--src-cert-dir") { options.append("--src-tls-verify=false") }
  if !arguments.contains("--dest-cert-dir") { options.append("--dest-tls-verify=false") }
  return try await Command("skopeo", options + arguments + [source, target]).run()
}

private let hasClients = Requirement.tools("curl", "skopeo")
private let bytes = (0..<1000).map { UInt8($0 % 251) }
private let digest = Digest.sha256(of: bytes)

extension FaultyRegistry {
  fileprivate func url(_ path: String) -> String { "\(url)/v2/app/\(path)" }

  /// Begins an upload and returns its URL.
  fileprivate func beginUpload(_ arguments: String) async throws -> String {
    let answer = try await curl(url("blobs/uploads/\(arguments)"), "-X", "POST")
    #expect(answer.status == 202)
    return try #require(answer.headers["location"])
  }

  /// Sends a chunk, with its place where that is given.
  fileprivate func send(
    _ chunk: some Sequence<UInt8>, at range: String? = nil, to location: String
  ) async throws -> Answer {
    let place = range.map { "Content-Range: \($0)" } ?? "X-None: 1"
    return try await curl(
      location, "-X", "PATCH", "-H", "Content-Type: application/octet-stream", "-H", place,
      "--data-binary", "@-", input: Array(chunk))
  }
}

// MARK: The protocol

@Suite("FaultyRegistry", .enabled(if: hasClients, "curl or skopeo is not installed"))
struct FaultyRegistryTests {
  private let registry: FaultyRegistry

  init() throws { registry = try FaultyRegistry() }

  @Test(
    "skopeo copies an image from it and back, and the digest stays",
    arguments: [FaultyRegistry.ImageFormat.oci, .docker], [CompressionFormat.gzip, .none])
  func copies(_ format: FaultyRegistry.ImageFormat, _ compression: CompressionFormat) async throws {
    let layers = [
      try SeedLayer.files(["etc/motd": "hello\n"], compression: compression),
      try SeedLayer.files(["srv/a": "a", "srv/b": "b"], compression: compression),
    ]
    let image = try registry.addImage(layers, format: format, to: "library/app", tag: "1")
    let folder = try TemporaryDirectory()
    let out = try await skopeo(
      "docker://\(registry.host)/library/app:1", "dir:\(folder("image"))")
    #expect(out.succeeded, "\(out)")
    let back = try await skopeo(
      "dir:\(folder("image"))", "docker://\(registry.host)/other/app:2", "--preserve-digests")
    #expect(back.succeeded, "\(back)")
    #expect(registry.descriptor("2", in: "other/app")?.digest == image.digest)
    for layer in layers { #expect(registry.hasBlob(.sha256(of: layer.bytes), in: "other/app")) }
    #expect(registry.uploadCount == 0)
  }

  @Test("skopeo copies an index with zstd layers and picks a platform from it")
  func index() async throws {
    let images = try ["amd64", "arm64"].map { architecture in
      try registry.addImage(
        [.files(["etc/arch": architecture], compression: .zstd)],
        configuration: ImageConfiguration(
          platform: Platform(os: "linux", architecture: architecture)), to: "app")
    }
    let index = try registry.addIndex(of: images, to: "app", tag: "all")
    let name = "docker://\(registry.host)/app"
    let all = try await skopeo("\(name):all", "\(name)-copy:all", "--all")
    #expect(all.succeeded, "\(all)")
    #expect(registry.manifest("all", in: "app-copy") == registry.manifest("all", in: "app"))
    #expect(registry.descriptor("all", in: "app-copy")?.digest == index.digest)
    let one = try await Command(
      "skopeo",
      ["--override-arch", "arm64", "inspect", "--tls-verify=false", "--config", "\(name):all"]
    ).check()
    #expect(one.text.filter { $0 != " " }.contains(#""architecture":"arm64""#))
  }

  @Test(
    "A blob is given whole or by range",
    arguments: [
      (nil, 200, 0..<1000), ("0-9", 206, 0..<10), ("990-", 206, 990..<1000),
      ("-5", 206, 995..<1000), ("990-5000", 206, 990..<1000), ("-5000", 206, 0..<1000),
      ("1000-", 416, 0..<0), ("7-3", 416, 0..<0), ("x-y", 200, 0..<1000),
      ("0-1,5-6", 200, 0..<1000),
    ] as [(String?, Int, Range<Int>)])
  func ranges(_ range: String?, _ status: Int, _ expected: Range<Int>) async throws {
    try registry.put(blob: bytes, in: "app")
    let field = range.map { "Range: bytes=\($0)" } ?? "X-None: 1"
    let answer = try await curl(registry.url("blobs/\(digest)"), "-H", field)
    #expect(answer.status == status)
    if status == 416 {
      #expect(answer.headers["content-range"] == "bytes */1000")
      #expect(answer.text.contains("RANGE_INVALID"))
    } else {
      #expect(answer.body == Array(bytes[expected]))
      #expect(answer.headers["docker-content-digest"] == "\(digest)")
    }
    if status == 206 {
      let span = "\(expected.lowerBound)-\(expected.upperBound - 1)"
      #expect(answer.headers["content-range"] == "bytes \(span)/1000")
    }
  }

  @Test("HEAD tells the size and the digest, and sends nothing")
  func head() async throws {
    try registry.put(blob: bytes, in: "app")
    let blob = try await curl(registry.url("blobs/\(digest)"), "--head")
    #expect((blob.status, blob.headers["content-length"]) == (200, "1000"))
    let image = try registry.addImage([], to: "app", tag: "1")
    let manifest = try await curl(registry.url("manifests/1"), "--head")
    #expect(manifest.headers["docker-content-digest"] == "\(image.digest)")
    #expect(manifest.headers["content-type"] == MediaType.manifest.rawValue)
    #expect(manifest.headers["content-length"] == "\(image.size)")
    #expect(registry.requests.map(\.sent) == [0, 0])
  }

  @Test(
    "What is not there is said in the specification's words",
    arguments: [
      ("GET", "blobs/\(digest)", 404, "BLOB_UNKNOWN"),
      ("GET", "blobs/sha256:1", 400, "DIGEST_INVALID"),
      ("GET", "manifests/none", 404, "MANIFEST_UNKNOWN"), ("GET", "tags/list", 404, "NAME_UNKNOWN"),
      ("PATCH", "blobs/uploads/1?_state=1", 404, "BLOB_UPLOAD_UNKNOWN"),
      ("POST", "manifests/1", 405, "UNSUPPORTED"),
      ("GET", "../UP/manifests/1", 400, "NAME_INVALID"),
      ("DELETE", "manifests/none", 404, "MANIFEST_UNKNOWN"),
      ("DELETE", "blobs/\(digest)", 404, "BLOB_UNKNOWN"), ("GET", "nothing", 404, "NOT_FOUND"),
    ])
  func errors(_ method: String, _ path: String, _ status: Int, _ code: String) async throws {
    let answer = try await curl(registry.url(path), "-X", method, "--path-as-is")
    #expect(answer.status == status)
    #expect(answer.text.contains(#"{"errors":[{"code":"\#(code)","message":""#))
    #expect(answer.headers["content-type"] == "application/json")
  }

  @Test("An upload comes in chunks, each where the one before ended")
  func chunks() async throws {
    let location = try await registry.beginUpload("")
    let first = try await registry.send(bytes[..<400], at: "0-399", to: location)
    #expect((first.status, first.headers["range"]) == (202, "0-399"))
    let gap = try await registry.send(bytes[500...], at: "500-999", to: location)
    #expect((gap.status, gap.headers["range"]) == (416, "0-399"))
    let wrong = try await registry.send(bytes[400...], at: "400-1999", to: location)
    #expect(wrong.status == 400 && wrong.text.contains("SIZE_INVALID"))
    let state = try await curl(location)
    #expect((state.status, state.headers["range"]) == (204, "0-399"))
    let second = try await registry.send(bytes[400...], at: "400-999", to: location)
    #expect((second.status, second.headers["range"]) == (202, "0-999"))
    let end = try await curl(location + "&digest=\(digest)", "-X", "PUT")
    #expect((end.status, end.headers["location"]) == (201, "/v2/app/blobs/\(digest)"))
    #expect(registry.blob(digest) == bytes)
    #expect(try await curl(location).status == 404)
  }

  @Test("An upload may come without places, in a body of chunks, and with its end")
  func streamed() async throws {
    let location = try await registry.beginUpload("")
    let streamed = try await curl(location, "-X", "PATCH", "-T", "-", input: Array(bytes[..<700]))
    #expect(streamed.status == 202)
    #expect(registry.requests.last?.headers["Transfer-Encoding"] == "chunked")
    #expect(registry.requests.last?.received == 700)
    let end = try await curl(
      location + "&digest=\(digest)", "-X", "PUT", "--data-binary", "@-",
      input: Array(bytes[700...]))
    #expect(end.status == 201)
    #expect(registry.blob(digest) == bytes)
  }

  @Test("An upload that is not what it promised, was cancelled or lost its query is refused")
  func refusedUploads() async throws {
    let location = try await registry.beginUpload("")
    _ = try await registry.send(bytes[1...], to: location)
    let end = try await curl(location + "&digest=\(digest)", "-X", "PUT")
    #expect(end.status == 400 && end.text.contains("DIGEST_INVALID"))
    #expect(registry.blob(digest) == nil)
    let cancelled = try await registry.beginUpload("")
    #expect(try await curl(cancelled, "-X", "DELETE").status == 204)
    #expect(try await curl(cancelled).status == 404)
    let bare = try await registry.beginUpload("").prefix { $0 != "?" }
    #expect(try await registry.send(bytes, to: String(bare)).status == 404)
  }

  @Test("A blob may come in one request, where the registry takes that")
  func monolithic() async throws {
    let post = try await curl(
      registry.url("blobs/uploads/?digest=\(digest)"), "--data-binary", "@-", input: bytes)
    #expect(post.status == 201)
    #expect(registry.blob(digest) == bytes)
    var options = FaultyRegistry.Options()
    options.acceptsMonolithicPost = false
    let other = try FaultyRegistry(options)
    let refused = try await curl(
      other.url("blobs/uploads/?digest=\(digest)"), "--data-binary", "@-", input: bytes)
    #expect(refused.status == 202)
    #expect(other.blob(digest) == nil)
  }

  @Test("A chunk below the least size may only be the last")
  func minimumChunk() async throws {
    var options = FaultyRegistry.Options()
    options.minimumChunk = 400
    options.uploadLocation = .relative
    let registry = try FaultyRegistry(options)
    let begun = try await curl(registry.url("blobs/uploads/"), "-X", "POST")
    #expect(begun.headers["oci-chunk-min-length"] == "400")
    let path = try #require(begun.headers["location"])
    #expect(path.hasPrefix("/v2/app/blobs/uploads/"))
    let location = registry.url + path
    #expect(try await registry.send(bytes[..<400], at: "0-399", to: location).status == 202)
    #expect(try await registry.send(bytes[400..<500], at: "400-499", to: location).status == 202)
    let late = try await registry.send(bytes[500...], at: "500-999", to: location)
    #expect(late.status == 400 && late.text.contains("SIZE_INVALID"))
  }

  @Test("A blob is mounted from a repository that has it")
  func mount() async throws {
    try registry.put(blob: bytes, in: "base")
    let mount = "blobs/uploads/?mount=\(digest)&from="
    #expect(try await curl(registry.url(mount + "none"), "-X", "POST").status == 202)
    #expect(!registry.hasBlob(digest, in: "app"))
    let mounted = try await curl(registry.url(mount + "base"), "-X", "POST")
    #expect((mounted.status, mounted.headers["location"]) == (201, "/v2/app/blobs/\(digest)"))
    #expect(registry.hasBlob(digest, in: "app"))
  }

  @Test("A manifest is taken only with its blobs, its own digest and its own type")
  func manifests() async throws {
    let layer = try SeedLayer.files(["a": "a"])
    try registry.addImage([layer], to: "base", tag: "1")
    let manifest = try #require(registry.manifest("1", in: "base"))
    func push(_ reference: String, _ type: String, _ body: [UInt8]) async throws -> Answer {
      try await curl(
        registry.url("manifests/\(reference)"), "-X", "PUT", "-H", "Content-Type: \(type)",
        "--data-binary", "@-", input: body)
    }
    let type = MediaType.manifest.rawValue
    let early = try await push("1", type, manifest)
    #expect(early.status == 404 && early.text.contains("MANIFEST_BLOB_UNKNOWN"))
    try registry.addImage([layer], to: "app")
    let other = try await push("1", MediaType.dockerManifest.rawValue, manifest)
    #expect(other.status == 400 && other.text.contains("MANIFEST_INVALID"))
    let junk = try await push("1", type, Array("{}".utf8))
    #expect(junk.status == 400 && junk.text.contains("MANIFEST_INVALID"))
    let wrong = try await push("\(digest)", type, manifest)
    #expect(wrong.status == 400 && wrong.text.contains("DIGEST_INVALID"))
    let right = try await push("1", type, manifest)
    let name = Digest.sha256(of: manifest)
    #expect((right.status, right.headers["docker-content-digest"]) == (201, "\(name)"))
    #expect(try await curl(registry.url("manifests/\(name)")).body == manifest)
    let unwanted = try await curl(
      registry.url("manifests/1"), "-H", "Accept: \(MediaType.dockerManifest)")
    #expect(unwanted.status == 404)
    #expect(try await curl(registry.url("manifests/\(name)"), "-X", "DELETE").status == 202)
    #expect(registry.tags(in: "app") == [])
  }

  @Test("Tags are listed by pages")
  func tags() async throws {
    for tag in ["c", "a", "b"] { try registry.addImage([], to: "app", tag: tag) }
    let all = try await curl(registry.url("tags/list"))
    #expect(all.text == #"{"name":"app","tags":["a","b","c"]}"#)
    let page = try await curl(registry.url("tags/list?n=2"))
    #expect(page.text == #"{"name":"app","tags":["a","b"]}"#)
    #expect(page.headers["link"] == #"</v2/app/tags/list?n=2&last=b>; rel="next""#)
    let last = try await curl(registry.url("tags/list?n=2&last=b"))
    #expect(last.text == #"{"name":"app","tags":["c"]}"#)
    #expect(last.headers["link"] == nil)
  }

  @Test("Referrers are listed, by type too, and not at all by an old registry")
  func referrers() async throws {
    var options = FaultyRegistry.Options()
    options.offersReferrers = false
    for registry in [registry, try FaultyRegistry(options)] {
      let subject = try registry.addImage([], to: "app", tag: "1")
      let empty = Descriptor(of: Array("{}".utf8), as: .empty)
      try registry.put(blob: Array("{}".utf8), in: "app")
      var statement = Manifest(config: empty, layers: [], annotations: ["a": "b"])
      statement.artifactType = MediaType(rawValue: "application/spdx+json")
      statement.subject = subject
      let body = try JSON.encode(statement)
      let pushed = try await curl(
        registry.url("manifests/\(Digest.sha256(of: body))"), "-X", "PUT", "-H",
        "Content-Type: \(MediaType.manifest)", "--data-binary", "@-", input: body)
      #expect(pushed.status == 201)
      let list = try await curl(registry.url("referrers/\(subject.digest)"))
      guard registry === self.registry else {
        #expect(list.status == 404)
        #expect(pushed.headers["oci-subject"] == nil)
        continue
      }
      #expect(pushed.headers["oci-subject"] == "\(subject.digest)")
      let index = try JSON.decode(ImageIndex.self, from: list.body)
      #expect(index.manifests.map(\.digest) == [.sha256(of: body)])
      #expect(index.manifests.first?.artifactType == statement.artifactType)
      #expect(index.manifests.first?.annotations == ["a": "b"])
      let none = try await curl(registry.url("referrers/\(subject.digest)?artifactType=x"))
      #expect(none.headers["oci-filters-applied"] == "artifactType")
      #expect(try JSON.decode(ImageIndex.self, from: none.body).manifests == [])
    }
  }

  @Test("One connection serves many requests, also after errors and unread bodies")
  func keepAlive() async throws {
    try registry.put(blob: bytes, in: "app")
    let lost = registry.url("blobs/uploads/1?_state=1")
    let answer = try await curl(
      registry.url("tags/list"), "-X", "PUT", "--data-binary", "@-", "-o", "/dev/null", lost,
      input: bytes)
    #expect(answer.connections == 0, "the second URL needed a connection of its own")
    #expect(registry.requests.map(\.status) == [404, 405])
  }

  @Test("A large blob comes and goes through files")
  func large() async throws {
    let folder = try TemporaryDirectory()
    let blob = try registry.put(blobOfMegabytes: 64, in: "app")
    let url = registry.url("blobs/\(blob.digest)")
    try await Command("curl", ["--silent", "--fail", "-o", folder("blob").string, url]).check()
    let sum = try await Command("sha256sum", [folder("blob").string]).check()
    #expect(sum.text.hasPrefix(blob.digest.hex))
    let other = try FaultyRegistry()
    let location = try await other.beginUpload("")
    // With `Expect: 100-continue`, which `curl` sends before large bodies.
    let sent = try await curl(location + "&digest=\(blob.digest)", "-T", folder("blob").string)
    #expect(sent.status == 201)
    #expect(other.requests.last?.headers["Expect"] == "100-continue")
    #expect(other.requests.last?.received == blob.size)
    #expect(registry.requests.map(\.sent) == [blob.size])
  }
}

// MARK: Authentication

@Suite("Registry authentication", .enabled(if: hasClients, "curl or skopeo is not installed"))
struct RegistryAuthenticationTests {
  private func registry(
    _ change: (inout FaultyRegistry.Bearer) -> Void = { _ in }
  ) throws -> FaultyRegistry {
    var bearer = FaultyRegistry.Bearer(user: "gopher", password: "p:w")
    change(&bearer)
    let registry = try FaultyRegistry(FaultyRegistry.Options(authentication: .bearer(bearer)))
    try registry.addImage([.files(["a": "a"])], to: "app", tag: "1")
    return registry
  }

  /// The value of a field of a small JSON document.
  private func field(_ name: String, of answer: Answer) throws -> String {
    let parts = answer.text.split(separator: "\"").map(String.init)
    let index = try #require(parts.firstIndex(of: name), "\(answer.text)")
    return parts[index + 2]
  }

  @Test("Basic credentials open it, and nothing else does")
  func basic() async throws {
    let registry = try FaultyRegistry(
      FaultyRegistry.Options(authentication: .basic(user: "gopher", password: "p:w")))
    try registry.addImage([.files(["a": "a"])], to: "app", tag: "1")
    let name = "docker://\(registry.host)/app"
    let none = try await curl(registry.url("tags/list"))
    #expect(none.status == 401 && none.text.contains("UNAUTHORIZED"))
    #expect(none.headers["www-authenticate"] == #"Basic realm="registry.test""#)
    let wrong = try await skopeo("\(name):1", "dir:/nowhere", "--src-creds", "gopher:pw")
    #expect(!wrong.succeeded)
    let right = try await skopeo(
      "\(name):1", "\(name):2", "--src-creds", "gopher:p:w", "--dest-creds", "gopher:p:w")
    #expect(right.succeeded, "\(right)")
    #expect(registry.tags(in: "app") == ["1", "2"])
  }

  @Test("skopeo pulls and pushes with tokens, and cannot with a wrong password")
  func tokens() async throws {
    let registry = try registry()
    let name = "docker://\(registry.host)"
    let wrong = try await skopeo("\(name)/app:1", "dir:/nowhere", "--src-creds", "gopher:pw")
    #expect(!wrong.succeeded)
    #expect(!(try await skopeo("\(name)/app:1", "dir:/nowhere", "--src-no-creds")).succeeded)
    let right = try await skopeo(
      "\(name)/app:1", "\(name)/new:1", "--src-creds", "gopher:p:w", "--dest-creds", "gopher:p:w")
    #expect(right.succeeded, "\(right)")
    #expect(registry.tags(in: "new") == ["1"])
    #expect(registry.requests(.tokens).contains { $0.status == 401 })
  }

  @Test("A challenge names the realm, the service and the scopes")
  func challenge() async throws {
    let registry = try registry { $0.allowsAnonymousPull = true }
    let base = try await curl("\(registry.url)/v2/")
    let start = #"Bearer realm="\#(registry.url)/token",service="registry.test""#
    #expect(base.headers["www-authenticate"] == start)
    let mount = try await curl(
      registry.url("blobs/uploads/?mount=\(digest)&from=base"), "-X", "POST")
    #expect(
      mount.headers["www-authenticate"]
        == start + #",scope="repository:app:pull,push repository:base:pull""#)
    let scope = "repository:app:pull,push"
    let given = try await curl("\(registry.url)/token?service=registry.test&scope=\(scope)")
    let token = try field("token", of: given)
    let bearer = "Authorization: Bearer \(token)"
    #expect(try await curl(registry.url("tags/list"), "-H", bearer).status == 200)
    let push = try await curl(registry.url("blobs/uploads/"), "-X", "POST", "-H", bearer)
    #expect(push.status == 401)
    #expect(push.headers["www-authenticate"]?.hasSuffix(#",error="insufficient_scope""#) == true)
    let junk = try await curl(registry.url("tags/list"), "-H", "Authorization: Bearer junk")
    #expect(junk.headers["www-authenticate"]?.hasSuffix(#",error="invalid_token""#) == true)
  }

  @Test("A refresh token gives tokens until the registry does not know it")
  func refresh() async throws {
    let registry = try registry()
    let realm = "\(registry.url)/token"
    let first = try await curl(
      realm + "?service=s&offline_token=true&scope=repository:app:pull", "-u", "gopher:p:w")
    let refresh = try field("refresh_token", of: first)
    func post(_ grant: String) async throws -> Answer {
      let scope = "repository%3Aapp%3Apull+repository:b:pull"
      return try await curl(realm, "-d", "\(grant)&client_id=c&service=s&scope=\(scope)")
    }
    let second = try await post("grant_type=refresh_token&refresh_token=\(refresh)")
    #expect(try field("scope", of: second) == "repository:app:pull repository:b:pull")
    let bearer = "Authorization: Bearer \(try field("access_token", of: second))"
    #expect(try await curl(registry.url("tags/list"), "-H", bearer).status == 200)
    #expect(try await post("grant_type=refresh_token&refresh_token=x").status == 401)
    #expect(try await post("grant_type=password&username=gopher&password=x").status == 401)
    let password = "grant_type=password&username=gopher&password=p%3Aw&access_type=offline"
    #expect(try field("refresh_token", of: try await post(password)).count == 40)
    let old = try self.registry { $0.acceptsPost = false }
    #expect(try await curl("\(old.url)/token", "-d", password).status == 405)
  }

  @Test("A token ends after its requests, or when a fault takes it")
  func expiry() async throws {
    let counted = try registry { $0.lifetime = .requests(2) }
    let mortal = try registry()
    mortal.inject(.expireTokens, on: .matching(path: "/tags/"), skipping: 2)
    let dead = try registry { $0.lifetime = .seconds(0) }
    for (registry, expected) in [
      (counted, [200, 200, 401, 401]), (mortal, [200, 200, 401, 401]),
      (dead, [401, 401, 401, 401]),
    ] {
      let given = try await curl(
        "\(registry.url)/token?service=s&scope=repository:app:pull", "-u", "gopher:p:w")
      let bearer = "Authorization: Bearer \(try field("token", of: given))"
      var statuses: [Int] = []
      for _ in expected {
        statuses.append(try await curl(registry.url("tags/list"), "-H", bearer).status)
      }
      #expect(statuses == expected)
    }
  }

  @Test("skopeo's push survives a token that ends in its middle")
  func expiryInPush() async throws {
    let registry = try registry()
    registry.inject(.expireTokens, on: .manifestWrites)
    let name = "docker://\(registry.host)/app"
    let copy = try await skopeo(
      "\(name):1", "\(name):2", "--src-creds", "gopher:p:w", "--dest-creds", "gopher:p:w")
    // Whether it gives up or not is its own affair: what matters is that it was told.
    #expect(registry.requests(.manifestWrites).first?.status == 401)
    #expect(registry.tags(in: "app").contains("2") == copy.succeeded)
  }
}

// MARK: Faults

@Suite("Fault", .enabled(if: hasClients, "curl or skopeo is not installed"))
struct FaultTests {
  private let registry: FaultyRegistry

  init() throws {
    registry = try FaultyRegistry()
    try registry.put(blob: bytes, in: "app")
  }

  private var blob: String { registry.url("blobs/\(digest)") }

  @Test(
    "curl finds what is wrong with an answer",
    arguments: [
      ("close", Fault.close, 52, 0), ("reset", .reset, 56, 0), ("garbage", .garbage, 1, 0),
      ("a reset in the body", .reset(afterSending: 100), 56, 100),
      ("a reset after the body", .reset(afterSending: 5000), 56, 1000),
      ("a truncated body", .truncate(afterSending: 100), 18, 100),
      ("an empty body", .truncate(afterSending: 0), 18, 0),
      ("a length that is too large", .lie(aboutLength: 1001), 18, 1000),
      ("a length that is too small", .lie(aboutLength: 999), 0, 999),
      ("headers without end", .endlessHeaders, 56, 0),
      ("more than was promised", .surplus([1, 2, 3]), 0, 1000),
      ("drops", .drip(100, every: 1), 0, 1000),
      ("bare lines", .raw("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), 0, 2),
    ] as [(String, Fault, Int32, Int)])
  func answers(_ name: String, _ fault: Fault, _ exit: Int32, _ count: Int) async throws {
    registry.inject(fault, on: .blobReads)
    let answer = try await curl(blob)
    // Whoever has the whole body need not notice the reset after it.
    #expect(answer.exit == exit || exit == 56 && count == 1000 && answer.exit == 0)
    #expect(answer.body.count == count)
    if count == 1000 { #expect(answer.body == bytes) }
    #expect(registry.server.remainingFaults == 0)
    #expect(try await curl(blob).body == bytes, "the next request is well")
  }

  @Test("A stalled answer stays where it is until the client leaves or the server ends")
  func stalls() async throws {
    let text = try registry.put(blob: Array("half and whole".utf8), in: "app")
    registry.inject(.stall(afterSending: 4), on: .blobReads)
    registry.inject(.stall, on: .matching(path: "/tags/"))
    let half = try startCurl(registry.url("blobs/\(text)"))
    let none = try startCurl(registry.url("tags/list"))
    try await half.waits(for: "half")
    try await registry.server.waits(for: .any, count: 2)
    #expect(registry.server.connectionCount == 2)
    registry.stop()
    let result = try await half.result()
    #expect((result.status, result.text) == (.exited(18), "half"))
    #expect(try await none.result().status == .exited(52))
    #expect(registry.server.connectionCount == 0)
  }

  @Test("A fault happens so many times, after so many requests, in order")
  func script() async throws {
    registry.inject(
      .respond(429, ["Retry-After": "7"], code: "TOOMANYREQUESTS", message: "slow down"),
      on: .read(of: digest), times: 2, skipping: 1)
    registry.inject(.respond(503, body: "later"), on: .matching(method: "GET"), skipping: 3)
    registry.inject(.respond(500), on: .matching(method: "PUT"), times: .max)
    var answers: [Answer] = []
    for _ in 0..<5 { answers.append(try await curl(blob)) }
    #expect(answers.map(\.status) == [200, 429, 429, 503, 200])
    #expect(answers[1].headers["retry-after"] == "7")
    #expect(answers[1].text == #"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#)
    #expect(answers[3].text == "later")
    #expect(registry.server.remainingFaults == 0)
    #expect(try await curl(blob, "-X", "PUT").status == 500)
    registry.server.clearFaults()
    #expect(try await curl(blob, "-X", "PUT").status == 405)
  }

  @Test("One bit of the body is wrong, and all around it is right")
  func flippedBit() async throws {
    registry.inject(.flipBit(at: 500), on: .blobReads)
    let answer = try await curl(blob)
    #expect(answer.headers["docker-content-digest"] == "\(digest)")
    #expect(answer.body.indices.filter { answer.body[$0] != bytes[$0] } == [500])
    let copy = try registry.addImage([SeedLayer(bytes, as: .layer)], to: "app", tag: "1")
    registry.inject(.flipBit(at: 500), on: .read(of: digest))
    let refused = try await skopeo("docker://\(registry.host)/app@\(copy.digest)", "dir:/nowhere")
    #expect(!refused.succeeded)
  }

  @Test("Header fields and bodies can be of another's")
  func others() async throws {
    registry.inject(.header("Docker-Content-Digest", "sha256:0"), on: .blobReads)
    registry.inject(.header("Content-Type", "text/html"), on: .blobReads)
    registry.inject(.body(Array("not it".utf8)), on: .blobReads)
    let answer = try await curl(blob)
    #expect(answer.headers["docker-content-digest"] == "sha256:0")
    #expect(answer.headers["content-type"] == "text/html")
    #expect(answer.headers["content-length"] == "6")
    #expect(answer.text == "not it")
  }

  @Test("Ranges are ignored, or refused")
  func ranges() async throws {
    registry.inject(.ignoreRange, on: .blobReads)
    registry.inject(.refuseRange, on: .blobReads, skipping: 1)
    let ignored = try await curl(blob, "-H", "Range: bytes=10-")
    #expect((ignored.status, ignored.body) == (200, bytes))
    #expect(registry.requests.last?.headers["Range"] == "bytes=10-", "the log has it all the same")
    #expect(try await curl(blob, "-H", "Range: bytes=10-").status == 416)
    #expect(try await curl(blob, "-H", "Range: bytes=10-").status == 206)
  }

  @Test("A redirect leads to storage that takes no credentials")
  func redirect() async throws {
    let storage = try ObjectStorage(name: "localhost")
    registry.inject(.redirect(to: storage), on: .blobReads, times: .max)
    let answer = try await curl(blob, "-L", "-u", "a:b", "-H", "Range: bytes=990-")
    #expect((answer.status, answer.body) == (206, Array(bytes[990...])))
    #expect(registry.requests.map(\.status) == [307])
    #expect(registry.requests.first?.headers["Authorization"] != nil)
    #expect(storage.requests.map(\.status) == [206])
    #expect(storage.requests.first?.headers["Authorization"] == nil)
    let leak = try await curl(blob, "-L", "-H", "Authorization: Basic YTpi", "--location-trusted")
    #expect(leak.status == 400)
    let forged = "http://\(storage.host)/objects/\(digest.hex)?X-Signature=1"
    #expect(try await curl(forged).status == 403)
    storage.server.inject(.truncate(afterSending: 1), on: .any)
    #expect(try await curl(blob, "-L").exit == 18)
  }

  @Test("An upload goes on at another host, and skopeo follows")
  func otherHost() async throws {
    let storage = try ObjectStorage(name: "localhost")
    var options = FaultyRegistry.Options(authentication: .basic(user: "a", password: "b"))
    options.uploadLocation = .otherHost(storage)
    let other = try FaultyRegistry(options)
    let begun = try await curl(other.url("blobs/uploads/"), "-X", "POST", "-u", "a:b")
    let location = try #require(begun.headers["location"])
    #expect(location.hasPrefix("http://localhost:"))
    #expect(try await other.send(bytes, at: "0-999", to: location).status == 202)
    #expect(try await curl(location + "&digest=\(digest)", "-X", "PUT").status == 201)
    #expect(other.hasBlob(digest, in: "app"))
    #expect(storage.requests.map(\.received) == [1000, 0])
    #expect(try await curl(location, "-u", "a:b").status == 400)
  }

  @Test("An upload that broke off keeps what came, and goes on from there")
  func brokenUpload() async throws {
    let location = try await registry.beginUpload("")
    registry.inject(.reset(afterReceiving: 300), on: .uploadChunks)
    let broken = try await registry.send(bytes, at: "0-999", to: location)
    #expect([55, 56].contains(broken.exit))
    #expect(try await curl(location).headers["range"] == "0-299")
    #expect(try await registry.send(bytes[300...], at: "300-999", to: location).status == 202)
    registry.inject(.refuseRange, on: .uploadChunks)
    let refused = try await registry.send([0], at: "1000-1000", to: location)
    #expect((refused.status, refused.headers["range"]) == (416, "0-999"))
    registry.inject(.forgetUpload, on: .uploadEnds)
    for _ in 0..<2 {
      let lost = try await curl(location + "&digest=\(digest)", "-X", "PUT")
      #expect(lost.status == 404 && lost.text.contains("BLOB_UPLOAD_UNKNOWN"))
    }
  }

  @Test("An upload that stalls is not read any further")
  func stalledUpload() async throws {
    let folder = try TemporaryDirectory()
    let large = 64 << 20
    try Files.write([UInt8](repeating: 0, count: large), to: folder("large"))
    let location = try await registry.beginUpload("")
    registry.inject(.stall(afterReceiving: 1000), on: .uploadChunks)
    let upload = try startCurl(
      location, "-X", "PATCH", "-T", folder("large").string, "-w", "%{size_upload}")
    while registry.requests(.uploadChunks).first?.received != 1000 { await Task.yield() }
    registry.stop()
    let result = try await upload.result()
    #expect([.exited(55), .exited(56)].contains(result.status), "\(result)")
    #expect(try #require(Int(result.text)) < large / 2)
    #expect(registry.requests(.uploadChunks).first?.received == 1000)
  }

  @Test("A mount is refused, and becomes an upload")
  func refusedMount() async throws {
    registry.inject(.refuseMount, on: .uploadBeginnings)
    let mount = "\(registry.url)/v2/new/blobs/uploads/?mount=\(digest)&from=app"
    #expect(try await curl(mount, "-X", "POST").status == 202)
    #expect(try await curl(mount, "-X", "POST").status == 201)
  }

  @Test("A registry ends when nobody holds it, and its port is free")
  func end() async throws {
    var other: FaultyRegistry? = try FaultyRegistry()
    let url = try #require(other).url
    try #require(other).inject(.stall, on: .any)
    async let stalled = curl(url)
    try await other?.server.waits(for: .any)
    other = nil
    #expect(try await stalled.exit == 52)
    #expect(try await curl(url).exit == 7)
  }
}

// MARK: Servers without a registry

@Suite(
  "HTTPServer", .enabled(if: Requirement.tools("curl", "python3"), "curl or python3 is missing"))
struct HTTPServerTests {
  @Test("It listens on a Unix socket, and streams what comes to be")
  func unix() async throws {
    let folder = try TemporaryDirectory()
    let path = folder("engine.sock")
    let server = try HTTPServer(at: .unix(path)) { request in
      let body = try request.body.readAll()
      let words = [request.path, request.query["a"] ?? "", "\(body.count)", ""]
      return ServerResponse(
        200, ["Content-Type": "application/json"],
        .stream { send in
          for word in words { try send(Array(word.utf8)) }
        })
    }
    let answer = try await curl(
      "http://engine/v1.41/images/load?a=%20b", "--unix-socket", path.string, "-T", "-",
      input: [UInt8](repeating: 7, count: 300_000))
    #expect(answer.text == "/v1.41/images/load b300000")
    #expect(answer.headers["transfer-encoding"] == "chunked")
    server.stop()
    #expect(!Files.exists(path))
  }

  @Test(
    "What is no request is refused",
    arguments: [
      "GET / HTTP/2\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\n, as TLS begins and then waits",
      "\r\nGET /\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
      "PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "PUT / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
      "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
      "GET /LONG HTTP/1.1\r\n", "GET / HTTP/1.1\r\nA: LONG\r\n",
    ])
  func malformed(_ text: String) async throws {
    let server = try HTTPServer { request in
      ServerResponse(200, [:], .bytes(try request.body.readAll()))
    }
    // It leaves its own side open, so the server has to object by itself.
    let script = """
      import socket, sys
      server = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
      server.sendall(sys.stdin.buffer.read())
      while part := server.recv(65536):
          sys.stdout.buffer.write(part)
      """
    var command = Command("python3", ["-c", script, "\(server.port)"])
    let long = String(repeating: "a", count: 70_000)
    command.input = Array(text.replacing("LONG", with: long).utf8)
    let answer = try await command.run()
    #expect(answer.text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
  }
}

@Suite(
  "ForwardProxy", .enabled(if: Requirement.tools("curl", "openssl"), "curl or openssl is missing"))
struct ForwardProxyTests {
  @Test("It forwards requests by URL to the names that it knows")
  func forwards() async throws {
    let registry = try FaultyRegistry()
    try registry.put(blob: bytes, in: "app")
    let credentials = BasicCredentials(user: "u", password: "p")
    let proxy = try ForwardProxy(hosts: ["registry.test": registry.port], credentials: credentials)
    let url = "http://registry.test/v2/app/blobs/\(digest)"
    let anonymous = "http://127.0.0.1:\(proxy.server.port)"
    #expect(try await curl(url, "-x", anonymous).status == 407)
    let answer = try await curl(url, "-x", proxy.url)
    #expect((answer.status, answer.body) == (200, bytes))
    #expect(proxy.targets == [url, url])
    #expect(registry.requests.map { $0.headers["Host"] } == ["registry.test"])
    #expect(registry.requests.first?.headers["Proxy-Authorization"] == nil)
    #expect(try await curl("http://elsewhere.test/", "-x", proxy.url).status == 502)
    let begun = try await curl(
      "http://registry.test/v2/app/blobs/uploads/?digest=\(digest)", "-x", proxy.url, "-X", "POST",
      "-T", "-", input: bytes)
    #expect(begun.status == 201)
  }

  @Test("It tunnels by CONNECT, and ends with tunnels open")
  func tunnels() async throws {
    let registry = try FaultyRegistry()
    try registry.put(blob: bytes, in: "app")
    let credentials = BasicCredentials(user: "u", password: "p")
    let proxy = try ForwardProxy(hosts: ["registry.test": registry.port], credentials: credentials)
    let url = "http://registry.test:443/v2/app/blobs/\(digest)"
    let answer = try await curl(url, "-p", "-x", proxy.url)
    #expect((answer.status, answer.body) == (200, bytes))
    #expect(proxy.targets == ["registry.test:443"])
    let text = try registry.put(blob: Array("half and whole".utf8), in: "app")
    registry.inject(.stall(afterSending: 4), on: .blobReads)
    let open = try startCurl(
      "http://registry.test/v2/app/blobs/\(text)", "-p", "-x", proxy.url)
    try await open.waits(for: "half")
    proxy.stop()
    #expect(try await open.result().status == .exited(18))
  }
}

@Suite(
  "CertificateAuthority",
  .enabled(if: Requirement.tools("openssl"), "openssl is not installed"))
struct CertificateAuthorityTests {
  @Test("openssl believes its certificates, each for its purpose and its names")
  func certificates() async throws {
    let authority = try await CertificateAuthority()
    let other = try await CertificateAuthority()
    let server = try await authority.server(names: ["registry.test", "127.0.0.1"])
    let client = try await authority.client()
    func verify(
      _ certificate: CertificateAuthority.Certificate, _ authority: CertificateAuthority,
      _ arguments: String...
    ) async throws -> Bool {
      try await Command(
        "openssl",
        ["verify", "-x509_strict", "-CAfile", authority.certificate.string] + arguments
          + [certificate.certificate.string]
      ).run().succeeded
    }
    for name in [["-verify_hostname", "registry.test"], ["-verify_ip", "127.0.0.1"]] {
      #expect(try await verify(server, authority, "-purpose", "sslserver", name[0], name[1]))
    }
    #expect(!(try await verify(server, authority, "-verify_hostname", "localhost")))
    #expect(!(try await verify(server, authority, "-purpose", "sslclient")))
    #expect(!(try await verify(server, other)))
    #expect(try await verify(client, authority, "-purpose", "sslclient"))
    #expect(!(try await verify(client, authority, "-purpose", "sslserver")))
  }
}

// MARK: Debian's registry

@Suite(
  "DockerRegistry",
  .enabled(if: hasClients && Requirement.dockerRegistry, "docker-registry is not installed"))
struct DockerRegistryTests {
  private let credentials = BasicCredentials(user: "gopher", password: "pass word")
  private let source: FaultyRegistry

  init() throws {
    source = try FaultyRegistry()
    try source.addImage([.files(["a": "a"])], to: "app", tag: "1")
  }

  private var image: String { "docker://\(source.host)/app:1" }

  @Test("It takes an image, gives it back and deletes it", arguments: [false, true])
  func anonymous(_ isRelative: Bool) async throws {
    var options = DockerRegistry.Options()
    options.hasRelativeLocations = isRelative
    let registry = try await DockerRegistry.start(options)
    let begun = try await curl("\(registry.url)/v2/app/blobs/uploads/", "-X", "POST")
    #expect(begun.headers["location"]?.hasPrefix("/v2/app/") == isRelative)
    let copy = try await skopeo(image, "docker://\(registry.host)/app:1")
    #expect(copy.succeeded, "\(copy)\n\(registry.log)")
    let back = try await skopeo("docker://\(registry.host)/app:1", "docker://\(source.host)/app:2")
    #expect(back.succeeded, "\(back)")
    let digest = try #require(source.descriptor("2", in: "app")).digest
    #expect(digest == source.descriptor("1", in: "app")?.digest)
    let manifest = "\(registry.url)/v2/app/manifests/\(digest)"
    #expect(try await curl(manifest, "-X", "DELETE").status == 202)
    await registry.stop()
    #expect(try await curl(manifest).exit == 7)
  }

  @Test("It wants the password of its file")
  func password() async throws {
    let registry = try await DockerRegistry.start(.init(authentication: .password(credentials)))
    let target = "docker://\(registry.host)/app:1"
    #expect(!(try await skopeo(image, target)).succeeded)
    #expect(!(try await skopeo(image, target, "--dest-creds", "gopher:password")).succeeded)
    let right = try await skopeo(image, target, "--dest-creds", "gopher:pass word")
    #expect(right.succeeded, "\(right)\n\(registry.log)")
    let answer = try await curl("\(registry.url)/v2/")
    #expect(answer.headers["www-authenticate"] == #"Basic realm="registry.test""#)
  }

  @Test("It believes the tokens of its server, and only within their scope")
  func tokens() async throws {
    let tokens = try await TokenServer(credentials: credentials, allowsAnonymousPull: true)
    let registry = try await DockerRegistry.start(.init(authentication: .tokens(tokens)))
    let target = "docker://\(registry.host)/app:1"
    #expect(!(try await skopeo(image, target)).succeeded)
    #expect(!(try await skopeo(image, target, "--dest-creds", "gopher:password")).succeeded)
    let right = try await skopeo(image, target, "--dest-creds", "gopher:pass word")
    #expect(right.succeeded, "\(right)\n\(registry.log)")
    let folder = try TemporaryDirectory()
    #expect(try await skopeo(target, "dir:\(folder("image"))").succeeded)
    #expect(tokens.requests.map(\.status).contains(401))
    #expect(tokens.requests.last?.query.values(of: "scope") == ["repository:app:pull"])
  }

  @Test("It speaks TLS with a certificate of the authority, and may want one of the client")
  func security() async throws {
    let authority = try await CertificateAuthority()
    let folder = try TemporaryDirectory()
    for wantsClient in [false, true] {
      let registry = try await DockerRegistry.start(
        .init(authority: authority, requiresClientCertificate: wantsClient))
      let client = wantsClient ? try await authority.client() : nil
      let trust = try authority.trust(for: registry.host, in: folder.path, client: client)
      for host in [registry.host, "localhost:\(registry.port)"] {
        let copy = try await skopeo(
          image, "docker://\(host)/app:1", "--dest-cert-dir", trust.string)
        #expect(copy.succeeded, "\(copy)\n\(registry.log)")
      }
      #expect(try await curl("\(registry.url)/v2/").exit == 60)
      let alone = try await curl("\(registry.url)/v2/", "--cacert", authority.certificate.string)
      #expect((alone.status == 200) == !wantsClient)
    }
  }

  @Test("It is a mirror of another registry")
  func mirror() async throws {
    let registry = try await DockerRegistry.start(.init(mirrored: source.url))
    let folder = try TemporaryDirectory()
    let copy = try await skopeo("docker://\(registry.host)/app:1", "dir:\(folder("image"))")
    #expect(copy.succeeded, "\(copy)\n\(registry.log)")
    #expect(source.requests(.manifestReads).count > 0)
  }

  @Test("It ends when nobody holds it")
  func end() async throws {
    var registry: DockerRegistry? = try await DockerRegistry.start()
    let url = try #require(registry).url
    #expect(try await curl("\(url)/v2/").status == 200)
    registry = nil
    while try await curl("\(url)/v2/").exit != 7 { await Task.yield() }
  }

  @Test("What it cannot be is said with its own words")
  func failure() async throws {
    await #expect {
      _ = try await DockerRegistry.start(.init(mirrored: "not a\nmapping"))
    } throws: { error in
      (error as? Command.Failure)?.result.description.contains("yaml") == true
    }
  }
}
