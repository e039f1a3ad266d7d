import BuildGraph
import Foundation
import OCI
import Reporting
import Snapshots
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Engine

/// Steps in memory, with the store that has their blobs: the simplest cache there can be.
private final class Shelf: BuildCache {
  let name = "shelf"
  private let target: ContentStore
  private let state = Mutex(State())

  private struct State {
    var steps: [Digest: SharedStep] = [:]
    var origin: ContentStore?
    var asked: [Digest] = []
  }

  init(for target: ContentStore) {
    self.target = target
  }

  func put(_ steps: [SharedStep], from origin: ContentStore) {
    state.withLock { state in
      for step in steps { state.steps[step.key] = step }
      state.origin = origin
    }
  }

  func change(_ change: (inout SharedStep) -> Void) {
    state.withLock { state in
      for key in state.steps.keys {
        if var step = state.steps[key] {
          change(&step)
          state.steps[key] = step
        }
      }
    }
  }

  var asked: [Digest] { state.withLock(\.asked) }

  func step(_ key: Digest) async throws -> SharedStep? {
    state.withLock { state in
      state.asked.append(key)
      return state.steps[key]
    }
  }

  func provide(_ layer: PortableLayer) async throws {
    guard let origin = state.withLock(\.origin) else { return }
    _ = try target.add(
      origin.read(layer.blob.descriptor), as: layer.blob.descriptor.mediaType)
  }
}

/// A cache that never answers.
private struct SilentCache: BuildCache {
  let name = "silent"

  func step(_ key: Digest) async throws -> SharedStep? {
    try await Task.sleep(for: .seconds(3600))
    return nil
  }

  func provide(_ layer: PortableLayer) {}
}

/// A cache that cannot be asked.
private struct BrokenCache: BuildCache {
  let name = "broken"

  func step(_ key: Digest) throws -> SharedStep? { throw Errno.connectionRefused }
  func provide(_ layer: PortableLayer) {}
}

@Suite(
  "Steps of shared caches",
  .enabled(if: Requirement.builds, "processes need root and a busybox"))
struct SharedCachesTests {
  private let directory: TemporaryDirectory
  private let context: FilePath

  init() async throws {
    directory = try TemporaryDirectory()
    context = try directory.directory("context")
    try await Command(
      "cp", [try #require(Requirement.tool("busybox")).string, context.appending("busybox").string]
    ).check()
  }

  private func stores(_ name: String) throws -> EngineStores {
    try EngineStores(home: directory(name))
  }

  /// A plan that copies busybox, then runs scripts one after another.
  private func plan(_ scripts: [String], ignoringCache ignored: Set<Int> = []) -> BuildPlan {
    var plan = BuildPlan(target: 0, configuration: ImageConfiguration(platform: .host))
    let scratch = plan.add(Vertex(.source(.scratch), label: "scratch"))
    let files = plan.add(Vertex(.source(.context(ContextSource(name: ""))), label: "context"))
    var last = plan.add(
      Vertex(
        .file([.copy(CopyAction(input: 1, sources: ["busybox"], destination: "/bin/"))]),
        inputs: [scratch, files], label: "COPY"))
    for (number, script) in scripts.enumerated() {
      var vertex = Vertex(
        .execute(
          Execution(
            arguments: ["/bin/busybox", "sh", "-c", script], environment: ["PATH=/bin"],
            workingDirectory: "/", platform: .host)),
        inputs: [last], label: "RUN \(number)")
      vertex.ignoresCache = ignored.contains(number)
      last = plan.add(vertex)
    }
    plan.target = last
    plan.configuration.history = (0...scripts.count).map { _ in
      ImageConfiguration.HistoryEntry(createdBy: "a step")
    }
    return plan
  }

  private struct Outcome {
    let build: SolvedBuild
    let digest: Digest
    let ran: [String]
  }

  private func build(
    _ plan: BuildPlan, _ stores: EngineStores, _ caches: SharedCaches? = nil
  ) async throws -> Outcome {
    let names = Mutex<[StepID: String]>([:])
    let ran = Mutex<[String]>([])
    var inputs = BuildInputs(
      contexts: ["": try DirectoryTree(context)],
      reporter: Reporter { event in
        switch event {
        case .stepAnnounced(let step, let name): names.withLock { $0[step] = name }
        case .stepFinished(let step, .done, _):
          let name = names.withLock { $0[step] } ?? ""
          ran.withLock { $0.append(name) }
        default: break
        }
      })
    inputs.caches = caches
    let build = try await BuildEngine(stores: stores).solve([plan], inputs)[0]
    return Outcome(
      build: build, digest: try await build.image().digest, ran: ran.withLock { $0 })
  }

  private func shared(_ build: SolvedBuild) async throws -> [SharedStep] {
    var result: [SharedStep] = []
    for step in build.steps(imageOnly: false) {
      result += try await build.share(step, compression: nil)
    }
    return result
  }

  private static let random = "busybox cat /proc/sys/kernel/random/uuid > "
  private let scripts = [random + "/id", "busybox cat /id > /copy"]

  /// A shelf with what a first machine made of the scripts.
  private func shelf(for stores: EngineStores) async throws -> (Shelf, Outcome) {
    let origin = try self.stores("origin")
    let first = try await build(plan(scripts), origin)
    let shelf = Shelf(for: stores.content)
    shelf.put(try await shared(first.build), from: origin.content)
    return (shelf, first)
  }

  @Test("a machine that has nothing runs nothing, and makes the same image")
  func warm() async throws {
    let stores = try stores("home")
    let (shelf, first) = try await shelf(for: stores)
    let second = try await build(plan(scripts), stores, SharedCaches([shelf]))
    #expect(second.ran == [])
    #expect(second.digest == first.digest)
    #expect(Set(shelf.asked).count == shelf.asked.count)
    // What was found is this machine's own from now on.
    let third = try await build(plan(scripts), stores)
    #expect(third.ran == [])
    #expect(third.digest == first.digest)
  }

  @Test("plans that are solved at the same time ask for a key once")
  func sharedQuestions() async throws {
    let stores = try stores("home")
    let (shelf, first) = try await shelf(for: stores)
    let caches = SharedCaches([shelf])
    async let one = build(plan(scripts), stores, caches)
    async let two = build(plan(scripts), self.stores("other"), caches)
    _ = try await two
    #expect(try await one.digest == first.digest)
    #expect(Set(shelf.asked).count == shelf.asked.count)
  }

  @Test("a step that was run on other layers than those that are here is run again")
  func otherBase() async throws {
    let stores = try stores("home")
    let (shelf, first) = try await shelf(for: stores)
    let own = try await build(plan([scripts[0]]), stores)
    #expect(own.ran == ["COPY", "RUN 0"])
    let second = try await build(plan(scripts), stores, SharedCaches([shelf]))
    #expect(second.ran == ["RUN 1"])
    #expect(second.digest != first.digest)
  }

  @Test("a cache that keeps one waiting is asked no more, and the build goes on")
  func patience() async throws {
    let given = Mutex<[Int]>([])
    let asked = Mutex(0)
    let caches = SharedCaches([SilentCache()], patience: .milliseconds(50)) { event in
      switch event {
      case .asked: asked.withLock { $0 += 1 }
      case .givenUp(let number, _): given.withLock { $0.append(number) }
      default: break
      }
    }
    let outcome = try await build(plan(scripts), stores("home"), caches)
    #expect(outcome.ran == ["COPY", "RUN 0", "RUN 1"])
    #expect(given.withLock { $0 } == [0])
    #expect(asked.withLock { $0 } == 1)
  }

  @Test("where one cache cannot be asked, the next is")
  func nextCache() async throws {
    let stores = try stores("home")
    let (shelf, first) = try await shelf(for: stores)
    let given = Mutex<[Int]>([])
    let caches = SharedCaches([BrokenCache(), shelf]) { event in
      if case .givenUp(let number, _) = event { given.withLock { $0.append(number) } }
    }
    let outcome = try await build(plan(scripts), stores, caches)
    #expect(outcome.ran == [])
    #expect(outcome.digest == first.digest)
    #expect(given.withLock { $0 } == [0])
  }

  @Test("where there is no more than that a step was run, it is run when its layer is needed")
  func bareSteps() async throws {
    let origin = try stores("origin")
    var plan = plan([scripts[0]])
    let base = plan.add(Vertex(.source(.scratch), label: "scratch"))
    plan.target = plan.add(
      Vertex(
        .file([.copy(CopyAction(input: 1, sources: ["/id"], destination: "/"))]),
        inputs: [base, plan.target], label: "COPY --from"))
    plan.configuration.history = [.init(createdBy: "a step")]
    let first = try await build(plan, origin)
    let shelf = Shelf(for: try stores("home").content)
    var steps: [SharedStep] = []
    for step in first.build.steps(imageOnly: true) {
      steps += try await first.build.share(step, compression: nil)
    }
    #expect(steps.filter { $0.layer != nil }.map(\.label) == ["COPY --from", "COPY --from"])
    shelf.put(steps, from: origin.content)
    let second = try await build(plan, stores("home"), SharedCaches([shelf]))
    #expect(second.ran == [])
    #expect(second.digest == first.digest)
    // Without the cache too, nothing is run that is not needed.
    #expect(try await build(plan, stores("home")).ran == [])
    // And what is needed is.
    let stage = try await build(self.plan([scripts[0]]), stores("home"), SharedCaches([shelf]))
    #expect(stage.ran == ["COPY", "RUN 0"])
    #expect(try await build(plan, stores("home")).digest == first.digest)
  }

  @Test("a cancelled build does not wait for a cache")
  func cancelled() async throws {
    let begun = Mutex(false)
    let caches = SharedCaches([SilentCache()], patience: .seconds(3600)) { event in
      if case .asked = event { begun.withLock { $0 = true } }
    }
    let stores = try stores("home")
    let task = Task { try await build(plan(scripts), stores, caches) }
    while !begun.withLock({ $0 }) { await Task.yield() }
    task.cancel()
    await #expect(throws: (any Error).self) { try await task.value }
  }

  @Test("the step of another key is passed over")
  func otherKey() async throws {
    let stores = try stores("home")
    let (shelf, _) = try await shelf(for: stores)
    shelf.change { $0.key = .sha256(of: Array("another".utf8)) }
    let passed = Mutex(0)
    let caches = SharedCaches([shelf]) { event in
      if case .passedOver = event { passed.withLock { $0 += 1 } }
    }
    let outcome = try await build(plan(scripts), stores, caches)
    #expect(outcome.ran == ["COPY", "RUN 0", "RUN 1"])
    #expect(passed.withLock { $0 } == 3)
  }

  @Test("what was run although it was in the cache is shared under the keys that others ask for")
  func ignoredCache() async throws {
    let origin = try stores("origin")
    let first = try await build(plan(scripts), origin)
    let anew = try await build(plan(scripts, ignoringCache: [0]), origin)
    #expect(anew.ran == ["RUN 0", "RUN 1"])
    let (old, new) = (try await shared(first.build), try await shared(anew.build))
    #expect(old.map(\.key) == new.map(\.key))
    #expect(anew.build.steps(imageOnly: false).map(\.replacesOthers) == [false, true, true])

    let stores = try stores("home")
    let shelf = Shelf(for: stores.content)
    shelf.put(new, from: origin.content)
    let other = try await build(plan(scripts), stores, SharedCaches([shelf]))
    #expect(other.ran == [])
    #expect(other.digest == anew.digest)
  }

  @Test("an image can list its steps, the same each time, and without the list is as it was")
  func inline() async throws {
    let origin = try stores("origin")
    let first = try await build(plan(scripts), origin)
    var listing = first.build
    listing.listsSteps = true
    let descriptor = try await listing.image()
    #expect(try await listing.image() == descriptor)
    #expect(descriptor.digest != first.digest)
    #expect(try await first.build.image().digest == first.digest)

    let manifest = try Image(descriptor, in: origin.content).manifest()
    let steps = InlineSteps.read(try origin.content.read(manifest.config), manifest)
    #expect(steps.count == 3)
    let stores = try stores("home")
    let shelf = Shelf(for: stores.content)
    shelf.put(Array(steps.values), from: origin.content)
    let other = try await build(plan(scripts), stores, SharedCaches([shelf]))
    #expect(other.ran == [])
    #expect(other.digest == first.digest)
  }

  @Test(
    "a list of steps that makes no sense lists none",
    arguments: [
      #"{"rootfs":{"type":"layers","diff_ids":[]},"vnd.slipway.cache.v1":{"encoding":"gzip6-t0","steps":[{"layer":0,"baseCount":0,"identity":"D","keys":["D"],"label":""}]}}"#,
      #"{"rootfs":{"type":"layers","diff_ids":[]},"vnd.slipway.cache.v1":{"encoding":"gzip6-t0","steps":[{"layer":-1,"baseCount":-1,"identity":"D","keys":["D"],"label":""}]}}"#,
      #"{"rootfs":{"type":"layers","diff_ids":["D"]},"vnd.slipway.cache.v1":{"encoding":"gzip6-t0","steps":[]}}"#,
      #"{"rootfs":{"type":"layers","diff_ids":[]},"vnd.slipway.cache.v1":{"encoding":"x","steps":[]}}"#,
      #"{"rootfs":{"type":"layers","diff_ids":[]},"vnd.slipway.cache.v1":7}"#,
      #"{"rootfs":{"type":"layers","diff_ids":[]}}"#, "{", "",
    ])
  func senselessLists(_ text: String) {
    let digest = Digest.sha256(of: [])
    let manifest = Manifest(
      config: Descriptor(mediaType: .configuration, digest: digest, size: 0), layers: [])
    let bytes = Array(text.replacingOccurrences(of: "\"D\"", with: "\"\(digest)\"").utf8)
    #expect(InlineSteps.read(bytes, manifest).isEmpty)
  }
}
