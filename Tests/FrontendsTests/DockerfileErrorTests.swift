import BuildGraph
import DockerfileSyntax
import Frontends
import OCI
import Testing

@Suite struct DockerfileErrorTests {
  @Test(
    "what is wrong is said with its line and what to do",
    arguments: [
      (
        "FROM ${BASE}",
        "Dockerfile:1: the base image `${BASE}` expands to nothing\n"
          + "hint: `BASE` is not set: declare `ARG BASE=…` before the first `FROM`, "
          + "or pass `--build-arg BASE=…`"
      ),
      (
        "FROM --platform=linux/a/b/c alpine",
        "Dockerfile:1: `linux/a/b/c` is not a platform\n"
          + "hint: it is `os/architecture[/variant]`, such as `linux/arm64`"
      ),
      (
        "FROM --platform=$P alpine",
        "Dockerfile:1: the platform `$P` expands to nothing\n"
          + "hint: `P` is not set: declare `ARG P=…` before the first `FROM`, "
          + "or pass `--build-arg P=…`"
      ),
      (
        "FROM alpine AS builder\nFROM scratch\nCOPY --from=buidler /a /",
        "Dockerfile:3: cannot resolve `buidler`: no such image\n"
          + "hint: did you mean the stage `builder`?"
      ),
      (
        "FROM later AS a\nFROM alpine AS later\nCOPY --from=a /x /",
        "Dockerfile:1: cannot resolve `later`: no such image\n"
          + "hint: the stage `later` is defined later: move it up"
      ),
      (
        "FROM alpine AS Builder\nFROM Builder",
        "Dockerfile:2: `Builder` has upper-case letters\n"
          + "hint: `FROM` finds stages by their lower-case name: `FROM builder`"
      ),
      (
        "FROM nowhere",
        "Dockerfile:1: cannot resolve `nowhere`: no such image\nhint: pull it first"
      ),
      (
        "FROM alpine\nCOPY --from=7 /a /",
        "Dockerfile:2: there is no stage number 7\nhint: the only stage is number 0"
      ),
      (
        "FROM alpine AS a\nCOPY --from=b /x /\nFROM alpine AS b\nFROM a",
        "Dockerfile:2: stage `b` is defined after `a`, which needs it\nhint: move stage `b` up"
      ),
      (
        "FROM alpine AS a\nRUN --mount=from=b,target=/b x\nFROM alpine AS b\nFROM a",
        "Dockerfile:2: stage `b` is defined after `a`, which needs it\nhint: move stage `b` up"
      ),
      (
        "FROM alpine AS a\nCOPY --from=a /x /",
        "Dockerfile:2: stage `a` needs itself\n"
          + "hint: what a stage has made is there already; only earlier stages can be copied from"
      ),
      (
        "FROM alpine AS a\nCOPY --from=b /x /\nFROM alpine AS b\nCOPY --from=0 /x /",
        "Dockerfile:4: stages depend on each other: `a` -> `b` -> `a`\n"
          + "hint: move what both need into a stage before them"
      ),
      (
        "FROM alpine\nARG A\nCOPY --from=$A /x /",
        "Dockerfile:3: `from` does not expand variables: `$A`\n"
          + "hint: name the image in a stage of its own, `FROM $image AS name`, with a global `ARG`"
      ),
      (
        "FROM alpine\nCOPY http://example.com/a /",
        "Dockerfile:2: `COPY` cannot copy from an address: `http://example.com/a`\n"
          + "hint: use `ADD`, which fetches it"
      ),
      (
        "FROM alpine\nENV U=git@example.com:a/b.git\nCOPY $U /",
        "Dockerfile:3: `COPY` cannot copy from an address: `git@example.com:a/b.git`\n"
          + "hint: use `ADD`, which fetches it; a file of this name is `./git@example.com:a/b.git`"
      ),
      (
        "FROM alpine\nADD --checksum=sha256:00 https://example.com/a /",
        "Dockerfile:2: invalid checksum `sha256:00` for an HTTP address\n"
          + "hint: it is `sha256:` and 64 digits, as `sha256sum` prints them"
      ),
      (
        "FROM alpine\nADD --checksum=main https://example.com/a.git /",
        "Dockerfile:2: invalid checksum `main` for a git address, expected hex commit hash\n"
          + "hint: give the commit, or the beginning of its name"
      ),
      (
        "FROM alpine\nADD --checksum=abc https://example.com/a.git?commit=def /",
        "Dockerfile:2: checksum mismatch: `--checksum` says `abc`, and the address `def`\n"
          + "hint: say it once"
      ),
      (
        "FROM alpine\nADD --checksum=abc https://example.com/a.git b /",
        "Dockerfile:2: `--checksum` is for one source, and there are several\n"
          + "hint: write an `ADD` for each"
      ),
      (
        "FROM alpine\nADD --keep-git-dir=false https://example.com/a.git?keep-git-dir=1 /",
        "Dockerfile:2: inconsistent keep-git-dir configuration: the flag and the address contradict "
          + "each other\nhint: say it once"
      ),
      (
        "FROM alpine\nADD https://example.com/a.git?tag=v1#main /",
        "Dockerfile:2: `https://example.com/a.git`: ref conflicts: `main` and `refs/tags/v1`\n"
          + "hint: say it once"
      ),
      (
        "FROM alpine\nADD --checksum=sha256:00 a /",
        "Dockerfile:2: `--checksum` is for `ADD` of an address only\n"
          + "hint: leave it out: local files are keyed by their content"
      ),
      (
        "FROM alpine\nRUN --mount=type=cache,target=. x",
        "Dockerfile:2: nothing can be mounted at `/`\n"
          + "hint: give a `target` below `/`, or set a `WORKDIR`"
      ),
      (
        "FROM alpine\nSTOPSIGNAL SIGFOO",
        "Dockerfile:2: `SIGFOO` is not a signal\nhint: give a name such as `SIGTERM`, or a number"
      ),
      (
        "FROM alpine\nSTOPSIGNAL 0",
        "Dockerfile:2: `0` is not a signal\nhint: give a name such as `SIGTERM`, or a number"
      ),
      (
        "FROM alpine\nEXPOSE 70000",
        "Dockerfile:2: `70000` is not a port: a port is a number up to 65535, or a range of two\n"
          + "hint: it is `port[-port][/tcp|udp|sctp]`"
      ),
      (
        "FROM alpine\nEXPOSE 80/quic",
        "Dockerfile:2: `80/quic` is not a port: there is no protocol `quic`\n"
          + "hint: it is `port[-port][/tcp|udp|sctp]`"
      ),
      (
        "FROM alpine\nVOLUME /a $NOTHING",
        "Dockerfile:2: a volume cannot be an empty string"
      ),
      (
        "FROM alpine\nWORKDIR /a\nRUN a \\\n  b\nENV A=${B:?is-needed}",
        "Dockerfile:5: `${B:?is-needed}` cannot be expanded: `B`: is-needed\n"
          + "hint: give it with `--build-arg B=<value>`, or declare it before"
      ),
      (
        "ARG SOURCE_DATE_EPOCH=yesterday\nFROM alpine",
        "Dockerfile:1: `SOURCE_DATE_EPOCH` cannot be `yesterday`\n"
          + "hint: it is seconds since 1970, or `context`"
      ),
      (
        "FROM alpine\nRUN --device=vendor.com/gpu=all,required x",
        "Dockerfile:2: devices are not supported: `vendor.com/gpu=all`\n"
          + "hint: leave `,required` out where the step can do without"
      ),
    ])
  func messages(text: String, expected: String) async {
    #expect(await refusal(of: text) == expected)
  }

  @Test("an unknown target lists the stages, or the one that was meant")
  func unknownTarget() async {
    let text = "FROM alpine AS build\nFROM scratch AS final"
    #expect(
      await refusal(of: text) { $0.target = "biuld" }
        == "Dockerfile: there is no stage `biuld`\nhint: did you mean `build`?")
    #expect(
      await refusal(of: text) { $0.target = "something" }
        == "Dockerfile: there is no stage `something`\nhint: the stages are `build`, `final`")
    #expect(
      await refusal(of: "FROM alpine") { $0.target = "x" }
        == "Dockerfile: there is no stage `x`\n"
        + "hint: no stage has a name; give one with `FROM … AS name`")
  }

  @Test("the parser's errors come together, under the file's own name")
  func syntaxErrors() async throws {
    let error = await #expect(throws: FrontendError.self) {
      try await lower("FROM alpine\nCOPY a\nFOO b\nEXPOSE") { $0.fileName = "build/Dockerfile" }
    }
    let problems = try #require(error).problems
    #expect(problems.map(\.range?.startLine) == [2, 3, 4])
    #expect(try #require(error).description.hasPrefix("build/Dockerfile:2: "))
  }

  @Test("an empty Dockerfile is refused")
  func empty() async {
    let error = await refusal(of: "# nothing\n")
    #expect(!error.hasPrefix("accepted"))
  }

  @Test("a trigger of the base that cannot be read is blamed on FROM")
  func badTrigger() async {
    let base = baseImage { $0.process.onBuild = ["COPY a"] }
    let error = await refusal(
      of: "ARG X\nFROM alpine", images: ["docker.io/library/alpine:latest": base])
    #expect(
      error.hasPrefix(
        "Dockerfile:2: the base image's trigger `ONBUILD COPY a` cannot be understood"))
  }

  @Test("an unread chmod is refused after it is expanded")
  func badMode() async {
    let error = await refusal(of: "FROM alpine\nARG M=99999\nCOPY --chmod=$M a /")
    #expect(error.hasPrefix("Dockerfile:3: "))
  }

  @Test("warnings are errors where the Dockerfile says so")
  func warningsAsErrors() async {
    let error = await refusal(of: "# check=error=true\nFROM alpine as b\nENV A=$B")
    #expect(
      error.hasPrefix("Dockerfile:1: warnings are errors here: `FromAsCasing`, `UndefinedVar`\n"))
    let fine = await refusal(of: "# check=skip=all;error=true\nFROM alpine as b\nENV A=$B")
    #expect(fine.hasPrefix("accepted"))
  }

  @Test("what stages outside of the target do wrong is an error only where it is in their FROM")
  func unreached() async throws {
    let fine = try await lower("FROM alpine AS a\nSTOPSIGNAL SIGFOO\nFROM alpine")
    #expect(fine.dump == "0: image docker.io/library/alpine:latest target")
    #expect(await refusal(of: "FROM $X AS a\nFROM alpine").hasPrefix("Dockerfile:1: "))
  }

  @Test("of several images that fail, the first line's is told")
  func firstFailure() async {
    let error = await refusal(of: "FROM one AS a\nFROM two\nCOPY --from=a /x /")
    #expect(error.hasPrefix("Dockerfile:1: cannot resolve `one`"))
  }

  @Test("an --exclude pattern that cannot be read is refused")
  func badExclude() async {
    let error = await refusal(of: "FROM alpine\nCOPY --exclude=[a . /")
    #expect(error.hasPrefix("Dockerfile:2: syntax error in pattern `[a`"))
  }
}
