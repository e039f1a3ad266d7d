import BuildGraph
import OCI
import Testing

/// What must change a key, and what must not (BuildKit's choices; semantics in `Operation+Key.swift`).
@Suite("Keys of operations")
struct OperationKeyTests {
  private static let execution: Execution = {
    var execution = Execution(
      arguments: ["/bin/sh", "-c", "true"], environment: ["A=1", "B=2"], workingDirectory: "/w",
      platform: Platform(os: "linux", architecture: "amd64"))
    execution.user = "app"
    execution.extraHosts = [ExtraHost(name: "h", address: "1.2.3.4")]
    execution.mounts = [
      ExecutionMount(
        target: "/bind", kind: .bind(BindMount(input: 1, source: "/s", writable: false))),
      ExecutionMount(target: "/cache", kind: .cache(CacheMount(id: "/cache", explicitID: false))),
      ExecutionMount(target: "/custom", kind: .cache(CacheMount(id: "mine", explicitID: true))),
      ExecutionMount(target: "/secret", kind: .secret(SecretMount(id: "s"))),
      ExecutionMount(target: "/ssh", kind: .ssh(SSHMount(id: "default"))),
      ExecutionMount(target: "/tmpfs", kind: .tmpfs(size: nil)),
      ExecutionMount(target: "/file", kind: .file(contents: [1, 2], mode: 0o755)),
    ]
    return execution
  }()

  /// A change of the execution, by name.
  struct Change: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let apply: @Sendable (inout Execution) -> Void

    init(_ name: String, _ apply: @escaping @Sendable (inout Execution) -> Void) {
      testDescription = name
      self.apply = apply
    }
  }

  private static func mount(
    _ index: Int, _ change: @escaping @Sendable (inout ExecutionMount.Kind) -> Void
  ) -> @Sendable (inout Execution) -> Void {
    { change(&$0.mounts[index].kind) }
  }

  static let changing: [Change] = [
    Change("arguments") { $0.arguments[2] = "false" },
    Change("arguments cut elsewhere") { $0.arguments = ["/bin/sh", "-c true"] },
    Change("a variable") { $0.environment[0] = "A=2" },
    Change("the order of variables") { $0.environment = ["B=2", "A=1"] },
    Change("variables cut elsewhere") { $0.environment = ["A=1B=2"] },
    Change("the working directory") { $0.workingDirectory = "/" },
    Change("the user") { $0.user = "app:app" },
    Change("no user") { $0.user = nil },
    Change("an empty user") { $0.user = "" },
    Change("the network") { $0.network = .none },
    Change("the security mode") { $0.security = .insecure },
    Change("a host's name") { $0.extraHosts[0].name = "other" },
    Change("one more host") { $0.extraHosts.append(ExtraHost(name: "i", address: "1.2.3.4")) },
    Change("the platform") { $0.platform = Platform(os: "linux", architecture: "arm64") },
    Change("a mount's target") { $0.mounts[0].target = "/other" },
    Change("the order of mounts") { $0.mounts.swapAt(0, 1) },
    Change("one mount less") { $0.mounts.removeLast() },
    Change(
      "a bind's input", mount(0) { $0 = .bind(BindMount(input: 2, source: "/s", writable: false)) }),
    Change(
      "a bind's source", mount(0) { $0 = .bind(BindMount(input: 1, source: "/t", writable: false)) }
    ),
    Change(
      "a bind that can be written",
      mount(0) { $0 = .bind(BindMount(input: 1, source: "/s", writable: true)) }),
    Change(
      "a default cache id", mount(1) { $0 = .cache(CacheMount(id: "/other", explicitID: false)) }),
    Change(
      "a read-only cache",
      mount(1) { $0 = .cache(CacheMount(id: "/cache", explicitID: false, readOnly: true)) }),
    Change(
      "a cache's seed",
      mount(1) {
        $0 = .cache(
          CacheMount(
            id: "/cache", explicitID: false, seed: BindMount(input: 1, source: "/", writable: false)
          ))
      }),
    Change("a secret's id", mount(3) { $0 = .secret(SecretMount(id: "t")) }),
    Change("a secret's mode", mount(3) { $0 = .secret(SecretMount(id: "s", mode: 0o444)) }),
    Change("a secret's owner", mount(3) { $0 = .secret(SecretMount(id: "s", userID: 5)) }),
    Change(
      "a secret's variable", mount(3) { $0 = .secret(SecretMount(id: "s", environmentName: "S")) }),
    Change(
      "a secret that is no file", mount(3) { $0 = .secret(SecretMount(id: "s", asFile: false)) }),
    Change("an agent's id", mount(4) { $0 = .ssh(SSHMount(id: "other")) }),
    Change("a tmpfs's size", mount(5) { $0 = .tmpfs(size: 1) }),
    Change("a file's contents", mount(6) { $0 = .file(contents: [1, 3], mode: 0o755) }),
    Change("a file's mode", mount(6) { $0 = .file(contents: [1, 2], mode: 0o644) }),
  ]

  static let harmless: [Change] = [
    Change("proxies") { $0.unkeyedEnvironment = ["http_proxy=http://proxy"] },
    Change("a host's address") { $0.extraHosts[0].address = "5.6.7.8" },
    Change(
      "a custom cache id", mount(2) { $0 = .cache(CacheMount(id: "yours", explicitID: true)) }),
    Change(
      "a custom cache's sharing",
      mount(2) { $0 = .cache(CacheMount(id: "mine", explicitID: true, sharing: .locked)) }),
    Change(
      "that a secret is required", mount(3) { $0 = .secret(SecretMount(id: "s", required: true)) }),
  ]

  @Test("what a step can see changes its key", arguments: changing)
  func changes(_ change: Change) {
    var other = Self.execution
    change.apply(&other)
    #expect(Operation.execute(other).keyDigest != Operation.execute(Self.execution).keyDigest)
  }

  @Test("what it cannot see does not", arguments: harmless)
  func keeps(_ change: Change) {
    var other = Self.execution
    change.apply(&other)
    #expect(Operation.execute(other).keyDigest == Operation.execute(Self.execution).keyDigest)
  }

  @Test("no two changes give the same key")
  func distinct() {
    let keys = Self.changing.map { change in
      var other = Self.execution
      change.apply(&other)
      return Operation.execute(other).keyDigest
    }
    #expect(Set(keys).count == keys.count)
  }

  @Test("every field of a copy changes its key, and no two of them alike")
  func copies() {
    let base = CopyAction(input: 1, sources: ["a", "b"], destination: "/d/")
    let changes: [(inout CopyAction) -> Void] = [
      { $0.input = 2 }, { $0.sources = ["a"] }, { $0.sources = ["b", "a"] },
      { $0.sources = ["a b"] },
      { $0.destination = "/d" }, { $0.owner = "0" }, { $0.owner = "" },
      { $0.mode = ModeChange(text: "755") },
      { $0.mode = ModeChange(text: "0755") }, { $0.keepsParents = true }, { $0.excludes = ["x"] },
      { $0.excludes = ["x", "y"] }, { $0.unpacksArchives = true }, { $0.followsNothing = true },
    ]
    var keys = [Operation.file([.copy(base)]).keyDigest]
    for change in changes {
      var other = base
      change(&other)
      keys.append(Operation.file([.copy(other)]).keyDigest)
    }
    keys.append(Operation.file([]).keyDigest)
    keys.append(Operation.file([.copy(base), .copy(base)]).keyDigest)
    #expect(Set(keys).count == keys.count)
  }

  @Test("every field of a made file or directory changes its key")
  func makes() {
    let file = MakeFileAction(name: "n", destination: "/d", contents: [1])
    var keys = [Operation.file([.makeFile(file)]).keyDigest]
    for change: (inout MakeFileAction) -> Void in [
      { $0.name = "m" }, { $0.destination = "/d/" }, { $0.contents = [] }, { $0.owner = "1" },
      { $0.mode = ModeChange(text: "1") },
    ] {
      var other = file
      change(&other)
      keys.append(Operation.file([.makeFile(other)]).keyDigest)
    }
    for directory in [
      MakeDirectoryAction(path: "/d"), MakeDirectoryAction(path: "/e"),
      MakeDirectoryAction(path: "/d", mode: 0o700), MakeDirectoryAction(path: "/d", owner: "1"),
    ] {
      keys.append(Operation.file([.makeDirectory(directory)]).keyDigest)
    }
    #expect(Set(keys).count == keys.count)
  }

  @Test("an image is keyed by its digest, not by how it was written")
  func images() {
    let one = Descriptor(of: [1], as: .manifest)
    let two = Descriptor(of: [2], as: .manifest)
    func key(_ name: String, _ descriptor: Descriptor) -> Digest {
      Operation.source(.image(ImageSource(reference: name, descriptor: descriptor))).keyDigest
    }
    #expect(key("a", one) == key("b", one))
    #expect(key("a", one) != key("a", two))
  }

  @Test("sources are told apart")
  func sources() {
    let keys = [
      Operation.source(.scratch), .source(.host), .source(.context(ContextSource(name: ""))),
      .source(.context(ContextSource(name: "scratch"))), .merge, .file([]),
    ].map(\.keyDigest)
    #expect(Set(keys).count == keys.count)
  }
}

@Suite("CanonicalEncoder")
struct CanonicalEncoderTests {
  @Test("values that read alike when joined are told apart")
  func framing() {
    func encoded(_ parts: [[String]]) -> [UInt8] {
      var encoder = CanonicalEncoder()
      for part in parts { encoder.add("list", part) }
      return encoder.bytes
    }
    let all = [
      encoded([["ab", "c"]]), encoded([["a", "bc"]]), encoded([["abc"]]), encoded([["a"], ["bc"]]),
      encoded([["a"], ["b", "c"]]), encoded([[], ["abc"]]), encoded([["abc"], []]), encoded([]),
      encoded([[]]), encoded([[""]]), encoded([["", ""]]), encoded([["item"]]),
      encoded([["a", "list"]]),
    ]
    #expect(Set(all).count == all.count)
  }

  @Test("absence differs from every value")
  func absence() {
    func encoded(_ value: String?) -> [UInt8] {
      var encoder = CanonicalEncoder()
      encoder.add("value", value)
      return encoder.bytes
    }
    #expect(Set([encoded(nil), encoded(""), encoded("0"), encoded("nil")]).count == 4)
  }

  @Test("random lists that differ have encodings that differ")
  func random() {
    var generator = SeededGenerator(seed: 42)
    var seen: [[UInt8]: [[String]]] = [:]
    for _ in 0..<5000 {
      let parts = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in
          String(
            (0..<Int.random(in: 0...2, using: &generator)).map { _ in
              Bool.random(using: &generator) ? "a" : "\0"
            })
        }
      }
      var encoder = CanonicalEncoder()
      for part in parts { encoder.add("p", part) }
      if let other = seen[encoder.bytes], other != parts { Issue.record("\(other) and \(parts)") }
      seen[encoder.bytes] = parts
    }
    #expect(seen.count > 500)
  }
}

/// The same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 33)
  }
}
