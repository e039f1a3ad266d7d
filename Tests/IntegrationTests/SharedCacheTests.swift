import OCI
import SystemPackage
import TestSupport
import Testing

/// Where a shared cache is, for what every kind of it must do.
enum CachePlace: String, CaseIterable, Sendable {
  case dockerRegistry, otherRegistry, directory
}

/// A shared cache for one test.
final class SharedCache: Sendable {
  let place: CachePlace
  private let docker: DockerRegistry?
  let registry: FaultyRegistry?
  private let folder: TemporaryDirectory

  init(_ place: CachePlace) async throws {
    self.place = place
    folder = try TemporaryDirectory()
    docker = place == .dockerRegistry ? try await DockerRegistry.start() : nil
    registry = place == .otherRegistry ? try FaultyRegistry() : nil
  }

  private var reference: String { "\(docker?.host ?? registry?.host ?? "")/team/cache:main" }
  var directory: FilePath { folder("cache") }
  var target: String {
    place == .directory ? "type=local,dest=\(directory)" : "type=registry,ref=\(reference)"
  }
  var source: String {
    place == .directory ? "type=local,src=\(directory)" : reference
  }

  func stop() async { await docker?.stop() }
}

@Suite(
  "The shared cache",
  .enabled(
    if: Requirement.builds && Requirement.dockerRegistry,
    "builds need root, busybox, tar and python3, and the cache docker-registry"))
struct SharedCacheTests {
  private let context: TemporaryDirectory

  init() throws {
    context = try TemporaryDirectory()
    try context.write("1\n", to: "one")
    try dockerfile(SharedCacheTests.whole)
  }

  private static let uuid = "cat /proc/sys/kernel/random/uuid"
  /// Steps whose results differ from run to run, a stage that is no part of the image, mounts of all
  /// kinds, a copy that is only stacked.
  private static let whole = """
    FROM busybox:test AS builder
    COPY one /one
    RUN \(uuid) > /id && rm -rf /home
    RUN --mount=type=cache,target=/c --mount=type=bind,source=one,target=/mnt/one cat /mnt/one /id > /out
    FROM busybox:test
    RUN \(uuid) > /final && touch -d @1700000000 /final
    COPY --from=builder /out /out
    COPY --link one /linked
    RUN --mount=from=builder,source=/,target=/b wc -c < /b/out > /size
    """
  /// The same each time.
  private static let plain = """
    FROM busybox:test AS builder
    COPY one /one
    RUN cat /one /one > /two
    FROM busybox:test
    COPY --from=builder /two /two
    RUN cat /two /two > /four
    """

  private func dockerfile(_ text: String) throws {
    try context.write(text, to: "Dockerfile")
  }

  /// A machine that has a base image and nothing else.
  private func machine() async throws -> Slipway { try await Slipway().withBusybox() }

  private func steps(_ names: [String]) -> [String] { names.filter { !$0.hasPrefix("fetch ") } }

  // MARK: - What a cache is for

  @Test("a fresh machine runs no step and makes the same image", arguments: CachePlace.allCases)
  func freshMachine(_ place: CachePlace) async throws {
    let cache = try await SharedCache(place)
    let first = try await machine().build(context.path, "--cache-to", cache.target)
    #expect(steps(first.ran).count == 7)
    let machine = try await machine()
    let second = try await machine.build(context.path, "--cache-from", cache.source, "-t", "app")
    #expect(steps(second.ran) == [])
    #expect(steps(second.cached).count == 4)
    #expect(second.digest == first.digest)
    // What it found is its own now.
    await cache.stop()
    let third = try await machine.build(context.path)
    #expect(steps(third.ran) == [])
    #expect(third.digest == first.digest)
  }

  @Test("`mode=min` has the steps of the image, `mode=max` those of the other stages too")
  func modes() async throws {
    let (min, max) = (try await SharedCache(.directory), try await SharedCache(.directory))
    try await machine().build(
      context.path, "--cache-to", min.target, "--cache-to", max.target + ",mode=max")
    let one = try await machine().build(
      context.path, "--target", "builder", "--cache-from", min.source)
    #expect(steps(one.ran).count == 3)
    let two = try await machine().build(
      context.path, "--target", "builder", "--cache-from", max.source)
    #expect(steps(two.ran) == [])
    #expect(steps(two.cached).count == 3)
  }

  @Test("a stage that only feeds another stage is not run for the keys of what stands on it")
  func deepStages() async throws {
    let cache = try await SharedCache(.otherRegistry)
    try dockerfile(
      """
      FROM busybox:test AS plan
      RUN \(Self.uuid) > /plan
      FROM busybox:test AS compile
      COPY --from=plan /plan /plan
      RUN cat /plan > /program
      FROM scratch
      COPY --from=compile /program /
      """)
    let first = try await machine().build(context.path, "--cache-to", cache.target)
    let machine = try await machine()
    let second = try await machine.build(context.path, "--cache-from", cache.source)
    #expect(steps(second.ran) == [])
    #expect(second.digest == first.digest)
    #expect(steps(try await machine.build(context.path).ran) == [])
  }

  @Test(
    "a stage that was built again with the same result does not run what copies from it",
    arguments: CachePlace.allCases)
  func contentKeys(_ place: CachePlace) async throws {
    let cache = try await SharedCache(place)
    try dockerfile(
      """
      FROM busybox:test AS a
      COPY noise /noise
      RUN wc -c < /noise > /out
      FROM busybox:test
      COPY --from=a /out /out
      RUN --mount=from=a,source=/out,target=/o cat /o > /copy
      """)
    try context.write("aaaa", to: "noise")
    let first = try await machine().build(context.path, "--cache-to", cache.target)
    try context.write("bbbb", to: "noise")
    let second = try await machine().build(context.path, "--cache-from", cache.source)
    #expect(steps(second.ran) == ["COPY noise /noise", "RUN wc -c < /noise > /out"])
    #expect(second.digest == first.digest)
  }

  @Test("the image is the same with a cache and without", arguments: CachePlace.allCases)
  func sameDigest(_ place: CachePlace) async throws {
    let cache = try await SharedCache(place)
    try dockerfile(SharedCacheTests.plain)
    let without = try await machine().build(context.path)
    let with = try await machine().build(
      context.path, "--cache-from", cache.source, "--cache-to", cache.target + ",mode=max")
    let warm = try await machine().build(context.path, "--cache-from", cache.source)
    #expect(without.digest == with.digest)
    #expect(warm.digest == without.digest)
    #expect(steps(warm.ran) == [])
  }

  @Test("a cache of other epochs and compressions gives the image that is asked for")
  func otherForms() async throws {
    let cache = try await SharedCache(.otherRegistry)
    try dockerfile(SharedCacheTests.plain)
    try await machine().build(
      context.path, "--cache-to", cache.target + ",mode=max,compression=zstd,compression-level=1")
    var (cold, warm) = (try await machine(), try await machine())
    cold.environment["SOURCE_DATE_EPOCH"] = "1000000000"
    warm.environment["SOURCE_DATE_EPOCH"] = "1000000000"
    let expected = try await cold.build(context.path)
    let found = try await warm.build(context.path, "--cache-from", cache.source)
    #expect(found.digest == expected.digest)
    #expect(steps(found.ran) == [])
  }

  @Test("only what is exported is fetched")
  func lazy() async throws {
    let cache = try await SharedCache(.otherRegistry)
    let registry = try #require(cache.registry)
    try await machine().build(context.path, "--cache-to", cache.target + ",mode=max")
    registry.server.clearLog()
    let second = try await machine().build(
      context.path, "--cache-from", cache.source,
      "-o", "type=registry,name=\(registry.host)/team/app:1")
    #expect(steps(second.ran) == [])
    #expect(second.log.contains("is mounted from team/cache"))
    for digest in try layers(registry) {
      #expect(registry.requests(.read(of: digest)).isEmpty)
    }
  }

  @Test("entries that are there are not written again")
  func secondExport() async throws {
    let cache = try await SharedCache(.otherRegistry)
    let registry = try #require(cache.registry)
    let machine = try await machine()
    try await machine.build(context.path, "--cache-to", cache.target)
    registry.server.clearLog()
    let second = try await machine.build(context.path, "--cache-to", cache.target)
    #expect(second.log.contains("0 entries written"))
    #expect(registry.requests(.uploadBeginnings).isEmpty)
    #expect(registry.requests(.manifestWrites).isEmpty)
  }

  @Test("platforms that share steps share a cache")
  func platforms() async throws {
    let cache = try await SharedCache(.directory)
    try dockerfile("FROM scratch\nARG TARGETARCH\nCOPY one /one-$TARGETARCH\nCOPY one /two")
    let platforms = ["--platform", "linux/amd64,linux/arm64"]
    let first = try await machine().build(
      context.path, arguments: platforms + ["--cache-to", cache.target])
    let second = try await machine().build(
      context.path, arguments: platforms + ["--cache-from", cache.source])
    #expect(steps(second.ran) == [])
    #expect(second.digest == first.digest)
  }

  // MARK: - Several builders

  @Test("builders that export at the same time lose nothing", arguments: CachePlace.allCases)
  func concurrentExports(_ place: CachePlace) async throws {
    let cache = try await SharedCache(place)
    var contexts: [TemporaryDirectory] = []
    for number in 0..<3 {
      let folder = try TemporaryDirectory()
      try folder.write(
        "FROM busybox:test\nRUN \(Self.uuid) > /id\nRUN echo \(number) > /number", to: "Dockerfile")
      contexts.append(folder)
    }
    let folders = contexts
    try await withThrowingTaskGroup(of: Void.self) { group in
      for folder in folders {
        group.addTask {
          try await machine().build(folder.path, "--cache-to", cache.target)
        }
      }
      try await group.waitForAll()
    }
    // Each made its own `/id`, and one of them won. What the others ran on theirs does not fit, and is
    // replaced by what does.
    for folder in folders {
      try await machine().build(
        folder.path, "--cache-from", cache.source, "--cache-to", cache.target)
    }
    for folder in folders {
      let warm = try await machine().build(folder.path, "--cache-from", cache.source)
      #expect(steps(warm.ran) == [])
    }
  }

  @Test("what others ran on another result is not put on this machine's own")
  func otherBase() async throws {
    let cache = try await SharedCache(.directory)
    let text = "FROM busybox:test\nRUN \(Self.uuid) > /id\n"
    try dockerfile(text + "RUN cat /id > /copy")
    try await machine().build(context.path, "--cache-to", cache.target)
    let machine = try await machine()
    try dockerfile(text)
    try await machine.build(context.path)
    try dockerfile(text + "RUN cat /id > /copy")
    let output = try TemporaryDirectory()
    let second = try await machine.build(
      context.path, "--cache-from", cache.source, "-o", output.path.string)
    #expect(steps(second.ran) == ["RUN cat /id > /copy"])
    #expect(try Files.text(output("id")) == Files.text(output("copy")))
  }

  @Test("`--no-cache` asks no cache, and replaces what is there")
  func noCache() async throws {
    let cache = try await SharedCache(.otherRegistry)
    let first = try await machine().build(context.path, "--cache-to", cache.target)
    let anew = try await machine().build(
      context.path, "--no-cache", "--cache-from", cache.source, "--cache-to", cache.target)
    #expect(steps(anew.cached) == [])
    #expect(anew.digest != first.digest)
    #expect(!anew.log.contains("importing cache"))
    let warm = try await machine().build(context.path, "--cache-from", cache.source)
    #expect(steps(warm.ran) == [])
    #expect(warm.digest == anew.digest)
  }

  // MARK: - Caches at fault

  /// A cache in a registry with all of the plain image's steps, and the image's digest.
  private func warmRegistry() async throws -> (SharedCache, FaultyRegistry, String) {
    let cache = try await SharedCache(.otherRegistry)
    try dockerfile(SharedCacheTests.plain)
    let first = try await machine().build(
      context.path, "--cache-to", cache.target + ",mode=max")
    let registry = try #require(cache.registry)
    registry.server.clearLog()
    return (cache, registry, first.digest)
  }

  private func stepTags(_ registry: FaultyRegistry) -> [String] {
    registry.tags(in: "team/cache").filter { $0.hasPrefix("main-") }
  }

  private func manifest(_ tag: String, _ registry: FaultyRegistry) throws -> Manifest {
    try JSON.decode(
      Manifest.self, from: try #require(registry.manifest(tag, in: "team/cache")))
  }

  private func layers(_ registry: FaultyRegistry) throws -> Set<Digest> {
    Set(try stepTags(registry).map { try manifest($0, registry).layers[0].digest })
  }

  @Test("a cache that cannot be reached, or is not there, costs nothing but a warning")
  func gone() async throws {
    try dockerfile(SharedCacheTests.plain)
    let expected = try await machine().build(context.path)
    for source in ["127.0.0.1:1/team/cache", "type=local,src=\(context("nowhere"))"] {
      let build = try await machine().build(context.path, "--cache-from", source)
      #expect(build.digest == expected.digest)
      #expect(build.log.split(separator: "is not asked any more").count == 2, "\(build.log)")
    }
  }

  @Test("a repository that is not there is an empty cache")
  func empty() async throws {
    let cache = try await SharedCache(.dockerRegistry)
    try dockerfile(SharedCacheTests.plain)
    let build = try await machine().build(context.path, "--cache-from", cache.source)
    #expect(!build.log.contains("warning"))
  }

  /// What may be wrong with every answer of a cache.
  enum Flaw: String, CaseIterable, Sendable {
    case silence, refusal, failure, garbage, flippedBit, wrongType, truncated
  }

  @Test("a cache that answers wrongly costs time and nothing else", arguments: Flaw.allCases)
  func flaws(_ flaw: Flaw) async throws {
    let (cache, registry, expected) = try await warmRegistry()
    switch flaw {
    case .silence: registry.inject(.stall, on: .any, times: .max)
    case .refusal: registry.inject(.respond(403), on: .any, times: .max)
    case .failure: registry.inject(.respond(500), on: .any, times: .max)
    case .garbage: registry.inject(.garbage, on: .any, times: .max)
    case .flippedBit: registry.inject(.flipBit(at: 20), on: .blobReads, times: .max)
    case .wrongType:
      registry.inject(.body(Array(#"{"a":[]}"#.utf8)), on: .manifestReads, times: .max)
    case .truncated:
      registry.inject(.truncate(afterSending: 10), on: .blobReads, times: .max)
    }
    let build = try await machine().build(context.path, "--cache-from", cache.source)
    #expect(build.digest == expected)
    #expect(steps(build.ran).count == 4)
  }

  @Test(
    "an image, an unknown artifact and another key's step in the place of a step are passed over")
  func wrongEntries() async throws {
    let (cache, registry, expected) = try await warmRegistry()
    let tags = stepTags(registry)
    let bytes = try tags.map { try #require(registry.manifest($0, in: "team/cache")) }
    for (number, tag) in tags.enumerated() {
      var document = bytes[(number + 1) % bytes.count]
      if number % 3 == 0 {
        var manifest = try manifest(tag, registry)
        manifest.artifactType = nil
        document = try JSON.encode(manifest)
      } else if number % 3 == 1 {
        var manifest = try manifest(tag, registry)
        manifest.layers.append(manifest.layers[0])
        document = try JSON.encode(manifest)
      }
      try registry.put(manifest: document, as: .manifest, in: "team/cache", tag: tag)
    }
    let build = try await machine().build(context.path, "--cache-from", cache.source)
    #expect(build.digest == expected)
    #expect(steps(build.ran).count == 4)
    #expect(build.log.contains("passed over a step"))
    // And the next export repairs them.
    let repair = try await machine().build(
      context.path, "--cache-from", cache.source, "--cache-to", cache.target + ",mode=max")
    #expect(repair.log.contains("0 there already"), "\(repair.log)")
    let warm = try await machine().build(context.path, "--cache-from", cache.source)
    #expect(steps(warm.ran) == [])
  }

  @Test("a layer that is gone is a miss, as long as it is seen in time")
  func layerGone() async throws {
    let (cache, registry, expected) = try await warmRegistry()
    for digest in try layers(registry) {
      registry.inject(
        .respond(404), on: .matching(path: "/blobs/\(digest)"), times: .max)
    }
    let build = try await machine().build(context.path, "--cache-from", cache.source)
    #expect(build.digest == expected)
    #expect(steps(build.ran).count == 4)
    #expect(build.log.contains("its layer is gone"))
  }

  @Test(
    "a layer that was deleted is put back by the next export",
    .enabled(if: Requirement.tools("curl"), "needs curl"))
  func layerPutBack() async throws {
    let (cache, registry, expected) = try await warmRegistry()
    for digest in try layers(registry) {
      let url = "\(registry.url)/v2/team/cache/blobs/\(digest)"
      try await Command("curl", ["-sf", "-X", "DELETE", url]).check()
    }
    let again = try await machine().build(
      context.path, "--cache-from", cache.source, "--cache-to", cache.target + ",mode=max")
    #expect(again.digest == expected)
    #expect(steps(again.ran).count == 4)
    let warm = try await machine().build(context.path, "--cache-from", cache.source)
    #expect(steps(warm.ran) == [])
  }

  @Test(
    "a layer that turns out to be gone or wrong later makes the build begin again without the cache",
    arguments: [true, false])
  func layerLost(isGone: Bool) async throws {
    let (cache, registry, expected) = try await warmRegistry()
    for digest in try layers(registry) {
      registry.inject(
        isGone ? .respond(404) : .flipBit(at: 12), on: .read(of: digest), times: .max)
    }
    let machine = try await machine()
    let build = try await machine.build(context.path, "--cache-from", cache.source)
    #expect(build.digest == expected)
    #expect(build.log.contains("a layer of a shared cache cannot be had"))
    #expect(steps(build.ran).count == 4)
    // What was made meanwhile is sound.
    #expect(steps(try await machine.build(context.path).ran) == [])
  }

  @Test("a cache that goes after a build used it does not spoil the next one")
  func goneLater() async throws {
    let (cache, registry, expected) = try await warmRegistry()
    let machine = try await machine()
    try await machine.build(
      context.path, "--cache-from", cache.source,
      "-o", "type=registry,name=\(registry.host)/team/app:1")
    registry.inject(.respond(503), on: .any, times: .max)
    let output = try TemporaryDirectory()
    let build = try await machine.build(
      context.path, "-o", "type=oci,dest=\(output("image.tar"))")
    #expect(build.digest == expected)
    #expect(steps(build.ran).count == 4)
  }

  @Test("a directory whose files are damaged costs time and nothing else")
  func damagedDirectory() async throws {
    try dockerfile(SharedCacheTests.plain)
    let expected = try await machine().build(context.path)
    let damages: [(FilePath) throws -> Void] = [
      { path in
        for name in Files.names(in: path.appending("blobs/sha256")) {
          let file = path.appending("blobs/sha256").appending(name)
          var bytes = try Files.read(file)
          bytes[bytes.count / 2] ^= 1
          try Files.write(bytes, to: file)
        }
      },
      { path in
        for name in Files.names(in: path.appending("blobs/sha256")) {
          Files.remove(path.appending("blobs/sha256").appending(name))
        }
      },
      { path in try Files.write(Array("{".utf8), to: path.appending("index.json")) },
    ]
    for damage in damages {
      let cache = try await SharedCache(.directory)
      try await machine().build(context.path, "--cache-to", cache.target)
      try damage(cache.directory)
      let build = try await machine().build(context.path, "--cache-from", cache.source)
      #expect(build.digest == expected.digest)
      #expect(steps(build.ran).count == 4)
    }
  }

  @Test("a step that fails does so once, whatever came from a cache")
  func ownFailure() async throws {
    let (cache, _, _) = try await warmRegistry()
    try dockerfile(SharedCacheTests.plain + "\nRUN exit 3")
    let machine = try await machine()
    let result = try await machine.run(
      "build", "--progress", "plain", "--cache-from", cache.source, context.path.string)
    #expect(result.errorText.contains("exit code 3"))
    #expect(!result.errorText.contains("cannot be had"))
  }

  // MARK: - Inline

  @Test("an image with its steps in it is a cache, and without the flag is as it always was")
  func inline() async throws {
    let registry = try FaultyRegistry()
    let name = "\(registry.host)/team/app:1"
    let first = try await machine().build(
      context.path, "-t", name, "--push", "--cache-to", "type=inline")
    let second = try await machine().build(context.path, "--cache-from", name)
    #expect(steps(second.ran) == [])
    let third = try await machine().build(
      context.path, "--cache-from", "type=registry,ref=\(name)", "--cache-to", "type=inline")
    #expect(third.digest == first.digest)
    #expect(second.digest != first.digest)
    // An image without steps in it is an empty cache.
    let other = "\(registry.host)/team/app:2"
    let plain = try await machine().build(
      context.path, "--cache-from", name, "-t", other, "--push")
    #expect(plain.digest == second.digest)
    let none = try await machine().build(context.path, "--cache-from", other)
    #expect(steps(none.ran).count == 7)
  }

  @Test("what an image says of its steps does not depend on what else is built with it")
  func inlineOfSeveral() async throws {
    let registry = try FaultyRegistry()
    try dockerfile(
      """
      FROM scratch AS files
      COPY one /one
      FROM scratch
      ARG TARGETARCH
      COPY one /one-$TARGETARCH
      COPY --from=files /one /two
      """)
    let flags = ["--push", "--cache-to", "type=inline"]
    let alone = try await machine().build(
      context.path,
      arguments: flags + ["--platform", "linux/arm64", "-t", "\(registry.host)/team/app:alone"])
    try await machine().build(
      context.path,
      arguments: flags + [
        "--platform", "linux/amd64,linux/arm64", "-t", "\(registry.host)/team/app:both",
      ])
    let both = try JSON.decode(
      ImageIndex.self, from: try #require(registry.manifest("both", in: "team/app")))
    #expect(both.manifests.map(\.digest.description).contains(alone.digest))
    let warm = try await machine().build(
      context.path,
      arguments: [
        "--platform", "linux/amd64,linux/arm64", "--cache-from", "\(registry.host)/team/app:both",
      ])
    #expect(steps(warm.ran) == [])
  }

  // MARK: - What is said

  @Test("a cache that cannot be written fails the build, unless that is to be ignored")
  func exportFails() async throws {
    try dockerfile(SharedCacheTests.plain)
    let machine = try await machine()
    let target = "type=registry,ref=127.0.0.1:1/team/cache"
    let result = try await machine.run("build", "--cache-to", target, context.path.string)
    #expect(!result.succeeded)
    #expect(
      result.errorText.contains("the cache `127.0.0.1:1/team/cache:latest` cannot be written"))
    let ignored = try await machine.build(
      context.path, "--cache-to", target + ",ignore-error=true")
    #expect(ignored.log.contains("cannot be written"))
  }

  @Test("nothing secret is in a cache")
  func secrets() async throws {
    let cache = try await SharedCache(.directory)
    let secret = try TemporaryDirectory()
    try secret.write("kept-from-everybody", to: "s")
    try dockerfile(
      """
      FROM busybox:test
      ARG TOKEN
      RUN --mount=type=secret,id=s wc -c < /run/secrets/s > /length; echo "$TOKEN" | wc -c > /other
      """)
    try await machine().build(
      context.path, "--secret", "id=s,src=\(secret("s"))", "--build-arg",
      "TOKEN=kept-from-everybody",
      "--cache-to", cache.target + ",mode=max,compression=uncompressed")
    let found = try await Command("grep", ["-rl", "kept-from-everybody", cache.directory.string])
      .run()
    #expect(found.text == "")
  }

  @Test(
    "arguments that mean nothing are refused with a hint",
    arguments: [
      (["--cache-to", "type=registri,ref=a"], "did you mean `registry`?"),
      (["--cache-to", "type=registry"], "`type=registry` has no `ref=`"),
      (["--cache-to", "type=registry,ref=a,mod=max"], "did you mean `mode`?"),
      (["--cache-to", "type=registry,ref=a,mode=maxx"], "did you mean `max`?"),
      (["--cache-to", "type=inline,mode=max"], "`max` is no value for `mode`"),
      (["--cache-to", "type=local,src=a"], "`src` is not known for this type of cache"),
      (["--cache-to", "mode=max"], "`mode=max` is not a cache"),
      (["--cache-to", "type=registry,ref=a,ignore-error=maybe"], "`maybe` is no value"),
      (["--cache-to", "type=registry,ref=a,compression=gzip,compression-level=99"], "1 to 12"),
      (["--cache-to", "type=registry,ref=a,compression-level=9"], "compression=zstd"),
      (["--cache-to", "team/UPPER"], "lower case"),
      (["--cache-from", "type=inline"], "type=registry,ref=IMAGE"),
      (["--cache-from", "type=local"], "has no `src=`"),
      (["--cache-from", "type=gha"], "`gha` is a type of cache that is not known here"),
      (["--cache-from", "type=local,dest=a"], "`dest` is not known"),
    ])
  func refusals(_ arguments: [String], _ words: String) async throws {
    let slipway = try Slipway()
    let result = try await slipway.command(["build"] + arguments + [context.path.string]).run()
    #expect(!result.succeeded)
    #expect(result.errorText.contains(words), "\(result.errorText)")
  }
}
