import Glibc
import Testing

@testable import Reporting

@Suite("The display")
struct ProgressDisplayTests {
  /// A pipe, closed when it goes.
  final class Pipe: @unchecked Sendable {
    let reader: CInt
    let writer: CInt

    init() throws {
      var ends: [CInt] = [-1, -1]
      try #require(pipe(&ends) == 0)
      (reader, writer) = (ends[0], ends[1])
    }

    deinit {
      close(reader)
      close(writer)
    }

    /// Reads on a thread of its own until `ending` has come; nil where the pipe ends first.
    func read(until ending: String) async -> String? {
      await withCheckedContinuation { continuation in
        let box = Unmanaged.passRetained(
          Reading(pipe: self, ending: Array(ending.utf8)) { continuation.resume(returning: $0) })
        var thread = pthread_t()
        pthread_create(
          &thread, nil,
          { context in
            if let context { Unmanaged<Reading>.fromOpaque(context).takeRetainedValue().run() }
            return nil
          }, box.toOpaque())
        pthread_detach(thread)
      }
    }

    private final class Reading {
      let pipe: Pipe
      let ending: [UInt8]
      let done: (String?) -> Void

      init(pipe: Pipe, ending: [UInt8], done: @escaping (String?) -> Void) {
        self.pipe = pipe
        self.ending = ending
        self.done = done
      }

      func run() {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !bytes.suffix(ending.count).elementsEqual(ending) {
          let count = Glibc.read(pipe.reader, &buffer, buffer.count)
          guard count > 0 else { return done(nil) }
          bytes += buffer[..<count]
        }
        done(String(decoding: bytes, as: UTF8.self))
      }
    }
  }

  private func display(
    _ renderer: some ProgressRenderer, on descriptor: CInt, limits: DisplayLimits = DisplayLimits()
  ) -> ProgressDisplay {
    ProgressDisplay(
      renderer: renderer, descriptor: descriptor, clock: ProgressClock { .zero }, limits: limits)
  }

  @Test("Many threads report at once: nothing is lost or torn, each thread's order is kept")
  func concurrency() async throws {
    let pipe = try Pipe()
    // Smaller than what comes: reporters wait for the reader, who is slow but there.
    let limits = DisplayLimits(queuedBytes: 4096, patience: .seconds(600))
    let display = display(RawJSONRenderer(), on: pipe.writer, limits: limits)
    async let everything = pipe.read(until: "\"outcome\":\"succeeded\"}\n")
    let (steps, lines) = (8, 500)
    await withTaskGroup(of: Void.self) { group in
      for step in 1...steps {
        let reporter = display.reporter
        group.addTask {
          for line in 1...lines {
            reporter.report(.stepOutput(StepID(step), .stdout, Array("\(line)\n".utf8)))
          }
        }
      }
    }
    display.receive(.buildFinished(.succeeded))
    display.close()
    let text = try #require(await everything)
    for step in 1...steps {
      let expected = (1...lines).map {
        "{\"event\":\"step-output\",\"time\":0.000,\"step\":\(step),\"stream\":\"stdout\",\"text\":\"\($0)\\n\"}"
      }
      #expect(
        text.split(separator: "\n").filter { $0.contains("\"step\":\(step),") }.elementsEqual(
          expected, by: ==))
    }
  }

  @Test("A reader that never reads holds nobody up, and memory stays bounded")
  func blockedReader() throws {
    let pipe = try Pipe()
    let limits = DisplayLimits(queuedBytes: 64 * 1024, patience: .zero)
    let display = display(PlainRenderer(colour: false), on: pipe.writer, limits: limits)
    let line = Array((String(repeating: "x", count: 199) + "\n").utf8)
    for _ in 0..<20_000 {
      display.receive(.stepOutput(1, .stdout, line))
      #expect(display.queuedBytes <= limits.queuedBytes + 1024)
    }
    for number in 0..<20_000 { display.receive(.stepStarted(StepID(number))) }
    #expect(display.queuedBytes <= limits.mostQueuedBytes)
    display.receive(.buildFinished(.succeeded))
    display.close()
  }

  @Test("What a reader missed is told when it reads again")
  func lossIsTold() async throws {
    let pipe = try Pipe()
    let limits = DisplayLimits(queuedBytes: 64 * 1024, patience: .zero)
    let display = display(RawJSONRenderer(), on: pipe.writer, limits: limits)
    let chunk = Array(repeating: UInt8(ascii: "x"), count: 1000)
    for _ in 0..<1000 { display.receive(.stepOutput(1, .stdout, chunk)) }
    async let everything = pipe.read(until: "\"the end\"}\n")
    while display.queuedBytes > 0 { await Task.yield() }
    display.receive(.imageExported("the end"))
    let text = try #require(await everything)
    let lines = text.split(separator: "\n")
    let shown = lines.count { $0.contains("step-output") }
    let lost = lines.filter { $0.contains("output-lost") }
      .compactMap { Int($0.split(separator: ":").last?.dropLast() ?? "") }
    #expect(!lost.isEmpty)
    #expect(lost.reduce(0, +) == (1000 - shown) * 1000)
    display.close()
  }

  @Test("A reader that is gone ends the display, not the process")
  func closedReader() throws {
    var ends: [CInt] = [-1, -1]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    let display = display(PlainRenderer(colour: false), on: ends[1])
    for number in 0..<1000 { display.receive(.stepStarted(StepID(number))) }
    display.close()
    display.receive(.stepStarted(1))
    display.close()
    close(ends[1])
  }

  @Test("A descriptor that is not open does no harm")
  func closedDescriptor() {
    let display = display(PlainRenderer(colour: false), on: -1)
    display.receive(.buildStarted())
    display.close()
  }

  @Test("A display that is let go of says its last words and gives the cursor back")
  func lastWords() async throws {
    let pipe = try Pipe()
    let renderer = TTYRenderer(colour: false) { TerminalSize(columns: 40, rows: 10) }
    do {
      let display = display(renderer, on: pipe.writer)
      display.receive(.stepAnnounced(1, name: "RUN make"))
      display.receive(.stepStarted(1))
    }
    let text = try #require(await pipe.read(until: TTYRenderer.restoring))
    var screen = Screen(columns: 40, rows: 10)
    screen.write(Array(text.utf8))
    #expect(screen.isCursorVisible)
    #expect(screen.text.hasSuffix("=> CANCELED RUN make               0.0s"))
  }

  @Test("A terminal is redrawn by the display's own thread as time passes")
  func timer() async throws {
    let pipe = try Pipe()
    let renderer = TTYRenderer(colour: false) { TerminalSize(columns: 40, rows: 10) }
    let display = display(renderer, on: pipe.writer)
    display.receive(.buildStarted())
    // No event follows: only the thread can have drawn it.
    let text = await pipe.read(until: "\u{1B}[J\u{1B}[?7h")
    #expect(text?.contains("[+] Building 0.0s (0/0)") ?? false)
    display.close()
  }

  private struct Failure: Error {}

  @Test("A scoped display is closed also when its body throws")
  func scope() async throws {
    let pipe = try Pipe()
    await #expect(throws: Failure.self) {
      try await ProgressDisplay.with(.auto, on: pipe.writer) { reporter in
        reporter.diagnose(Diagnostic(.error, "no"))
        throw Failure()
      }
    }
    #expect(await pipe.read(until: "error: no\n") == "error: no\n")
  }

  @Test("What signal handlers write is what the renderer writes")
  func restoring() async throws {
    let pipe = try Pipe()
    ProgressDisplay.restoreTerminal(pipe.writer)
    #expect(await pipe.read(until: TTYRenderer.restoring) == TTYRenderer.restoring)
  }

  @Test("Nobody listens to the silent reporter, and a closure can")
  func reporters() async {
    Reporter.silent.report(.buildStarted())
    await confirmation { heard in
      Reporter { if $0 == .stepStarted(3) { heard() } }.report(.stepStarted(3))
    }
  }
}
