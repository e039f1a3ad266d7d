import DockerfileSyntax
import OCI
import Testing

@testable import Frontends

/// A Dockerfile and what the rules of the frontend say of it, as `Rule:line`.
struct LintCase: Sendable, CustomTestStringConvertible {
  let text: String
  let findings: [String]

  init(_ text: String, _ findings: String...) {
    self.text = text
    self.findings = findings
  }

  var testDescription: String { text }
}

@Suite("Lint rules of the frontend")
struct DockerfileLintTests {
  private func findings(
    in text: String, images: [String: ImageConfiguration] = [:],
    _ change: (inout FrontendOptions) -> Void = { _ in }
  ) async throws -> [String] {
    try await lower(text, images: images, change).result.warnings.map(\.place)
  }

  @Test(
    "variables that nobody defined",
    arguments: [
      LintCase("FROM alpine\nCOPY $a /b", "UndefinedVar:2"),
      LintCase("FROM alpine\nARG a\nCOPY x$a /b"),
      LintCase("FROM alpine AS c\nARG a=1\nFROM c\nCOPY $a /b"),
      LintCase("FROM alpine AS c\nENV a=1\nFROM c\nCOPY $a /b"),
      LintCase("FROM alpine AS c\nARG a=1\nFROM alpine\nCOPY $a /b", "UndefinedVar:4"),
      // A default is no definition.
      LintCase("FROM alpine\nUSER ${a:-b}", "UndefinedVar:2"),
      // A definition counts from the next instruction on.
      LintCase("FROM alpine\nCOPY $a /\nARG a=b\nCOPY $a /", "UndefinedVar:2"),
      LintCase("FROM alpine\nENV a=1 b=$a", "UndefinedVar:2"),
      LintCase("FROM alpine\nARG a=1 b=$a"),
      // Each word is told by itself.
      LintCase("FROM alpine\nCOPY $a $a$b /", "UndefinedVar:2", "UndefinedVar:2", "UndefinedVar:2"),
      LintCase("FROM alpine\nLABEL $k=$v", "UndefinedVar:2", "UndefinedVar:2"),
      LintCase(
        "FROM alpine\nWORKDIR /$a\nSTOPSIGNAL 1$b\nVOLUME /c$c", "UndefinedVar:2", "UndefinedVar:3",
        "UndefinedVar:4"),
      LintCase(
        "FROM alpine\nCOPY --chown=$o --chmod=7${m}00 a /", "UndefinedVar:2", "UndefinedVar:2"),
      LintCase(
        "FROM alpine\nRUN --mount=type=cache,id=$a,target=/b$a true", "UndefinedVar:2",
        "UndefinedVar:2"),
      LintCase("FROM alpine\nCOPY <<EOF /x\n$a\nEOF\n", "UndefinedVar:2"),
      LintCase("FROM alpine\nCOPY <<'EOF' /x\n$a\nEOF\n"),
      // What is left to a shell, or never expanded, is not looked at.
      LintCase("FROM alpine\nRUN echo $a\nCMD [\"$a\"]\nHEALTHCHECK CMD $a\nONBUILD USER $a"),
      LintCase("FROM alpine\nEXPOSE 80$a"),
      // Arguments for the builder, and those that every build has.
      LintCase("FROM alpine\nARG BUILDKIT_SBOM_SCAN_STAGE=1\nLABEL a=$BUILDKIT_SBOM_SCAN_STAGE"),
      LintCase("FROM alpine\nLABEL a=$PATH"),
      LintCase("FROM alpine\nLABEL a=$TARGETARCH", "UndefinedVar:2"),
      LintCase("FROM alpine\nARG TARGETARCH\nLABEL a=$TARGETARCH"),
      // A stage that is not built is not looked at.
      LintCase("FROM alpine AS a\nUSER $x\nFROM alpine\nUSER $y", "UndefinedVar:4"),
    ])
  func undefinedVariables(_ example: LintCase) async throws {
    #expect(try await findings(in: example.text) == example.findings)
  }

  @Test("a slip of the pen is recognised, and the variables of the base image count")
  func suggestions() async throws {
    let lowered = try await lower("FROM alpine\nENV PATH=$PAHT:/x HOME_DIR=$BASE")
    #expect(
      lowered.result.warnings.map(\.hint) == [
        "did you mean `$PATH`?",
        "declare it in this stage with `ARG BASE` or `ENV BASE=…`",
      ])
    let base = baseImage { $0.process.environment.append("BASE=/b") }
    let known = try await findings(
      in: "FROM alpine\nENV A=$BASE", images: ["docker.io/library/alpine:latest": base])
    #expect(known == [])
  }

  @Test(
    "arguments in FROM",
    arguments: [
      LintCase("ARG base=alpine\nFROM $base"), LintCase("ARG X\nFROM alpine$X"),
      LintCase("FROM --platform=$BUILDPLATFORM alpine"),
      LintCase("ARG T=latest\nFROM alpine:$T$V AS b", "UndefinedArgInFrom:2"),
      LintCase("FROM ${B:-alpine}", "UndefinedArgInFrom:1"),
      LintCase("ARG X\nFROM alpi${X:-ne}"), LintCase("ARG X=\nFROM alpine${X-@no}"),
      LintCase("FROM --platform=linux/amd64$V alpine", "UndefinedArgInFrom:1"),
      // Arguments of stages are none of its own.
      LintCase("FROM alpine AS a\nARG N=x\nFROM alpine$N", "UndefinedArgInFrom:3"),
      // Also in stages that are not built.
      LintCase("FROM alpine$V AS a\nFROM alpine", "UndefinedArgInFrom:1"),
      LintCase(
        "\n# check=skip=UndefinedArgInFrom\nFROM alpine$V\nFROM alpine$V", "UndefinedArgInFrom:4"),
    ])
  func argumentsInFrom(_ example: LintCase) async throws {
    #expect(try await findings(in: example.text) == example.findings)
  }

  @Test("a slip in FROM is told beside the error that it leads to")
  func warningsBesideErrors() async throws {
    for (text, line, hint) in [
      ("FROM --platform=$BULIDPLATFORM alpine", 1, "did you mean `BUILDPLATFORM`?"),
      ("ARG MY_ARCH=amd64\nFROM --platform=linux/${MYARCH} alpine", 2, "did you mean `MY_ARCH`?"),
    ] {
      let error = await #expect(throws: FrontendError.self) { try await lower(text) }
      #expect(error?.warnings.map(\.place) == ["UndefinedArgInFrom:\(line)"])
      #expect(error?.warnings.first?.hint == hint)
      #expect(error?.problems.map(\.range?.startLine) == [line])
    }
    let later = await #expect(throws: FrontendError.self) {
      try await lower("FROM alpine as b\nUSER $a\nSTOPSIGNAL no\nUSER $b")
    }
    #expect(later?.warnings.map(\.place) == ["UndefinedVar:2"])
  }

  @Test(
    "a FROM that names nothing without build arguments",
    arguments: [
      LintCase("ARG V\nFROM alpine:$V", "InvalidDefaultArgInFrom:2"),
      LintCase("ARG B\nFROM $B", "InvalidDefaultArgInFrom:2"),
      LintCase("ARG S=\"ine:\"\nFROM alp${S}", "InvalidDefaultArgInFrom:2"),
      LintCase("ARG V=latest\nFROM alpine:${V}"), LintCase("ARG W=\"\"\nFROM alpine:latest${W}"),
      LintCase("ARG W\nFROM alpine:latest${W}"),
      LintCase("ARG V\nFROM alpine AS a\nFROM alpine:$V AS b\nFROM a", "InvalidDefaultArgInFrom:3"),
    ])
  func defaults(_ example: LintCase) async throws {
    let found = try await findings(in: example.text) {
      $0.buildArguments = ["V": "latest", "B": "alpine", "S": "ine:latest", "W": ""]
    }
    #expect(found == example.findings)
  }

  @Test(
    "platforms in FROM",
    arguments: [
      LintCase("FROM --platform=$TARGETPLATFORM alpine", "RedundantTargetPlatform:1"),
      LintCase("FROM --platform=${TARGETPLATFORM} alpine", "RedundantTargetPlatform:1"),
      LintCase(
        "FROM --platform=${TARGETPLATFORM:-linux/s390x} alpine", "RedundantTargetPlatform:1"),
      LintCase("FROM --platform=$TARGETOS/$TARGETARCH alpine"),
      LintCase("FROM --platform=linux/amd64 alpine", "FromPlatformFlagConstDisallowed:1"),
      LintCase("FROM --platform=amd64 alpine AS a", "FromPlatformFlagConstDisallowed:1"),
      LintCase("FROM --platform=x86_64 alpine AS for_amd64"),
      LintCase("FROM --platform=linux/amd64 alpine AS my_amd64_stage"),
      LintCase("FROM --platform=linux/amd64 alpine AS linux"),
      LintCase("ARG P=linux/amd64\nFROM --platform=$P alpine"),
      LintCase(
        "FROM --platform=linux/amd64 alpine AS a\nFROM alpine", "FromPlatformFlagConstDisallowed:1"),
    ])
  func platforms(_ example: LintCase) async throws {
    #expect(try await findings(in: example.text) == example.findings)
  }

  @Test("an image of another platform, where it is named")
  func basePlatform() async throws {
    let images = [
      "docker.io/library/other:latest": baseImage {
        $0.platform = Platform(os: "linux", architecture: "s390x")
      },
      "docker.io/library/empty:latest": ImageConfiguration(
        platform: Platform(os: "linux", architecture: "s390x")),
    ]
    let found = try await findings(
      in: """
        FROM other AS a
        FROM a
        COPY --from=other x /
        RUN --mount=from=other,target=/m true
        COPY --from=empty x /
        """, images: images)
    #expect(
      found == [
        "InvalidBaseImagePlatform:1", "InvalidBaseImagePlatform:3", "InvalidBaseImagePlatform:4",
      ])
    let same = baseImage {
      $0.platform = Platform(os: "linux", architecture: "arm64", variant: "v8")
    }
    let quiet = try await findings(in: "FROM x", images: ["docker.io/library/x:latest": same]) {
      $0.platform = Platform("linux/arm64")
    }
    #expect(quiet == [])
  }

  @Test(
    "commands in shell form",
    arguments: [
      LintCase("FROM alpine\nCMD a", "JSONArgsRecommended:2"),
      LintCase("FROM alpine\nENTRYPOINT a b", "JSONArgsRecommended:2"),
      LintCase("FROM alpine\nCMD [\"a\"]\nENTRYPOINT []"),
      LintCase("FROM alpine\nSHELL [\"/bin/ash\"]\nCMD a"),
      LintCase("FROM alpine\nCMD a\nSHELL [\"/bin/ash\"]", "JSONArgsRecommended:2"),
      LintCase("FROM alpine AS a\nSHELL [\"/bin/ash\"]\nFROM a\nENTRYPOINT b"),
      LintCase("FROM alpine\nHEALTHCHECK CMD a\nRUN b"),
      LintCase("FROM alpine AS a\nCMD a\nFROM alpine"),
      LintCase("FROM alpine\n# check=skip=JSONArgsRecommended\nCMD a"),
      LintCase("FROM alpine AS a\nONBUILD CMD b\nFROM a", "JSONArgsRecommended:3"),
    ])
  func shellForms(_ example: LintCase) async throws {
    #expect(try await findings(in: example.text) == example.findings)
  }

  @Test("a base image's shell counts, and what is nearly JSON is told apart")
  func shellOfBase() async throws {
    let base = baseImage { $0.process.shell = ["/bin/ash"] }
    let images = ["docker.io/library/alpine:latest": base]
    #expect(try await findings(in: "FROM alpine\nCMD a", images: images) == [])
    let lowered = try await lower("FROM alpine\nCMD ['a', 'b']")
    #expect(
      lowered.result.warnings.map(\.message)
        == ["`CMD` looks like a JSON array but is none, and runs under a shell"])
  }

  @Test(
    "instructions that a later one replaces",
    arguments: [
      LintCase(
        "FROM alpine\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]\nCMD [\"c\"]\nCMD [\"d\"]\n"
          + "HEALTHCHECK CMD [\"e\"]\nHEALTHCHECK NONE",
        "MultipleInstructionsDisallowed:2", "MultipleInstructionsDisallowed:4",
        "MultipleInstructionsDisallowed:6"),
      LintCase(
        "FROM alpine\nCMD [\"a\"]\nRUN b\nCMD [\"c\"]\nUSER d\nCMD [\"e\"]",
        "MultipleInstructionsDisallowed:2", "MultipleInstructionsDisallowed:4"),
      LintCase(
        "FROM alpine AS a\nCMD [\"b\"]\nENTRYPOINT [\"c\"]\nFROM a\nCMD [\"d\"]\nENTRYPOINT [\"e\"]"
      ),
      LintCase("FROM alpine AS a\nCMD [\"b\"]\nCMD [\"c\"]\nFROM alpine"),
      LintCase("FROM alpine\nUSER a\nUSER b\nWORKDIR /c\nWORKDIR /d"),
      LintCase(
        "FROM alpine AS a\nONBUILD CMD [\"b\"]\nFROM a\nCMD [\"c\"]",
        "MultipleInstructionsDisallowed:3"),
    ])
  func replaced(_ example: LintCase) async throws {
    #expect(try await findings(in: example.text) == example.findings)
  }

  @Test(
    "pairs without a sign between them",
    arguments: [
      LintCase(
        "FROM alpine\nENV a b\nLABEL c d", "LegacyKeyValueFormat:2", "LegacyKeyValueFormat:3"),
      LintCase("FROM alpine\nENV a=b\nLABEL c=d"),
      LintCase("FROM alpine AS a\nFROM a AS b\nENV c d\nFROM a AS e"),
      LintCase(
        "FROM alpine\n# check=skip=LegacyKeyValueFormat\nENV a b\nENV c d", "LegacyKeyValueFormat:4"
      ),
      LintCase("FROM alpine AS a\nONBUILD ENV b c\nFROM a", "LegacyKeyValueFormat:3"),
    ])
  func legacyPairs(_ example: LintCase) async throws {
    #expect(try await findings(in: example.text) == example.findings)
  }

  @Test(
    "names that sound like secrets",
    arguments: [
      ("ARG API_TOKEN", 1), ("ENV Db_PassWord=x", 1), ("ENV a=1 auth=2 secret=3", 2),
      ("ARG apikey=1 GITHUB_KEY", 2), ("ENV GIT_KEY=", 1), ("ENV CREDENTIAL x", 1),
      ("ARG MY_PWORD", 1), ("ARG PASSWD_X", 1), ("ARG aws_credentials_x", 1),
      ("ARG PUBLIC_KEY", 0), ("ENV public_token=x", 0), ("ENV PASSWORD_FILE=/x", 0),
      ("ARG AUTH_MODULE_VERSION", 0), ("ENV MONKEY=x", 0), ("ARG TOKENS", 0), ("ARG KEY-A", 0),
      ("LABEL secret=x", 0),
    ])
  func secrets(text: String, count: Int) async throws {
    let found = try await findings(in: "# check=skip=LegacyKeyValueFormat\nFROM alpine\n\(text)")
    #expect(found == Array(repeating: "SecretsUsedInArgOrEnv:3", count: count))
  }

  @Test("names of ENV are expanded first, and ARGs before the first stage are not looked at")
  func secretNames() async throws {
    #expect(
      try await findings(in: "FROM alpine\nARG N=TOKEN\nENV MY_$N=x") == ["SecretsUsedInArgOrEnv:3"]
    )
    #expect(try await findings(in: "ARG TOKEN=a\nFROM alpine\nARG N=TOKEN") == [])
  }

  @Test(
    "relative working directories",
    arguments: [
      LintCase("FROM alpine\nWORKDIR app/", "WorkdirRelativePath:2"),
      LintCase("FROM alpine\nWORKDIR a\nWORKDIR b", "WorkdirRelativePath:2"),
      LintCase("FROM alpine\nWORKDIR /a\nWORKDIR b"),
      LintCase("FROM alpine AS a\nWORKDIR /x\nFROM a\nWORKDIR y"),
      LintCase("FROM alpine\nARG D=/x\nWORKDIR $D"),
      LintCase("FROM alpine\n# check=skip=WorkdirRelativePath\nWORKDIR app"),
    ])
  func workingDirectories(_ example: LintCase) async throws {
    #expect(try await findings(in: example.text) == example.findings)
  }

  @Test(
    "ports",
    arguments: [
      LintCase(
        "FROM alpine\nEXPOSE 80/TcP 8080/TCP 8080/udp", "ExposeProtoCasing:2", "ExposeProtoCasing:2"
      ),
      LintCase(
        "FROM alpine\nEXPOSE 127.0.0.1:80:80 [::1]:8080:8080 5000:5000 8000",
        "ExposeInvalidFormat:2", "ExposeInvalidFormat:2", "ExposeInvalidFormat:2"),
      LintCase("FROM alpine\nEXPOSE :80"), LintCase("FROM alpine\nEXPOSE 80-82/sctp"),
      LintCase("FROM alpine\nEXPOSE 1:2/UDP", "ExposeProtoCasing:2", "ExposeInvalidFormat:2"),
      LintCase("FROM alpine\n# check=skip=ExposeProtoCasing\nEXPOSE 80/TCP"),
    ])
  func ports(_ example: LintCase) async throws {
    #expect(try await findings(in: example.text) == example.findings)
  }

  @Test(
    "sources that the ignore file leaves out",
    arguments: [
      (["sub"], "COPY sub/a /", true), (["sub"], "ADD sub/a /", true),
      (["sub"], "COPY other /", false),
      (["sub"], "COPY ./sub/../sub /", true), (["sub"], "COPY sub/*.txt /", true),
      (["*/tmp"], "COPY x/tmp/y /", true), (["**/*.o"], "COPY a/b.o /", true),
      // Exceptions that can take nothing back of the source.
      (["sub", "!sub/b"], "COPY sub/a /", true), (["sub", "!other"], "COPY sub/a /", true),
      (["sub", "!other/*.c"], "COPY sub/a /", true), (["!sub/b", "sub"], "COPY sub /", true),
      // Exceptions that may.
      (["sub", "!sub/b"], "COPY sub /", false), (["sub", "!sub/x/b"], "COPY sub /", false),
      (["sub", "!*/b"], "COPY sub /", false), (["sub", "!sub/b"], "COPY sub/*.txt /", false),
      (["sub", "!sub/b"], "COPY */b /", false), (["sub", "!sub/b"], "COPY sub/b /", false),
      (["!sub/b", "sub", "!sub/b"], "COPY sub /", false),
      (["su.b", "!su\\.b/c"], "COPY su.b /", false),
      (["**", "!sub"], "COPY sub/a /", false),
      // The whole context.
      ([".*"], "COPY . /", false), (["*"], "COPY . /", true), (["**"], "COPY / /", true),
      (["**", "!x"], "COPY . /", false), ([], "COPY . /", false),
      // What does not come from the context.
      (["sub"], "COPY --from=a sub /", false), (["sub"], "COPY <<sub /\nsub\n", false),
    ] as [([String], String, Bool)])
  func ignoredSources(patterns: [String], text: String, isTold: Bool) async throws {
    let found = try await findings(in: "FROM alpine AS a\nFROM alpine\n\(text)") {
      $0.ignorePatterns = patterns
    }
    #expect(found == (isTold ? ["CopyIgnoredFile:3"] : []))
  }

  @Test("all stages are looked at where that is asked for")
  func allStages() async throws {
    let text = "FROM alpine AS a\nUSER $x\nFROM alpine\nUSER $y"
    #expect(
      try await findings(in: text) { $0.includesAllStages = true } == [
        "UndefinedVar:2", "UndefinedVar:4",
      ])
  }

  @Test("without an image, its variables are unknown and everything else is known")
  func missingImage() async throws {
    let lowered = try await lower(
      """
      FROM nowhere AS a
      ENV A=$B
      WORKDIR x
      FROM a
      ENV C=$D
      COPY --from=neither /x /
      FROM alpine
      COPY --from=1 /x /
      ENV E=$F
      """
    ) { $0.toleratesMissingImages = true }
    #expect(lowered.result.warnings.map(\.place) == ["WorkdirRelativePath:3", "UndefinedVar:9"])
    #expect(lowered.result.missingImages.map(\.name) == ["nowhere:latest", "neither:latest"])
    #expect(lowered.result.missingImages.map(\.range.startLine) == [1, 6])
  }

  @Test("of many undefined variables all are found, and what was meant by the first ones")
  func manyUndefined() async throws {
    let names = (0..<400).map { "NAME\($0)" }
    let lines = names.map { "ENV \($0)=x" } + names.map { "LABEL \($0)=$X\($0)" }
    let lowered = try await lower("FROM alpine\n" + lines.joined(separator: "\n"))
    let hints = lowered.result.warnings.compactMap(\.hint)
    #expect(lowered.rules == Array(repeating: "UndefinedVar", count: 400))
    #expect(hints.first == "did you mean `$NAME0`?")
    #expect(hints.last == "declare it in this stage with `ARG XNAME399` or `ENV XNAME399=…`")
  }
}

extension SyntaxDiagnostic {
  /// As `Rule:line`.
  fileprivate var place: String { "\(rule?.name ?? "-"):\(range.startLine)" }
}
