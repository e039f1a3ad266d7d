@testable import Reporting

/// Events at given milliseconds, played to a renderer without any real time passing.
struct Script {
  var events: [(at: Int, event: BuildEvent)]

  init(_ events: [(Int, BuildEvent)]) {
    self.events = events.map { (at: $0.0, event: $0.1) }
  }

  /// What `renderer` writes for all events and, unless told otherwise, on being closed.
  func transcript(_ renderer: some ProgressRenderer, closing: Bool = true) -> String {
    var renderer = renderer
    var out: [UInt8] = []
    // Any start will do: renderers show only differences.
    let start = Duration.seconds(86_400)
    for (milliseconds, event) in events {
      renderer.receive(event, at: start + .milliseconds(milliseconds), into: &out)
    }
    if closing {
      renderer.close(at: start + .milliseconds(events.last?.at ?? 0), into: &out)
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// A build with a cached step, two concurrent ones, a warning and a failure.
  static let failing = Script([
    (0, .buildStarted(detail: "app:1")),
    (0, .stepAnnounced(1, name: "[internal] load build definition from Dockerfile")),
    (10, .stepStarted(1)),
    (
      20,
      .stepProgressed(1, StepProgress(label: "transferring dockerfile", completed: 312, total: 312))
    ),
    (30, .stepFinished(1, .done)),
    (
      40,
      .diagnosed(
        Diagnostic(.warning, "stage name `Build` should be in lower case", rule: "StageNameCasing"))
    ),
    (50, .stepAnnounced(2, name: "[build 1/3] FROM toolchain")),
    (50, .stepAnnounced(3, name: "[build 2/3] COPY . .")),
    (50, .stepAnnounced(4, name: "[build 3/3] RUN make")),
    (50, .stepAnnounced(5, name: "[assets 1/1] RUN bundle")),
    (60, .stepFinished(2, .cached)),
    (60, .stepStarted(3)),
    (160, .stepFinished(3, .done)),
    (200, .stepStarted(4)),
    (200, .stepStarted(5)),
    (250, .stepOutput(4, .stdout, Array("cc main.c\ncc ".utf8))),
    (300, .stepOutput(5, .stdout, Array("bundling\n".utf8))),
    (400, .stepOutput(4, .stdout, Array("util.c\n".utf8))),
    (1300, .stepOutput(5, .stdout, Array("bundled\n".utf8))),
    (1400, .stepOutput(4, .stderr, Array("util.c:3: no such thing\n".utf8))),
    (1450, .stepFinished(5, .done)),
    (1500, .stepOutput(4, .stderr, Array("make: stopped".utf8))),
    (1700, .stepFinished(4, .failed(reason: "exit code 2"))),
    (
      1710,
      .diagnosed(
        Diagnostic(
          .error, "`RUN make` failed with exit code 2",
          excerpt: SourceText(
            named: "Dockerfile", Array("FROM toolchain\nCOPY . .\nRUN make\n".utf8)
          ).excerpt(marking: 3...3), hint: "look at the output above"))
    ),
    (1720, .buildFinished(.failed)),
  ])
}
