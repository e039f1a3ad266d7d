import BuildGraph
import DockerfileSyntax
import Frontends
import OCI
import Reporting
import Testing

@Suite struct DockerfileArgumentTests {
  @Test("of ARG and ENV, the last declaration wins")
  func lastWins() async throws {
    let lowered = try await lower(
      """
      FROM alpine
      ENV A=env
      ARG A=arg
      RUN one
      ENV A=again
      RUN two
      """)
    #expect(
      lowered.runs == ["run [/bin/sh -c one] env=[A=arg]", "run [/bin/sh -c two] env=[A=again]"])
    #expect(lowered.process.environment == ["PATH=/bin", "A=again"])
  }

  @Test("an ARG counts over an ENV of the base image, and does not reach the configuration")
  func argumentOverBase() async throws {
    let base = baseImage { $0.process.environment.append("A=base") }
    let lowered = try await lower(
      "FROM alpine\nARG A=arg\nRUN one", images: ["docker.io/library/alpine:latest": base])
    #expect(lowered.runs == ["run [/bin/sh -c one] env=[A=arg]"])
    #expect(lowered.process.environment == ["PATH=/bin", "A=base"])
  }

  @Test("an ARG without any value leaves the environment alone")
  func valueless() async throws {
    let lowered = try await lower("FROM alpine\nENV A=env\nARG A\nARG B\nRUN one $B")
    #expect(lowered.runs == ["run [/bin/sh -c one $B] env=[A=env]"])
    #expect(lowered.rules == [])
  }

  @Test("a build argument counts before the default, the default before the global value")
  func precedence() async throws {
    let text = """
      ARG A=global
      ARG B=global
      ARG C=global
      FROM alpine
      ARG A=default
      ARG B
      ARG C=default
      ARG D=default
      RUN one
      """
    let lowered = try await lower(text) {
      $0.buildArguments = ["C": "given", "D": "given", "UNDECLARED": "no"]
    }
    #expect(lowered.runs == ["run [/bin/sh -c one] env=[A=default B=global C=given D=given]"])
  }

  @Test("a default sees what stands before it, on the same line too")
  func defaultsExpand() async throws {
    let lowered = try await lower(
      "FROM alpine\nENV E=e\nARG A=${E}1 B=${A}2\nRUN one")
    #expect(lowered.runs == ["run [/bin/sh -c one] env=[E=e A=e1 B=e12]"])
  }

  @Test("the words of one ENV see the environment before it")
  func environmentIsOneStep() async throws {
    let lowered = try await lower("FROM alpine\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc")
    #expect(lowered.process.environment == ["PATH=/bin", "abc=bye", "def=hello", "ghi=bye"])
  }

  @Test("a stage inherits from its base stage, not from its siblings")
  func inheritance() async throws {
    let lowered = try await lower(
      """
      FROM alpine AS base
      ARG A=base
      ENV E=base
      FROM base AS sibling
      ARG S=sibling
      RUN sibling
      FROM base
      COPY --from=sibling /x /
      RUN child
      """)
    #expect(
      lowered.runs == [
        "run [/bin/sh -c sibling] env=[A=base E=base S=sibling]",
        "run [/bin/sh -c child] env=[A=base E=base]",
      ])
  }

  @Test("a new stage starts with the ENV of its base stage, also over an ARG after it")
  func environmentReturnsInNewStage() async throws {
    let lowered = try await lower(
      "FROM alpine AS base\nENV A=env\nARG A=arg\nFROM base\nRUN one")
    #expect(lowered.runs == ["run [/bin/sh -c one] env=[A=env]"])
  }

  @Test("platform arguments serve FROM at once and stages that declare them")
  func predefined() async throws {
    let lowered = try await lower(
      """
      FROM --platform=$BUILDPLATFORM alpine AS build-amd64
      RUN one
      ARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDARCH TARGETSTAGE
      RUN two
      """
    ) { $0.platform = Platform(os: "linux", architecture: "arm", variant: "v7") }
    #expect(
      lowered.runs == [
        "run [/bin/sh -c one]",
        "run [/bin/sh -c two] env=[TARGETPLATFORM=linux/arm/v7 TARGETOS=linux TARGETARCH=arm "
          + "TARGETVARIANT=v7 BUILDARCH=amd64 TARGETSTAGE=build-amd64]",
      ])
  }

  @Test("platform arguments can be given, and the target's name is told")
  func predefinedOverridden() async throws {
    let text = "FROM alpine AS one\nARG TARGETOS TARGETSTAGE\nRUN x\nFROM alpine"
    let lowered = try await lower(text) {
      $0.buildArguments["TARGETOS"] = "plan9"
      $0.target = "One"
    }
    #expect(lowered.runs == ["run [/bin/sh -c x] env=[TARGETOS=plan9 TARGETSTAGE=One]"])
    let unnamed = try await lower("FROM alpine\nARG TARGETSTAGE\nRUN x")
    #expect(unnamed.runs == ["run [/bin/sh -c x] env=[TARGETSTAGE=default]"])
  }

  @Test("proxies reach every RUN without a declaration, outside of key and history")
  func proxies() async throws {
    let lowered = try await lower("FROM alpine\nRUN one\nARG https_proxy\nRUN two") {
      $0.buildArguments = ["HTTP_PROXY": "http://p", "https_proxy": "http://s"]
    }
    #expect(
      lowered.runs == [
        "run [/bin/sh -c one] unkeyed=[HTTP_PROXY=http://p http_proxy=http://p "
          + "HTTPS_PROXY=http://s https_proxy=http://s]",
        "run [/bin/sh -c two] env=[https_proxy=http://s] unkeyed=[HTTP_PROXY=http://p "
          + "http_proxy=http://p HTTPS_PROXY=http://s]",
      ])
    #expect(
      lowered.history.dropFirst() == [
        "RUN /bin/sh -c one # buildkit", "ARG https_proxy=http://s",
        "RUN |1 https_proxy=http://s /bin/sh -c two # buildkit",
      ])
  }

  @Test(
    "SOURCE_DATE_EPOCH comes from a build argument, a global ARG or the context",
    arguments: [
      ("FROM scratch", "123", Int64?(123)), ("FROM scratch", nil, nil),
      ("ARG SOURCE_DATE_EPOCH=7\nFROM scratch", nil, 7),
      ("ARG SOURCE_DATE_EPOCH=7\nFROM scratch", "", nil),
      ("ARG SOURCE_DATE_EPOCH=7\nFROM scratch", "9", 9),
      ("ARG SOURCE_DATE_EPOCH=context\nFROM scratch", nil, 42),
      ("ARG SOURCE_DATE_EPOCH\nFROM scratch", nil, nil),
    ])
  func epoch(text: String, given: String?, expected: Int64?) async throws {
    let lowered = try await lower(text) {
      $0.contextEpoch = 42
      if let given { $0.buildArguments["SOURCE_DATE_EPOCH"] = given }
    }
    #expect(lowered.result.sourceDateEpoch == expected)
  }

  @Test("a resolved SOURCE_DATE_EPOCH is what a stage that declares it sees")
  func epochInStage() async throws {
    let lowered = try await lower("FROM alpine\nARG SOURCE_DATE_EPOCH\nRUN one") {
      $0.contextEpoch = 42
      $0.buildArguments["SOURCE_DATE_EPOCH"] = "context"
    }
    #expect(lowered.runs == ["run [/bin/sh -c one] env=[SOURCE_DATE_EPOCH=42]"])
  }

  @Test("BUILDKIT_SBOM_SCAN arguments never reach the environment")
  func scanArguments() async throws {
    let lowered = try await lower("FROM alpine\nARG BUILDKIT_SBOM_SCAN_STAGE=true\nRUN one")
    #expect(lowered.runs == ["run [/bin/sh -c one]"])
  }

  @Test("an image without PATH gets the usual one, and so does scratch")
  func defaultPath() async throws {
    let usual = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    let bare = baseImage { $0.process.environment = ["A=b"] }
    let lowered = try await lower(
      "FROM alpine", images: ["docker.io/library/alpine:latest": bare])
    #expect(lowered.process.environment == ["A=b", usual])
    #expect(lowered.process.workingDirectory == nil)
    let scratch = try await lower("FROM scratch")
    #expect(scratch.process.environment == [usual])
    #expect(scratch.process.workingDirectory == "/")
  }

  @Test("every instruction that expands does, and no other")
  func expansion() async throws {
    let lowered = try await lower(
      #"""
      FROM alpine
      ARG V=1
      ENV K$V=v$V
      LABEL l$V=$V
      EXPOSE 80$V
      STOPSIGNAL $V
      USER u$V
      VOLUME /v$V
      WORKDIR /w$V
      COPY --chown=$V:$V --chmod=70$V --exclude=$V s$V d$V
      RUN echo $V
      CMD echo $V
      HEALTHCHECK CMD $V
      SHELL ["$V"]
      ONBUILD RUN $V
      """#)
    let process = lowered.process
    #expect(process.environment == ["PATH=/bin", "K1=v1"])
    #expect(process.labels == ["l1": "1"])
    #expect(process.exposedPorts == ["801/tcp"])
    #expect(process.stopSignal == "1")
    #expect(process.user == "u1")
    #expect(process.volumes == ["/v1"])
    #expect(process.workingDirectory == "/w1")
    #expect(
      lowered.files == [
        "mkdir /w1 owner=u1", "copy [s1] from 1 to /w1/d1 owner=1:1 mode=701 exclude=[$V]",
      ])
    #expect(process.command == ["/bin/sh", "-c", "echo $V"])
    #expect(process.healthcheck?.test == ["CMD-SHELL", "$V"])
    #expect(process.shell == ["$V"])
    #expect(process.onBuild == ["RUN $V"])
  }

  @Test("a variable that is not set is empty, and told with what was meant")
  func undefined() async throws {
    let lowered = try await lower(
      "FROM alpine\nENV VERSION=1\nENV A=x${VERSIN}y B=${OTHER:-z}\nARG LATE=$A$NOWHERE")
    #expect(lowered.process.environment == ["PATH=/bin", "VERSION=1", "A=xy", "B=z"])
    #expect(lowered.rules == ["UndefinedVar", "UndefinedVar", "UndefinedVar"])
    #expect(lowered.result.warnings.map(\.range.startLine) == [3, 3, 4])
    #expect(lowered.result.warnings.first?.hint == "did you mean `$VERSION`?")
  }

  @Test("rules that `# check=skip` names stay silent")
  func skippedRule() async throws {
    let lowered = try await lower("# check=skip=UndefinedVar\nFROM alpine\nENV A=$B")
    #expect(lowered.rules == [])
  }

  @Test("FROM uses global arguments only")
  func globalScope() async throws {
    let lowered = try await lower(
      """
      ARG NAME=alpine
      FROM $NAME AS one
      ARG NAME=nothing
      FROM ${NAME}
      """)
    #expect(lowered.dump == "0: image docker.io/library/alpine:latest target")
  }

  @Test("a FROM that only works with a build argument is told")
  func defaultArgument() async throws {
    let lowered = try await lower("ARG TAG\nFROM alpine:$TAG") {
      $0.buildArguments["TAG"] = "latest"
    }
    #expect(lowered.rules == ["InvalidDefaultArgInFrom"])
  }

  @Test("a build argument that nothing declares is warned of, with what was meant")
  func undeclared() async throws {
    let base = baseImage { $0.process.onBuild = ["ARG OF_TRIGGER", "RUN one"] }
    let lowered = try await lower(
      """
      ARG GLOBAL
      FROM busybox AS unused
      ARG OF_UNUSED
      FROM alpine
      ARG VERSION=1
      """, images: ["docker.io/library/alpine:latest": base]
    ) {
      for name in [
        "GLOBAL", "OF_UNUSED", "OF_TRIGGER", "VERSION", "TARGETARCH", "Http_Proxy", "NO_PROXY",
        "BUILDKIT_ANYTHING", "PRODUCT", "VERSON", "TARGETPLATFROM", "SOMETHING_ELSE",
      ] { $0.buildArguments[name] = "value" }
      $0.buildArguments["SOURCE_DATE_EPOCH"] = "1"
      $0.recipeArguments = ["PRODUCT"]
    }
    let warnings = lowered.result.argumentWarnings
    #expect(warnings.allSatisfy { $0.severity == .warning })
    #expect(
      warnings.map(\.message) == [
        "the build argument `SOMETHING_ELSE` changes nothing: no `ARG` declares it",
        "the build argument `TARGETPLATFROM` changes nothing: no `ARG` declares it",
        "the build argument `VERSON` changes nothing: no `ARG` declares it",
      ])
    #expect(
      warnings.map(\.hint) == [
        "put `ARG SOMETHING_ELSE` into the stage that uses it, or leave it out",
        "did you mean `TARGETPLATFORM`?", "did you mean `VERSION`?",
      ])
  }
}
