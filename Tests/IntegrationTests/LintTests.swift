import Foundation
import SystemPackage
import TestSupport
import Testing

/// A directory with a Dockerfile, and what commands say of it.
private struct Checked {
  let slipway: Slipway
  let directory: TemporaryDirectory

  init(_ dockerfile: String, _ files: [String: String] = [:]) throws {
    slipway = try Slipway()
    directory = try TemporaryDirectory()
    try directory.write(dockerfile, to: "context/Dockerfile")
    for (name, text) in files { try directory.write(text, to: "context/\(name)") }
  }

  /// Runs a command in the directory.
  func run(_ arguments: String...) async throws -> Command.Result {
    try await slipway.command(arguments, in: directory("context")).run()
  }
}

/// JSON, by path: keys and indexes with dots between them.
private struct Document {
  let root: Any

  init(_ text: String) throws {
    root = try JSONSerialization.jsonObject(with: Data(text.utf8))
  }

  subscript(path: String) -> Any? {
    path.split(separator: ".").reduce(root as Any?) { value, key in
      if let index = Int(key) {
        guard let list = value as? [Any], list.indices.contains(index) else { return nil }
        return list[index]
      }
      return (value as? [String: Any])?[String(key)]
    }
  }

  func text(_ path: String) -> String? { self[path] as? String }
  func number(_ path: String) -> Int? { self[path] as? Int }
  func list(_ path: String) -> [Any] { self[path] as? [Any] ?? [] }
}

@Suite("Checking a Dockerfile")
struct LintTests {
  private static let flawed = """
    FROM scratch AS Base
    # a file
    COPY one $two \\
      /there/
    FROM scratch
    CMD run me

    """

  @Test("findings are shown with the user's lines, and end in exit code 1")
  func text() async throws {
    let checked = try Checked(Self.flawed)
    for arguments in [["lint"], ["build", "--check"], ["build", "--call=check", "."]] {
      let result = try await checked.slipway.command(arguments, in: checked.directory("context"))
        .run()
      #expect(result.status == .exited(1))
      #expect(result.errorText == "")
      #expect(
        result.text == """
          warning: the stage name `Base` should be in lower case (StageNameCasing)
            --> Dockerfile:1:17
             1 | >>> FROM scratch AS Base
               |                     ^^^^
             2 |     # a file
             3 |     COPY one $two \\
          hint: write `base`

          warning: the variable `$two` is not set and counts as empty (UndefinedVar)
            --> Dockerfile:3:10
             1 |     FROM scratch AS Base
             2 |     # a file
             3 | >>> COPY one $two \\
               |              ^^^^
             4 |       /there/
             5 |     FROM scratch
             6 |     CMD run me
          hint: declare it in this stage with `ARG two` or `ENV two=…`

          warning: `CMD` in shell form runs under a shell, which passes no signals on (JSONArgsRecommended)
            --> Dockerfile:6:1
             4 |       /there/
             5 |     FROM scratch
             6 | >>> CMD run me
               |     ^^^^^^^^^^
          hint: write it as a JSON array: `CMD ["program", "argument"]`

          Dockerfile: 3 warnings
          """)
    }
  }

  @Test("a Dockerfile that no rule minds ends in exit code 0")
  func clean() async throws {
    let result = try await Checked("FROM scratch\nCOPY a /\n").run("lint")
    #expect(result.status == .exited(0))
    #expect(result.text == "Dockerfile: no warnings")
  }

  @Test("a target limits what is looked at, and stays in the message of one that is not there")
  func target() async throws {
    let checked = try Checked(Self.flawed)
    let base = try await checked.run("lint", "--target", "base")
    #expect(base.text.hasSuffix("Dockerfile: 2 warnings"))
    let unknown = try await checked.run("lint", "--target", "bsae")
    #expect(unknown.status == .exited(1))
    #expect(
      unknown.errorText.hasPrefix("error: there is no stage `bsae`\nhint: did you mean `base`?"))
  }

  @Test("JSON has the shape of BuildKit's subrequest, from lint and from --call alike")
  func json() async throws {
    let checked = try Checked(Self.flawed)
    let result = try await checked.run("lint", "--format", "json")
    #expect(result.status == .exited(1))
    #expect(result.errorText == "")
    let called = try await checked.run("build", "--call=check,format=json")
    #expect(called.text == result.text)
    #expect(called.status == .exited(1))
    let ignored = try await checked.run("build", "--call=check,format=json,ignorestatus=true")
    #expect(ignored.text == result.text)
    #expect(ignored.status == .exited(0))

    let document = try Document(result.text)
    #expect(Set((document.root as? [String: Any] ?? [:]).keys) == ["warnings", "sources"])
    #expect(document.list("warnings").count == 3)
    #expect(document.text("warnings.1.ruleName") == "UndefinedVar")
    #expect(document.text("warnings.1.description") == "variables are defined before they are used")
    #expect(
      document.text("warnings.1.url")
        == "https://docs.docker.com/go/dockerfile/rule/undefined-var/")
    #expect(
      document.text("warnings.1.detail") == "the variable `$two` is not set and counts as empty")
    // A range a line.
    #expect(document.list("warnings.1.location.ranges").count == 2)
    #expect(document.number("warnings.1.location.ranges.0.start.line") == 3)
    #expect(document.number("warnings.1.location.ranges.0.end.line") == 3)
    #expect(document.number("warnings.1.location.ranges.1.start.line") == 4)
    #expect(document.text("sources.0.filename") == "Dockerfile")
    #expect(document.text("sources.0.language") == "Dockerfile")
    let data = Data(base64Encoded: document.text("sources.0.data") ?? "")
    #expect(data == Data(Self.flawed.utf8))
  }

  @Test("without findings, JSON has an empty list")
  func emptyJSON() async throws {
    let result = try await Checked("FROM scratch\n").run(
      "build", "--check", "--call=check,format=json")
    #expect(result.status == .exited(0))
    #expect(try Document(result.text)["warnings"] as? [String] == [])
  }

  @Test("what is wrong with the Dockerfile is told as a build tells it, beside the findings")
  func errors() async throws {
    let checked = try Checked("FROM scratch AS Big\nCOPPY a /\nMAINTAINER me\nENV 1\n")
    let text = try await checked.run("lint")
    #expect(text.status == .exited(1))
    #expect(text.text.hasSuffix("Dockerfile: 1 warning"))
    #expect(
      text.errorText.hasPrefix(
        """
        error: unknown instruction `COPPY`
          --> Dockerfile:2:1
           1 |     FROM scratch AS Big
           2 | >>> COPPY a /
             |     ^^^^^
           3 |     MAINTAINER me
           4 |     ENV 1
        hint: did you mean `COPY`?
        error: `ENV` must have two arguments
        """))

    let json = try await checked.run("lint", "--format", "json")
    #expect(json.status == .exited(1))
    let document = try Document(json.text)
    #expect(document.list("warnings").count == 1)
    #expect(
      document.text("buildError.message")
        == "unknown instruction `COPPY`\n`ENV` must have two arguments")
    #expect(document.number("buildError.location.ranges.0.start.line") == 2)
  }

  @Test("findings beside an error that only shows once variables are expanded")
  func lateErrors() async throws {
    let checked = try Checked("FROM scratch as a\nUSER $nobody\nSTOPSIGNAL never\n")
    let result = try await checked.run("lint")
    #expect(result.status == .exited(1))
    #expect(result.text.contains("(FromAsCasing)") && result.text.contains("(UndefinedVar)"))
    #expect(result.errorText.hasPrefix("error: `never` is not a signal\n  --> Dockerfile:3:1"))
  }

  @Test("SARIF 2.1.0 with what its schema requires")
  func sarif() async throws {
    let checked = try Checked("FROM scratch AS Größe\nCOPY ü $x /\nNONSENSE\n")
    try checked.directory.write("FROM scratch\nCOPY ü $x /\n", to: "context/deep folder/é.df")
    let result = try await checked.run("lint", "--format", "sarif", "-f", "deep folder/é.df")
    #expect(result.status == .exited(1))
    let log = try Document(result.text)
    #expect(log.text("version") == "2.1.0")
    #expect(log.text("$schema")?.contains("sarif-2.1.0") ?? false)
    #expect(log.list("runs").count == 1)
    #expect(log.text("runs.0.tool.driver.name") == "slipway")
    #expect(log.text("runs.0.columnKind") == "unicodeCodePoints")
    #expect(log.text("runs.0.tool.driver.rules.0.id") == "UndefinedVar")
    #expect(log.text("runs.0.tool.driver.rules.0.shortDescription.text") != nil)
    #expect(log.list("runs.0.results").count == 1)
    let place = "runs.0.results.0"
    #expect(log.text("\(place).ruleId") == "UndefinedVar")
    #expect(log.number("\(place).ruleIndex") == 0)
    #expect(log.text("\(place).level") == "warning")
    #expect(log.text("\(place).message.text")?.contains("`$x`") ?? false)
    let location = "\(place).locations.0.physicalLocation"
    #expect(log.text("\(location).artifactLocation.uri") == "deep%20folder/%C3%A9.df")
    #expect(log.number("\(location).region.startLine") == 2)
    #expect(log.number("\(location).region.startColumn") == 1)
    #expect(log.number("\(location).region.endLine") == 2)
    // After the last of 11 characters, however many bytes they are.
    #expect(log.number("\(location).region.endColumn") == 12)

    let errors = try Document(try await checked.run("lint", "--format", "sarif").text)
    let levels = errors.list("runs.0.results").map { ($0 as? [String: Any])?["level"] as? String }
    #expect(levels == ["error", "error"])
    #expect(errors.text("runs.0.results.0.ruleId") == "BuildError")
    #expect(errors.text("runs.0.tool.driver.rules.0.id") == "BuildError")
  }

  @Test("a build argument speaks instead of the file's `# check=`")
  func checkArgument() async throws {
    let checked = try Checked("# check=skip=all\nFROM scratch as a\ncopy x /\n")
    #expect(try await checked.run("lint").status == .exited(0))
    let name = "BUILDKIT_DOCKERFILE_CHECK"
    let result = try await checked.run(
      "lint", "--build-arg", "\(name)=skip=ConsistentInstructionCasing;error=true")
    #expect(result.status == .exited(1))
    #expect(result.text.hasSuffix("Dockerfile: 1 warning"))
    #expect(result.errorText.hasPrefix("error: warnings are errors here: `FromAsCasing`"))
    let wrong = try await checked.run("lint", "--build-arg", "\(name)=skip")
    #expect(wrong.status == .exited(1))
    #expect(wrong.errorText.hasPrefix("error: the build argument `\(name)` cannot be understood"))
  }

  @Test("an image that cannot be had is a note, and rules that need it are left out")
  func missingImage() async throws {
    let checked = try Checked("FROM none.invalid/x:1\nUSER $X\nWORKDIR a\n")
    let result = try await checked.run("lint")
    #expect(result.status == .exited(1))
    #expect(result.text.hasSuffix("Dockerfile: 1 warning"))
    #expect(result.text.contains("(WorkdirRelativePath)"))
    #expect(
      result.errorText.hasPrefix("hint: `none.invalid/x:1` cannot be asked for its variables"))
  }

  @Test("a Dockerfile on standard input, an ignore file and a named context")
  func surroundings() async throws {
    let checked = try Checked(
      "FROM base\nCOPY left /\nLABEL a=$FROM_BASE\n", [".dockerignore": "left\n"])
    let result = try await checked.run("lint", "--build-context", "base=.")
    #expect(result.text.contains("(CopyIgnoredFile)"))
    #expect(result.text.hasSuffix("Dockerfile: 2 warnings"))
    var command = checked.slipway.command(
      ["lint", "-f", "-", "."], in: checked.directory("context"))
    command.input = Array("from scratch as a\n".utf8)
    let fromInput = try await command.run()
    #expect(fromInput.text == "-: no warnings")
  }

  @Test("an unknown frontend is a remark and no finding")
  func syntaxDirective() async throws {
    let result = try await Checked("# syntax=example.com/other:1\nFROM scratch\n").run("lint")
    #expect(result.status == .exited(0))
    #expect(result.text == "Dockerfile: no warnings")
    #expect(
      result.errorText.hasPrefix(
        "warning: `example.com/other:1` is not run: the file is read as a Dockerfile of version"))
  }

  @Test("outline and targets, as tables and as JSON")
  func calls() async throws {
    let checked = try Checked(
      """
      # VERSION is what to fetch
      ARG VERSION=1.2
      FROM scratch AS tools
      ARG VERSION
      FROM scratch
      RUN --mount=type=secret,id=token,required --mount=type=ssh fetch
      # last is the one
      FROM tools AS last
      RUN --mount=type=secret,id=key fetch

      """)
    let outline = try await checked.run("build", "--call=outline")
    #expect(outline.status == .exited(0))
    #expect(
      outline.text == """
        TARGET:      last
        DESCRIPTION: is the one

        BUILD ARG   VALUE   DESCRIPTION
        VERSION     1.2     is what to fetch

        SECRET   REQUIRED
        key
        """)
    let other = try Document(
      try await checked.run("build", "--call=outline,format=json", "--target=1").text)
    #expect(other.text("secrets.0.name") == "token")
    #expect(other["secrets.0.required"] as? Bool == true)
    #expect(other.number("secrets.0.location.ranges.0.start.line") == 6)
    #expect(other.text("ssh.0.name") == "default")
    #expect(other["name"] == nil && other["args"] == nil)
    #expect(other.list("sources").count == 1)

    let targets = try await checked.run("build", "--call=targets")
    #expect(
      targets.text == """
        TARGET         DESCRIPTION
        tools

        last (default) is the one
        """)
    let list = try Document(try await checked.run("build", "--call=targets,format=json").text)
    #expect(list.list("targets").count == 3)
    #expect(list.text("targets.0.name") == "tools")
    #expect(list.text("targets.0.base") == "scratch")
    #expect(list["targets.1.name"] == nil && list["targets.1.default"] == nil)
    #expect(list["targets.2.default"] as? Bool == true)
    #expect(list.text("targets.2.description") == "is the one")
    #expect(list.number("targets.2.location.ranges.0.start.line") == 8)

    let broken = try await Checked("FROM scratch\nNO\n").run("build", "--call=targets")
    #expect(broken.status == .exited(1))
    #expect(broken.errorText.hasPrefix("error: unknown instruction `NO`\n  --> Dockerfile:2:1"))
    let unknown = try await checked.run("build", "--call=lists")
    #expect(unknown.status == .exited(1))
    #expect(
      unknown.errorText.hasPrefix("error: `lists` is nothing to call\nhint: `build`, `check`"))
  }
}

@Suite(
  "Warnings of a build",
  .enabled(if: Requirement.builds, "builds need root, busybox, tar and python3"))
struct BuildWarningTests {
  private static let flawed = """
    FROM scratch as one
    COPY Dockerfile $x \\

      /
    """

  @Test(
    "each is shown once, for all platforms, in every kind of progress",
    arguments: ["plain", "rawjson", "tty"])
  func once(progress: String) async throws {
    let checked = try Checked(Self.flawed)
    let result = try await checked.run(
      "build", "--progress", progress, "--platform", "linux/amd64,linux/arm64")
    #expect(result.status == .exited(0))
    for rule in ["FromAsCasing", "NoEmptyContinuation", "UndefinedVar"] {
      #expect(result.errorText.components(separatedBy: rule).count == 2, "\(rule)")
    }
  }

  @Test("a quiet build says nothing of them")
  func quiet() async throws {
    let result = try await Checked(Self.flawed).run("build", "-q")
    #expect(result.status == .exited(0))
    #expect(result.errorText == "")
    #expect(result.text.hasPrefix("sha256:"))
  }

  @Test("they are shown beside an error, of whichever kind")
  func besideErrors() async throws {
    let syntax = try await Checked("FROM scratch as one\nNO\n").run("build", "--progress=plain")
    #expect(syntax.status == .exited(1))
    #expect(syntax.errorText.contains("(FromAsCasing)"))
    let late = try await Checked("FROM scratch\nUSER $x\nSTOPSIGNAL no\n").run(
      "build", "--progress=plain")
    #expect(late.status == .exited(1))
    #expect(late.errorText.contains("(UndefinedVar)"))
    #expect(late.errorText.contains("error: `no` is not a signal"))
  }

  @Test("they fail the build where the Dockerfile says so, and are shown as warnings all the same")
  func asErrors() async throws {
    let result = try await Checked("# check=error=true\n" + Self.flawed).run(
      "build", "--progress=plain")
    #expect(result.status == .exited(1))
    #expect(result.errorText.components(separatedBy: "warning: ").count == 4)
    #expect(
      result.errorText.contains(
        "error: warnings are errors here: `FromAsCasing`, `NoEmptyContinuation`, `UndefinedVar`\n"
          + "  --> Dockerfile:1"))
  }
}
