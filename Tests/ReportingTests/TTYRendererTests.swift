import Testing

@testable import Reporting

@Suite("Progress on a terminal")
struct TTYRendererTests {
  /// A renderer, its screen, and a hand on the clock.
  struct Stage {
    var renderer: TTYRenderer
    var screen: Screen
    var bytes = 0

    init(columns: Int = 50, rows: Int = 12, colour: Bool = true) {
      screen = Screen(columns: columns, rows: rows)
      renderer = TTYRenderer(colour: colour) { TerminalSize(columns: columns, rows: rows) }
    }

    mutating func play(_ milliseconds: Int, _ events: BuildEvent...) {
      play { renderer, out in
        for event in events {
          renderer.receive(event, at: .milliseconds(milliseconds), into: &out)
        }
        renderer.refresh(at: .milliseconds(milliseconds), into: &out)
      }
    }

    mutating func close(_ milliseconds: Int) {
      play { $0.close(at: .milliseconds(milliseconds), into: &$1) }
    }

    private mutating func play(_ body: (inout TTYRenderer, inout [UInt8]) -> Void) {
      var out: [UInt8] = []
      body(&renderer, &out)
      bytes += out.count
      screen.write(out)
    }
  }

  @Test("Finished steps take a line, running ones show a timer and their last output")
  func liveFrame() {
    var stage = Stage()
    stage.play(0, .buildStarted(detail: "app:1"), .stepAnnounced(1, name: "[1/3] FROM base"))
    stage.play(
      0, .stepAnnounced(2, name: "[2/3] RUN make"), .stepAnnounced(3, name: "[3/3] USER 1"))
    stage.play(10, .stepFinished(1, .cached), .stepStarted(2))
    let lines = (1...8).map { "line \($0)\n" }.joined() + "unfinished"
    stage.play(2110, .stepOutput(2, .stdout, Array(lines.utf8)))
    #expect(
      stage.screen.text == """
        [+] Building 2.1s (1/3)                      app:1
         => CACHED [1/3] FROM base                    0.0s
         => [2/3] RUN make                            2.1s
         => => # line 4
         => => # line 5
         => => # line 6
         => => # line 7
         => => # line 8
         => => # unfinished
        """)
    #expect(!stage.screen.isCursorVisible)
    #expect(stage.screen.wraps)
  }

  @Test("A finished build leaves one line a step, what was exported, and the findings")
  func summary() {
    var stage = Stage()
    stage.play(0, .buildStarted(), .stepAnnounced(1, name: "[1/1] RUN make"), .stepStarted(1))
    stage.play(500, .stepOutput(1, .stdout, Array("some output\n".utf8)))
    stage.play(
      600, .diagnosed(Diagnostic(.warning, "mind the gap")), .imageExported("app:1  6.2 MB"))
    stage.play(72_000, .stepFinished(1, .done))
    stage.play(72_400, .buildFinished(.succeeded))
    stage.close(72_500)
    #expect(
      stage.screen.text == """
        [+] Building 1m12s (1/1) FINISHED
         => [1/1] RUN make                           1m12s
        app:1  6.2 MB
        warning: mind the gap
        """)
    #expect(stage.screen.isCursorVisible)
  }

  @Test("A failed build ends in the failed step's last output and the error")
  func failure() {
    var stage = Stage(columns: 60, rows: 30)
    for (milliseconds, event) in Script.failing.events { stage.play(milliseconds, event) }
    stage.close(1720)
    #expect(
      stage.screen.text == """
        [+] Building 1.7s (5/5) FAILED                         app:1
         => [internal] load build definition from Dockerfile    0.0s
         => CACHED [build 1/3] FROM toolchain                   0.0s
         => [build 2/3] COPY . .                                0.1s
         => ERROR [build 3/3] RUN make                          1.5s
         => [assets 1/1] RUN bundle                             1.3s
        warning: stage name `Build` should be in lower case (StageNa
        meCasing)
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

  @Test("A build that ends without a word gives the cursor back and cancels what ran")
  func endsWithoutAWord() {
    var stage = Stage()
    stage.play(0, .stepAnnounced(1, name: "RUN sleep"), .stepStarted(1))
    stage.close(300)
    stage.close(400)
    #expect(
      stage.screen.text == """
        [+] Building 0.3s (1/1)
         => CANCELED RUN sleep                        0.3s
        """)
    #expect(stage.screen.isCursorVisible)
  }

  @Test("Nothing is drawn where nothing happened")
  func nothing() {
    var stage = Stage()
    stage.play(0)
    stage.close(1)
    #expect(stage.bytes == 0)
  }

  @Test("More steps than rows: the latest stay, and nothing scrolls until the end")
  func moreStepsThanRows() {
    var stage = Stage(columns: 40, rows: 8)
    for number in 1...20 {
      stage.play(number * 100, .stepAnnounced(StepID(number), name: "step \(number)"))
      stage.play(number * 100, .stepStarted(StepID(number)))
      if number < 20 { stage.play(number * 100 + 50, .stepFinished(StepID(number), .done)) }
    }
    stage.play(2100, .stepOutput(20, .stdout, Array("a\nb\n".utf8)))
    #expect(
      stage.screen.text == """
        [+] Building 2.0s (19/20)
         => … 17 earlier steps
         => step 18                         0.1s
         => step 19                         0.1s
         => step 20                         0.1s
         => => # a
         => => # b
        """)
    #expect(stage.screen.scrollback.isEmpty)
    stage.close(2200)
    #expect(stage.screen.text.split(separator: "\n").count == 21)
  }

  @Test("More running steps than rows are counted", arguments: 1...9)
  func moreRunningStepsThanRows(rows: Int) {
    var stage = Stage(columns: 30, rows: rows)
    for number in 1...10 { stage.play(0, .stepStarted(StepID(number))) }
    stage.play(1000)
    #expect(stage.screen.scrollback.isEmpty)
    #expect(stage.screen.visible[0] == (rows == 1 ? "" : "[+] Building 1.0s (0/10)"))
    if rows > 3 {
      #expect(stage.screen.visible[rows - 2] == " => … \(10 - (rows - 3)) more steps")
    }
    #expect(stage.screen.visible[rows - 1] == "")
  }

  @Test("Hostile and wide output stays on its rows")
  func hostileOutput() {
    var stage = Stage(columns: 40, rows: 10)
    stage.play(0, .stepAnnounced(1, name: "構築 \u{1B}[5A構築構築構築構築構築構築構築構築構築"), .stepStarted(1))
    let output = """
      \u{1B}[2J\u{1B}[Hgone?
      50%\r100%
      tab\tstop
      \u{1B}]0;title\u{07}🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀
      ab\u{08}c\u{202E}x

      """
    stage.play(1000, .stepOutput(1, .stdout, Array(output.utf8)))
    #expect(
      stage.screen.text == """
        [+] Building 1.0s (0/1)
         => 構築 構築構築構築構築構築構築…  1.0s
         => => # gone?
         => => # 100%
         => => # tab    stop
         => => # 🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀…
         => => # ac\u{FFFD}x
        """)
  }

  @Test("Random bytes never leave the frame")
  func randomBytes() {
    var random = SeededGenerator(seed: 3)
    var stage = Stage(columns: 60, rows: 12)
    stage.play(0, .stepStarted(1))
    for round in 1...300 {
      let bytes = (0..<50).map { _ in UInt8.random(in: 0...255, using: &random) }
      stage.play(round * 100, .stepOutput(1, .stderr, bytes))
      #expect(stage.screen.visible[1].hasPrefix(" => step 1 "))
    }
    #expect(stage.screen.scrollback.isEmpty)
  }

  @Test("Progress of items shows until they are complete")
  func progress() {
    var stage = Stage()
    stage.play(0, .stepAnnounced(1, name: "pull"), .stepStarted(1))
    stage.play(
      100, .stepProgressed(1, StepProgress(label: "a", completed: 1_200_000, total: 3_400_000)),
      .stepProgressed(1, StepProgress(label: "b", completed: 7, unit: .items)),
      .stepProgressed(1, StepProgress(label: "c", completed: 9, total: 9)))
    #expect(
      stage.screen.text == """
        [+] Building 0.1s (0/1)
         => pull                                      0.1s
         => => a 1.2 MB / 3.4 MB
         => => b 7
        """)
  }

  @Test("An unchanged frame is not drawn again")
  func unchangedFrame() {
    var stage = Stage()
    stage.play(0, .buildStarted())
    let bytes = stage.bytes
    stage.play(10)
    #expect(stage.bytes == bytes)
    stage.play(200)
    #expect(stage.bytes > bytes)
  }

  @Test("Without colour there is no style in the stream")
  func noColour() {
    var out: [UInt8] = []
    var renderer = TTYRenderer(colour: false) { TerminalSize(columns: 80, rows: 24) }
    renderer.receive(.stepFinished(1, .done), at: .zero, into: &out)
    renderer.refresh(at: .zero, into: &out)
    renderer.receive(.diagnosed(Diagnostic(.error, "no")), at: .zero, into: &out)
    #expect(!String(decoding: out, as: UTF8.self).contains("[3"))
    #expect(!String(decoding: out, as: UTF8.self).contains("m step"))
  }

  @Test("A flood of output takes bounded memory and no frames")
  func flood() throws {
    var ledger = BuildLedger()
    let chunk = Array(String(repeating: String(repeating: "y", count: 99) + "\n", count: 100).utf8)
    for round in 0..<1000 {
      let lines = ledger.enter(.stepOutput(1, .stdout, chunk), at: .milliseconds(round))
      #expect(lines.count == 100)
    }
    let endless = Array(repeating: UInt8(ascii: "z"), count: 1 << 16)
    for _ in 0..<20 { _ = ledger.enter(.stepOutput(1, .stderr, endless), at: .seconds(1)) }
    let step = try #require(ledger[1])
    #expect(step.tail.lines.count == OutputTail.mostLines)
    #expect(step.tail.lines.allSatisfy { $0.text.utf8.count <= OutputTail.longestLine + 3 })
    #expect((step.unfinishedLine?.utf8.count ?? 0) <= LineAssembler.longestLine)
  }
}
