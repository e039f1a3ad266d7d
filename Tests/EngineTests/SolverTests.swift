import Archive
import BuildGraph
import Foundation
import OCI
import Reporting
import Sandbox
import Snapshots
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Engine

@Suite(
  "The solver, through plans",
  .enabled(if: Requirement.builds, "processes need root and a busybox"))
struct SolverTests {
  private let directory: TemporaryDirectory
  private let context: FilePath

  init() async throws {
    directory = try TemporaryDirectory()
    context = try directory.directory("context")
    // busybox is all that the processes of these plans need.
    try await Command(
      "cp", [try #require(Requirement.tool("busybox")).string, context.appending("busybox").string]
    ).check()
  }

  private func stores(_ name: String = "home") throws -> EngineStores {
    try EngineStores(home: directory(name))
  }

  /// A plan that copies busybox, then runs scripts one after another.
  private func plan(
    _ scripts: [String], copying sources: [String] = ["busybox"],
    ignoringCache ignored: Set<Int> = []
  ) -> BuildPlan {
    var plan = BuildPlan(target: 0, configuration: ImageConfiguration(platform: .host))
    let scratch = plan.add(Vertex(.source(.scratch), label: "scratch"))
    let files = plan.add(Vertex(.source(.context(ContextSource(name: ""))), label: "context"))
    var last = plan.add(
      Vertex(
        .file([.copy(CopyAction(input: 1, sources: sources, destination: "/bin/"))]),
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

  /// What a build did.
  private struct Outcome {
    var digest: Digest
    var ran: [String]
    var cached: [String]
  }

  private func build(_ plan: BuildPlan, _ stores: EngineStores) async throws -> Outcome {
    let log = Log()
    let inputs = BuildInputs(
      contexts: ["": try DirectoryTree(context)], reporter: Reporter { log.receive($0) })
    let descriptor = try await BuildEngine(stores: stores).build(plan, inputs)
    return Outcome(
      digest: descriptor.digest, ran: log.finished(.done), cached: log.finished(.cached))
  }

  @Test("a second build runs nothing, in this process and in a new store object")
  func second() async throws {
    let plan = plan(["busybox echo x > /x"])
    let first = try await build(plan, stores())
    #expect(first.ran == ["COPY", "RUN 0"])
    let second = try await build(plan, stores())
    #expect(second.ran == [])
    #expect(second.digest == first.digest)
  }

  @Test("steps that made the same from something else are not run again above it")
  func contentKeys() async throws {
    try Files.write(Array("1".utf8), to: context.appending("noise"))
    var plan = plan(["busybox cat /bin/busybox > /out"], copying: ["busybox", "noise"])
    let base = plan.add(Vertex(.source(.scratch), label: "scratch"))
    plan.target = plan.add(
      Vertex(
        .file([.copy(CopyAction(input: 1, sources: ["/out"], destination: "/"))]),
        inputs: [base, plan.target], label: "COPY --from"))
    plan.configuration.history = [.init(createdBy: "a step")]
    let stores = try stores()
    let first = try await build(plan, stores)
    try Files.write(Array("2".utf8), to: context.appending("noise"))
    let second = try await build(plan, stores)
    #expect(second.ran == ["COPY", "RUN 0"])
    #expect(second.cached == ["COPY --from"])
    #expect(second.digest == first.digest)
  }

  @Test("a step whose cache is ignored runs, and so do the steps above what it made anew")
  func ignoredCache() async throws {
    let scripts = ["busybox cat /proc/sys/kernel/random/uuid > /id", "busybox cat /id > /copy"]
    let stores = try stores()
    let first = try await build(plan(scripts), stores)
    let second = try await build(plan(scripts, ignoringCache: [0]), stores)
    #expect(second.ran == ["RUN 0", "RUN 1"])
    #expect(second.digest != first.digest)
    // What was made last is what counts from now on.
    let third = try await build(plan(scripts), stores)
    #expect(third.ran == [])
    #expect(third.digest == second.digest)
  }

  @Test("a record whose layer is gone is a miss")
  func lostLayers() async throws {
    let plan = plan(["busybox echo x > /x", "busybox echo y > /y"])
    let stores = try stores()
    let first = try await build(plan, stores)
    for layer in try stores.layers.layers() { try stores.layers.remove(layer) }
    let second = try await build(plan, stores)
    #expect(second.ran == ["COPY", "RUN 0", "RUN 1"])
    #expect(second.digest == first.digest)
  }

  @Test("a record that is damaged is a miss")
  func damagedRecords() async throws {
    let plan = plan(["busybox echo x > /x"])
    let stores = try stores()
    let first = try await build(plan, stores)
    let records = directory("home/cache/records")
    for name in Files.names(in: records) {
      try Files.write(Array("{".utf8), to: records.appending(name))
    }
    let second = try await build(plan, stores)
    #expect(second.ran == ["COPY", "RUN 0"])
    #expect(second.digest == first.digest)
  }

  @Test("equal steps of builds that run at the same time share one run")
  func sharedRuns() async throws {
    let plan = plan(["busybox cat /proc/sys/kernel/random/uuid > /id; busybox sleep 0.3"])
    let digests = try await withThrowingTaskGroup(of: Digest.self) { group in
      for _ in 0..<4 {
        // A store object each, as processes have.
        let stores = try stores()
        group.addTask { try await build(plan, stores).digest }
      }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(digests.count == 1)
    #expect(Files.names(in: directory("home/locks")).filter { $0.hasPrefix("step-") } == [])
  }

  @Test("what several plans have in common runs once, also where the cache is ignored")
  func jointPlans() async throws {
    let shared = "busybox cat /proc/sys/kernel/random/uuid > /id"
    let plans = ["one", "two"].map { plan([shared, "echo \($0) > /own"], ignoringCache: [0, 1]) }
    let stores = try stores()
    for _ in 0..<2 {
      let log = Log()
      let inputs = BuildInputs(
        contexts: ["": try DirectoryTree(context)], reporter: Reporter { log.receive($0) })
      let builds = try await BuildEngine(stores: stores).solve(plans, inputs)
      #expect(log.finished(.done).count { $0 == "RUN 0" } == 1)
      #expect(log.finished(.done).count { $0 == "RUN 1" } == 2)
      var files: [[String]] = []
      for build in builds {
        let image = Image(try await build.image(), in: stores.content)
        let tree = try stores.layers.tree(ofStack: stores.layerStack(of: image))
        files.append(
          try ["id", "own"].map { name in
            let bytes = try tree.readFile(TreePath(cleaning: name), limit: 100) ?? []
            return String(decoding: bytes, as: UTF8.self)
          })
      }
      #expect(files[0][0] == files[1][0])
      #expect(files.map { $0[1] } == ["one\n", "two\n"])
    }
  }

  @Test("the first failure stops the other plans and is the one that is thrown")
  func failureOfOne() async throws {
    let plans = ["busybox sleep 1000", "busybox echo x > /x; exit 3"].map { plan([$0]) }
    let inputs = BuildInputs(
      contexts: ["": try DirectoryTree(context)], reporter: Reporter { _ in })
    let stores = try stores()
    let error = await #expect(throws: EngineError.self) {
      _ = try await BuildEngine(stores: stores).solve(plans, inputs)
    }
    if case .commandFailed(let status)? = error?.cause {
      #expect(status == .exited(3))
    } else {
      Issue.record("\(String(describing: error))")
    }
  }

  @Test("a step that fails is named, and what came before it is kept")
  func failure() async throws {
    let stores = try stores()
    let plan = plan(["busybox echo x > /x", "exit 3"])
    let error = await #expect(throws: EngineError.self) { try await build(plan, stores) }
    #expect(error?.vertex.label == "RUN 1")
    if case .commandFailed(let status)? = error?.cause {
      #expect(status == .exited(3))
    } else {
      Issue.record("\(String(describing: error))")
    }
    let log = try await build(self.plan(["busybox echo x > /x"]), stores)
    #expect(log.ran == [])
  }

  @Test("cancelling ends the process that runs, and leaves nothing to hinder the next build")
  func cancellation() async throws {
    let stores = try stores()
    let endless = plan(["busybox sleep 1000"])
    let started = Log()
    let inputs = BuildInputs(
      contexts: ["": try DirectoryTree(context)], reporter: Reporter { started.receive($0) })
    let task = Task { try await BuildEngine(stores: stores).build(endless, inputs) }
    while !started.hasStarted("RUN 0") { try await Task.sleep(nanoseconds: 2_000_000) }
    task.cancel()
    await #expect(throws: (any Error).self) { try await task.value }
    #expect(try await build(plan(["busybox echo x > /x"]), stores).ran == ["RUN 0"])
  }

  @Test("layers and history agree, and every layer of the image is in the store")
  func image() async throws {
    let stores = try stores()
    let outcome = try await build(plan(["busybox echo x > /x", "busybox true"]), stores)
    let entry = Descriptor(
      mediaType: .manifest, digest: outcome.digest,
      size: try #require(stores.content.size(of: outcome.digest)))
    let image = Image(entry, in: stores.content)
    let manifest = try image.manifest()
    let configuration = try image.configuration()
    #expect(manifest.layers.count == configuration.rootFileSystem.diffIDs.count)
    #expect(configuration.history.count { $0.emptyLayer != true } == manifest.layers.count)
    for layer in manifest.layers { #expect(stores.content.contains(layer)) }
    let tree = try stores.layers.tree(ofStack: stores.layerStack(of: image))
    #expect(try tree.node(at: TreePath(cleaning: "/x"))?.metadata.size == 2)
  }
}

/// Which steps ended how.
private final class Log: Sendable {
  private struct State {
    var names: [StepID: String] = [:]
    var started: Set<StepID> = []
    var outcomes: [(StepID, StepOutcome)] = []
  }

  private let state = Mutex(State())

  func receive(_ event: BuildEvent) {
    state.withLock { state in
      switch event {
      case .stepAnnounced(let step, let name): state.names[step] = name
      case .stepStarted(let step): state.started.insert(step)
      case .stepFinished(let step, let outcome, _): state.outcomes.append((step, outcome))
      default: break
      }
    }
  }

  func hasStarted(_ name: String) -> Bool {
    state.withLock { state in state.started.contains { state.names[$0] == name } }
  }

  func finished(_ outcome: StepOutcome) -> [String] {
    state.withLock { state in
      state.outcomes.filter { $0.1 == outcome }.compactMap { state.names[$0.0] }
    }
  }
}
