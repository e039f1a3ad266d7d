import Testing

@testable import Reporting

@Suite("Progress for programs")
struct RawJSONRendererTests {
  @Test("Every event is an object on a line of its own")
  func golden() {
    let excerpt = SourceExcerpt(
      file: "Dockerfile", firstLine: 3, lines: ["RUN make"], marked: 3...4, columns: 5..<9)
    let script = Script([
      (0, .buildStarted(activity: "Building", detail: "app:1")),
      (0, .stepAnnounced(1, name: #"[1/2] RUN echo "a\b""#)),
      (100, .stepStarted(1)),
      (150, .stepProgressed(1, StepProgress(label: "layer", completed: 5, total: 10))),
      (160, .stepProgressed(1, StepProgress(completed: 5, unit: .items))),
      (200, .stepOutput(1, .stdout, Array("tab\tline\n\u{1B}[31mred\u{7F}".utf8))),
      (1300, .stepFinished(1, .done)),
      (1300, .stepFinished(2, .cached, duration: .zero)),
      (1400, .stepFinished(3, .failed(reason: "exit code 2"), duration: .milliseconds(1_234))),
      (1400, .stepFinished(4, .cancelled)),
      (
        1500,
        .diagnosed(
          Diagnostic(
            .error, "it `failed`", rule: "R", excerpt: excerpt, notes: ["a", "b"], hint: "try"))
      ),
      (1500, .diagnosed(Diagnostic(.hint, "ok"))),
      (1600, .imageExported("app:1")),
      (1700, .buildFinished(.failed)),
    ])
    #expect(
      script.transcript(RawJSONRenderer()) == #"""
        {"event":"build-started","time":0.000,"activity":"Building","detail":"app:1"}
        {"event":"step-announced","time":0.000,"step":1,"name":"[1/2] RUN echo \"a\\b\""}
        {"event":"step-started","time":0.100,"step":1}
        {"event":"step-progress","time":0.150,"step":1,"label":"layer","completed":5,"total":10,"unit":"bytes"}
        {"event":"step-progress","time":0.160,"step":1,"completed":5,"unit":"items"}
        {"event":"step-output","time":0.200,"step":1,"stream":"stdout","text":"tab\tline\n\u001b[31mred\u007f"}
        {"event":"step-finished","time":1.300,"step":1,"state":"done","duration":1.200}
        {"event":"step-finished","time":1.300,"step":2,"state":"cached","duration":0.000}
        {"event":"step-finished","time":1.400,"step":3,"state":"failed","reason":"exit code 2","duration":1.234}
        {"event":"step-finished","time":1.400,"step":4,"state":"cancelled","duration":0.000}
        {"event":"diagnostic","time":1.500,"severity":"error","message":"it `failed`","rule":"R","notes":["a","b"],"hint":"try","file":"Dockerfile","firstLine":3,"lastLine":4,"firstColumn":5,"lastColumn":8}
        {"event":"diagnostic","time":1.500,"severity":"hint","message":"ok"}
        {"event":"image-exported","time":1.600,"text":"app:1"}
        {"event":"build-finished","time":1.700,"outcome":"failed"}

        """#)
  }

  @Test("A character cut in two by chunks comes out whole, one that never ends as U+FFFD")
  func splitCharacters() {
    let script = Script([
      (0, .stepOutput(1, .stdout, [0xF0, 0x9F])),
      (0, .stepOutput(1, .stderr, [0x41, 0xFF])),
      (0, .stepOutput(1, .stdout, [0x9A, 0x80, 0xC3])),
      (0, .stepFinished(1, .done)),
    ])
    let texts = script.transcript(RawJSONRenderer()).split(separator: "\n")
      .filter { $0.contains("step-output") }.map { $0.drop { $0 != "1" }.dropFirst(2) }
    #expect(
      texts == [
        "\"stream\":\"stderr\",\"text\":\"A\u{FFFD}\"}",
        "\"stream\":\"stdout\",\"text\":\"\u{1F680}\"}",
        "\"stream\":\"stdout\",\"text\":\"\u{FFFD}\"}",
      ])
  }

  @Test("Random bytes leave one harmless line an event")
  func hostileBytes() {
    var random = SeededGenerator(seed: 11)
    let events = (0..<100).map { _ in
      let bytes = (0..<100).map { _ in UInt8.random(in: 0...255, using: &random) }
      return (0, BuildEvent.stepOutput(1, .stdout, bytes))
    }
    let text = Script(events).transcript(RawJSONRenderer(), closing: false)
    #expect(text.utf8.count { $0 == 0x0A } == 100)
    #expect(text.unicodeScalars.allSatisfy { PlainRendererTests.isHarmless($0) && $0 != "\t" })
  }

  @Test("What was lost is told")
  func loss() {
    var renderer = RawJSONRenderer()
    var out: [UInt8] = []
    renderer.noteLoss(ofBytes: 12, at: .zero, into: &out)
    #expect(
      String(decoding: out, as: UTF8.self)
        == "{\"event\":\"output-lost\",\"time\":0.000,\"bytes\":12}\n")
  }
}
