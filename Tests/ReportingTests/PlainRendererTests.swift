import Testing

@testable import Reporting

@Suite("Plain progress")
struct PlainRendererTests {
  @Test("A failing build reads like BuildKit's plain progress, with the error last")
  func failingBuild() {
    #expect(
      Script.failing.transcript(PlainRenderer(colour: false)) == """
        #0 building app:1

        #1 [internal] load build definition from Dockerfile
        #1 transferring dockerfile 312 B / 312 B done
        #1 DONE 0.0s

        warning: stage name `Build` should be in lower case (StageNameCasing)

        #2 [build 1/3] FROM toolchain
        #2 CACHED

        #3 [build 2/3] COPY . .
        #3 DONE 0.1s

        #4 [build 3/3] RUN make
        #4 0.050 cc main.c
        #4 0.200 cc util.c
        #4 ...

        #5 [assets 1/1] RUN bundle
        #5 0.100 bundling
        #5 1.100 bundled
        #5 DONE 1.3s

        #4 [build 3/3] RUN make
        #4 1.200 util.c:3: no such thing
        #4 1.500 make: stopped
        #4 ERROR: exit code 2

        #0 ERROR 1.7s (5 steps, 1 cached)

        ------
         > [build 3/3] RUN make:
        0.050 cc main.c
        0.200 cc util.c
        1.200 util.c:3: no such thing
        1.500 make: stopped
        ------
        error: `RUN make` failed with exit code 2
          --> Dockerfile:3
           1 |     FROM toolchain
           2 |     COPY . .
           3 | >>> RUN make
        hint: look at the output above

        """)
  }

  @Test("Steps that finish while another has the floor speak in whole blocks once it is free")
  func wholeBlocks() {
    let script = Script([
      (0, .stepStarted(1)),
      (10, .stepStarted(2)),
      (20, .stepOutput(2, .stdout, Array("two\n".utf8))),
      (30, .stepFinished(2, .done)),
      (40, .stepStarted(3)),
      (50, .stepOutput(1, .stdout, Array("one\n".utf8))),
      (60, .stepFinished(1, .done)),
      (70, .stepFinished(3, .done)),
    ])
    #expect(
      script.transcript(PlainRenderer(colour: false)) == """
        #1 step 1
        #1 0.050 one
        #1 DONE 0.1s

        #2 step 2
        #2 0.010 two
        #2 DONE 0.0s

        #3 step 3
        #3 DONE 0.0s

        """)
  }

  @Test("Time alone passes the floor on to who waits")
  func refreshPassesTheFloor() {
    var renderer = PlainRenderer(colour: false)
    var out: [UInt8] = []
    renderer.receive(.stepStarted(1), at: .zero, into: &out)
    #expect(renderer.refreshInterval == nil)
    renderer.receive(.stepStarted(2), at: .zero, into: &out)
    #expect(renderer.refreshInterval != nil)
    renderer.refresh(at: .milliseconds(999), into: &out)
    #expect(String(decoding: out, as: UTF8.self) == "#1 step 1\n")
    renderer.refresh(at: .seconds(1), into: &out)
    #expect(String(decoding: out, as: UTF8.self) == "#1 step 1\n#1 ...\n\n#2 step 2\n")
    #expect(renderer.refreshInterval == nil)
  }

  @Test("A flood from a step without the floor is not held for long")
  func floodPassesTheFloor() {
    var renderer = PlainRenderer(colour: false)
    var out: [UInt8] = []
    renderer.receive(.stepStarted(1), at: .zero, into: &out)
    let line = Array((String(repeating: "x", count: 1023) + "\n").utf8)
    for _ in 0..<1000 { renderer.receive(.stepOutput(2, .stdout, line), at: .zero, into: &out) }
    renderer.receive(.stepFinished(2, .done), at: .zero, into: &out)
    let lines = out.split(separator: UInt8(ascii: "\n"))
    #expect(lines.count { $0.starts(with: Array("#2 0.000 x".utf8)) } == 1000)
  }

  @Test("A build that ends without a word cancels what runs and keeps its last output")
  func endsWithoutAWord() {
    let script = Script([
      (0, .stepStarted(1)),
      (0, .stepStarted(2)),
      (10, .stepOutput(1, .stdout, Array("half a li".utf8))),
      (20, .stepOutput(2, .stderr, Array("caf\u{e9}".utf8.dropLast()))),
    ])
    #expect(
      script.transcript(PlainRenderer(colour: false)) == """
        #1 step 1
        #1 0.020 half a li
        #1 CANCELED

        #2 step 2
        #2 0.020 caf\u{FFFD}
        #2 CANCELED

        """)
  }

  @Test("No byte of hostile output or names reaches the terminal as a control")
  func hostileBytes() {
    var random = SeededGenerator(seed: 7)
    var events: [(Int, BuildEvent)] = [(0, .stepAnnounced(1, name: "a\u{1B}[2J\nb\u{9B}31m"))]
    for _ in 0..<200 {
      let bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) }
      events.append((0, .stepOutput(1, .stdout, bytes)))
    }
    events.append((0, .stepFinished(1, .failed(reason: "\u{1B}]0;owned\u{07}exit\r\n#2 DONE"))))
    events.append((0, .imageExported("done\u{1B}[?25l")))
    events.append((0, .buildFinished(.failed)))
    let text = Script(events).transcript(PlainRenderer(colour: false))
    #expect(text.unicodeScalars.allSatisfy { Self.isHarmless($0) })
    #expect(text.hasPrefix("#1 a b31m\n"))
    #expect(text.contains("#1 ERROR: exit #2 DONE\n"))
    #expect(text.contains("\ndone\n"))
  }

  static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\n" || scalar == "\t" || scalar.properties.generalCategory != .control
  }

  @Test("Progress is worth a line when it is complete, or now and then")
  func progressNowAndThen() {
    func layer(_ completed: Int64) -> BuildEvent {
      .stepProgressed(
        1, StepProgress(label: "layer", completed: completed * 1_000_000, total: 40_000_000))
    }
    let script = Script([
      (0, .stepStarted(1)), (0, layer(1)), (1000, layer(2)), (5000, layer(10)), (6000, layer(11)),
      (8000, layer(40)), (8000, .stepFinished(1, .done)),
    ])
    #expect(
      script.transcript(PlainRenderer(colour: false)) == """
        #1 step 1
        #1 layer 10.0 MB / 40.0 MB
        #1 layer 40.0 MB / 40.0 MB done
        #1 DONE 8.0s

        """)
  }

  @Test("An error that comes after the end is said at once")
  func lateError() {
    let script = Script([
      (0, .buildStarted()), (3200, .buildFinished(.succeeded)),
      (3200, .diagnosed(Diagnostic(.error, "no room", hint: "make some"))),
    ])
    #expect(
      script.transcript(PlainRenderer(colour: false), closing: false) == """
        #0 building

        #0 DONE 3.2s (0 steps)

        error: no room
        hint: make some

        """)
  }

  @Test("Where nothing had begun, the error alone is told; of a failed step, no hint")
  func failures() {
    struct Failure: Error, CustomStringConvertible {
      let description: String
    }
    let early = Script([
      (0, .buildStarted()), (1, .diagnosed(Diagnostic(.error, "no Dockerfile"))),
      (1, .buildFinished(.failed)),
    ])
    #expect(
      early.transcript(PlainRenderer(colour: false)) == """
        #0 building

        error: no Dockerfile

        """)
    let outcome = StepOutcome(endedBy: Failure(description: "no `ls`\nhint: install it"))
    #expect(outcome == .failed(reason: "no `ls`"))
    #expect(StepOutcome(endedBy: CancellationError()) == .cancelled)
    let late = Script([
      (0, .buildStarted()), (0, .stepAnnounced(1, name: "RUN ls")), (0, .stepStarted(1)),
      (1000, .stepFinished(1, outcome)), (1000, .buildFinished(.failed)),
    ])
    #expect(
      late.transcript(PlainRenderer(colour: false)) == """
        #0 building

        #1 RUN ls
        #1 ERROR: no `ls`

        #0 ERROR 1.0s (1 step)

        """)
  }

  @Test("Quiet progress says nothing but the failed step's last words and the errors")
  func quiet() {
    let text = Script.failing.transcript(QuietRenderer(colour: false))
    #expect(text.hasPrefix("------\n > [build 3/3] RUN make:\n0.050 cc main.c\n"))
    #expect(text.hasSuffix("hint: look at the output above\n"))
    #expect(!text.contains("warning"))
    let fine = Script([(0, .buildStarted()), (1, .buildFinished(.succeeded))])
    #expect(fine.transcript(QuietRenderer(colour: false)) == "")
  }
}

/// SplitMix64: the same bytes on every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
