internal import Engine
internal import OCI
internal import Reporting
import Synchronization
internal import SystemPackage

/// The shared caches that a build asks, each shown as a step from when it is first asked.
final class CacheImport: Sendable {
  /// Nil where there are none.
  let caches: SharedCaches?
  private let log: ImportLog

  /// - Parameter firstStep: a number that no other step has, nor as many above it as there are sources.
  init(_ sources: [CacheSource], home: Home, firstStep: Int, _ reporter: Reporter) {
    let log = ImportLog(sources.map(\.name), firstStep: firstStep, reporter)
    self.log = log
    let opened = sources.map { source -> any BuildCache in
      switch source {
      case .registry(let reference):
        RegistryCache(reference, origins: home.registries.origins) {
          try home.registries.clientForCaches()
        }
      case .local(let path): LayoutCache(path: path, store: home.content)
      }
    }
    caches = opened.isEmpty ? nil : SharedCaches(opened) { log.receive($0) }
  }

  /// Ends the steps.
  func finish() { log.finish() }
}

/// Shows what comes of asking.
private final class ImportLog: Sendable {
  private let names: [String]
  private let firstStep: Int
  private let reporter: Reporter
  private let counts: Mutex<[Count]>

  private struct Count {
    var asked = 0
    var found = 0
    var hasEnded = false
  }

  init(_ names: [String], firstStep: Int, _ reporter: Reporter) {
    self.names = names
    self.firstStep = firstStep
    self.reporter = reporter
    counts = Mutex(names.map { _ in Count() })
  }

  func receive(_ event: SharedCaches.Event) {
    switch event {
    case .asked(let number):
      let isFirst = counts.withLock { counts in
        counts[number].asked += 1
        return counts[number].asked == 1
      }
      guard isFirst else { return }
      reporter.report(.stepAnnounced(step(number), name: "importing cache from \(names[number])"))
      reporter.report(.stepStarted(step(number)))
    case .found(let number, let found):
      counts.withLock { $0[number].found += 1 }
      write((found.layer == nil ? "known: " : "found: ") + found.label, number)
    case .passedOver(let number, let problem):
      write("passed over a step: \(problem)", number)
    case .givenUp(let number, let error):
      reporter.report(
        .diagnosed(
          Diagnostic(
            .warning, "the cache `\(names[number])` is not asked any more: \(error)",
            hint: "the build goes on without it")))
    }
  }

  func finish() {
    for number in names.indices {
      let count = counts.withLock { counts -> Count in
        defer { counts[number].hasEnded = true }
        return counts[number]
      }
      guard count.asked > 0, !count.hasEnded else { continue }
      write("\(count.found) of \(count.asked) keys that were asked for are there", number)
      reporter.report(.stepFinished(step(number), .done))
    }
  }

  private func step(_ number: Int) -> StepID { StepID(firstStep + number) }

  private func write(_ text: String, _ number: Int) {
    reporter.report(.stepOutput(step(number), .stderr, Array((text + "\n").utf8)))
  }
}
