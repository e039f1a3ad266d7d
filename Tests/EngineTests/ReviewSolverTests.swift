import Archive
import BuildGraph
import Glibc
import OCI
import Reporting
import Snapshots
import Synchronization
import SystemPackage
import Testing

@testable import Engine

@Suite("What the solver does with steps that ignore the cache, fail or wait")
struct ReviewSolverTests {
  @Test("What ran with --no-cache is what later steps and later builds stand on")
  func freshResults() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    // The clock is in a made file's time, so each run of the first step has a result of its own.
    #expect(try await bench.build(ignoring: []) == [1: .done, 2: .done])
    #expect(try await bench.build(ignoring: []) == [1: .cached, 2: .cached])
    #expect(try await bench.build(ignoring: [1]) == [1: .done, 2: .done])
    #expect(try await bench.build(ignoring: []) == [1: .cached, 2: .cached])
    #expect(try await bench.build(ignoring: [1, 2]) == [1: .done, 2: .done])
    #expect(try await bench.build(ignoring: []) == [1: .cached, 2: .cached])
  }

  @Test("A target on this machine's own system is refused before anything runs")
  func hostTarget() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    var plan = BuildPlan(target: 1, configuration: ImageConfiguration(platform: .host))
    _ = plan.add(Vertex(.source(.host), label: "host"))
    _ = plan.add(Vertex(.file([.makeFile(bench.file("a"))]), inputs: [0], label: "a"))
    let reported = Mutex(false)
    let inputs = BuildInputs(reporter: Reporter { _ in reported.withLock { $0 = true } })
    await #expect {
      try await BuildEngine(stores: bench.stores).build(plan, inputs)
    } throws: { error in
      if case .hostNotExportable? = (error as? EngineError)?.cause { true } else { false }
    }
    #expect(!reported.withLock { $0 })
  }

  @Test("A folder that a step mounts several times is held once, in one order for all steps")
  func cacheFolders() {
    func mount(_ id: String, _ sharing: CacheMount.Sharing) -> ExecutionMount {
      ExecutionMount(
        target: "/\(id)", kind: .cache(CacheMount(id: id, explicitID: true, sharing: sharing)))
    }
    let folders = CacheMountStore.folders(of: [
      mount("b", .shared), mount("a", .private), mount("b", .locked), mount("a", .locked),
      ExecutionMount(target: "/t", kind: .tmpfs(size: nil)), mount("b", .shared),
    ])
    #expect(folders.map(\.id) == ["a", "a", "b"])
    #expect(folders.map(\.sharing) == [.locked, .private, .locked])
  }

  @Test("A cancelled task waits no longer, and what comes late is given back")
  func cancelledWait() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    let path = bench.home.appending("lock")
    let held = try FileLock(path, exclusive: true)
    let (begun, beginning) = AsyncStream<Void>.makeStream()
    let (givenBack, givingBack) = AsyncStream<Void>.makeStream()
    let waiting = Task {
      try await BlockingWork.wait {
        beginning.finish()
        return try FileLock(path, exclusive: true)
      } givingBack: { lock in
        lock.release()
        givingBack.finish()
      }
    }
    for await _ in begun {}
    waiting.cancel()
    await #expect(throws: CancellationError.self) { _ = try await waiting.value }
    held.release()
    for await _ in givenBack {}
    #expect(try FileLock(ifFree: path) != nil)
  }

  @Test(
    "What is put into a directory of the base leaves the directory as it is, also under a process")
  func directoryOfBase() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    var plan = BuildPlan(target: 2, configuration: ImageConfiguration(platform: .host))
    _ = plan.add(Vertex(.source(.scratch), label: "scratch"))
    let folder = MakeDirectoryAction(path: "/t", mode: 0o1777, owner: "5:6")
    _ = plan.add(Vertex(.file([.makeDirectory(folder)]), inputs: [0], label: "folder"))
    let file = MakeFileAction(name: "f", destination: "/t/f", contents: [1])
    _ = plan.add(Vertex(.file([.makeFile(file)]), inputs: [1], label: "file"))
    // Nobody asks for its result; that it stands there makes directories of the layers below.
    let process = Execution(
      arguments: ["/nothing"], environment: [], workingDirectory: "/", platform: .host)
    _ = plan.add(Vertex(.execute(process), inputs: [2], label: "process"))
    let descriptor = try await BuildEngine(stores: bench.stores)
      .build(plan, BuildInputs(reporter: Reporter { _ in }))
    let layers = try bench.stores.layerStack(of: Image(descriptor, in: bench.stores.content))
    let top = try bench.stores.layers.tree(ofStack: layers)
    let metadata = try #require(try top.node(at: TreePath(cleaning: "/t"))).metadata
    #expect(metadata.permissions == 0o1777)
    #expect(metadata.userID == 5 && metadata.groupID == 6)
  }

  @Test("Parents kept by a copy are not mistaken for what is in it")
  func keptParents() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    func digest(_ folders: [String]) throws -> Digest {
      let root = bench.home.appending("tree\(folders.joined())".replacingSlashes)
      mkdir(root.string, 0o755)
      for folder in folders { mkdir(root.appending(folder).string, 0o755) }
      var copy = CopyAction(input: 0, sources: ["**/parents"], destination: "/")
      copy.keepsParents = true
      let selection = try SourceSelection(copy, from: DirectoryTree(root, .init()))
      return try selection.contentDigest(resetsOwners: true)
    }
    #expect(try digest(["x", "x/parents"]) != digest(["parents", "parents/x"]))
  }
}

extension String {
  fileprivate var replacingSlashes: String { String(map { $0 == "/" ? "-" : $0 }) }
}

/// A home of its own and a plan of two steps, the second on the first.
private struct Bench {
  let home: FilePath
  let stores: EngineStores

  init() throws {
    var template = Array("/tmp/slipway-review-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
      throw SystemCallError("make", "a temporary directory")
    }
    home = FilePath(platformString: made)
    stores = try EngineStores(home: home)
  }

  func remove() { try? removeTree(home) }

  func file(_ name: String) -> MakeFileAction {
    MakeFileAction(name: name, destination: "/\(name)", contents: Array(name.utf8))
  }

  /// How each step ended, by its vertex.
  func build(ignoring ignored: Set<Int>) async throws -> [Int: StepOutcome] {
    var plan = BuildPlan(target: 2, configuration: ImageConfiguration(platform: .host))
    _ = plan.add(Vertex(.source(.scratch), label: "scratch"))
    for (index, name) in [(1, "a"), (2, "b")] {
      var vertex = Vertex(.file([.makeFile(file(name))]), inputs: [index - 1], label: name)
      vertex.ignoresCache = ignored.contains(index)
      _ = plan.add(vertex)
    }
    let outcomes = Mutex<[Int: StepOutcome]>([:])
    let reporter = Reporter { event in
      guard case .stepFinished(let step, let outcome, _) = event else { return }
      outcomes.withLock { $0[Int(step.number) - 1] = outcome }
    }
    _ = try await BuildEngine(stores: stores)
      .build(plan, BuildInputs(latestTime: nil, reporter: reporter))
    return outcomes.withLock { $0 }
  }

  private func removeTree(_ path: FilePath) throws {
    guard let stream = opendir(path.string) else { return }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      let child = path.appending(name)
      if unlink(child.string) != 0 { try removeTree(child) }
    }
    closedir(stream)
    rmdir(path.string)
  }
}
