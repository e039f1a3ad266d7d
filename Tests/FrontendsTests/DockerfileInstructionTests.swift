import BuildGraph
import DockerfileSyntax
import Frontends
import OCI
import Testing

@Suite struct DockerfileInstructionTests {
  @Test(
    "WORKDIR joins the one before; one that is absolute stays as it is written, its files do not",
    arguments: [
      ("WORKDIR /a/../b/", ["mkdir /b"], "WORKDIR /a/../b/"),
      ("WORKDIR b/", ["mkdir /base/b"], "WORKDIR /base/b"),
      ("WORKDIR $NONE", ["mkdir /base"], "WORKDIR /base/"),
      ("WORKDIR a", ["mkdir /base/a"], "WORKDIR /base/a"),
      (
        "WORKDIR /a\nWORKDIR b\nWORKDIR ../c", ["mkdir /a", "mkdir /a/b", "mkdir /a/c"],
        "WORKDIR /a/c"
      ),
      ("WORKDIR /", [], "WORKDIR /"),
      ("WORKDIR /base", ["mkdir /base"], "WORKDIR /base"),
    ])
  func workdir(text: String, files: [String], history: String) async throws {
    let base = baseImage { $0.process.workingDirectory = "/base/" }
    let lowered = try await lower(
      "FROM alpine\n" + text, images: ["docker.io/library/alpine:latest": base])
    #expect(lowered.files == files)
    #expect(lowered.history.last == history)
    #expect(lowered.configuration.history.last?.emptyLayer == (files.isEmpty ? true : nil))
  }

  @Test("WORKDIR belongs to USER, COPY does not")
  func workdirOwner() async throws {
    let lowered = try await lower("FROM alpine\nUSER app:web\nWORKDIR /a/b\nCOPY x .\nRUN y")
    #expect(lowered.files == ["mkdir /a/b owner=app:web", "copy [x] from 1 to /a/b/"])
    #expect(lowered.runs == ["run [/bin/sh -c y] cwd=/a/b user=app:web"])
    #expect(lowered.process.user == "app:web")
  }

  @Test("the first relative WORKDIR is told")
  func relativeWorkdir() async throws {
    let lowered = try await lower("FROM alpine\nWORKDIR a\nWORKDIR b")
    #expect(lowered.rules == ["WorkdirRelativePath"])
    let anchored = try await lower("FROM alpine\nWORKDIR /a\nWORKDIR b")
    #expect(anchored.rules == [])
  }

  @Test("user and directory of the base image count from the start")
  func baseProcess() async throws {
    let base = baseImage {
      $0.process.user = "daemon"
      $0.process.workingDirectory = "/srv"
      $0.process.shell = ["/bin/ash", "-c"]
    }
    let lowered = try await lower(
      "FROM alpine\nRUN x", images: ["docker.io/library/alpine:latest": base])
    #expect(lowered.runs == ["run [/bin/ash -c x] cwd=/srv user=daemon"])
  }

  @Test(
    "ENTRYPOINT clears an inherited CMD, not one of its own stage",
    arguments: [
      ("ENTRYPOINT [\"/e\"]", nil), ("CMD [\"c\"]\nENTRYPOINT [\"/e\"]", ["c"]),
      ("ENTRYPOINT [\"/e\"]\nCMD [\"c\"]", ["c"]),
    ] as [(String, [String]?)])
  func entrypoint(text: String, command: [String]?) async throws {
    let base = baseImage { $0.process.command = ["inherited"] }
    let lowered = try await lower(
      "FROM alpine\n" + text, images: ["docker.io/library/alpine:latest": base])
    #expect(lowered.process.command == command)
    #expect(lowered.process.entrypoint == ["/e"])
  }

  @Test("a CMD of the base stage is inherited, so ENTRYPOINT clears it too")
  func entrypointAfterStage() async throws {
    let lowered = try await lower("FROM alpine AS a\nCMD [\"c\"]\nFROM a\nENTRYPOINT [\"/e\"]")
    #expect(lowered.process.command == nil)
    #expect(lowered.process.argumentsEscaped == true)
  }

  @Test("empty exec forms take away what was inherited")
  func emptyCommands() async throws {
    let base = baseImage {
      $0.process.command = ["c"]
      $0.process.entrypoint = ["e"]
    }
    let lowered = try await lower(
      "FROM alpine\nENTRYPOINT []\nCMD []", images: ["docker.io/library/alpine:latest": base])
    #expect(lowered.process.entrypoint == nil)
    #expect(lowered.process.command == nil)
    #expect(lowered.history.dropFirst() == ["ENTRYPOINT []", "CMD []"])
  }

  @Test(
    "EXPOSE takes ranges, protocols and what it should not take",
    arguments: [
      ("80", ["80/tcp"], "[80/tcp]", []),
      ("80/UDP 443", ["443/tcp", "80/udp"], "[443/tcp 80/udp]", ["ExposeProtoCasing"]),
      (
        "8000-8002/sctp", ["8000/sctp", "8001/sctp", "8002/sctp"],
        "[8000/sctp 8001/sctp 8002/sctp]", []
      ),
      ("127.0.0.1:90:91", ["91/tcp"], "[91/tcp]", ["ExposeInvalidFormat"]),
      ("[::1]:90-95:91", ["91/tcp"], "[91/tcp]", ["ExposeInvalidFormat"]),
      ("$PORTS", ["1/tcp", "2/udp"], "[1/tcp 2/udp]", []),
    ] as [(String, [String], String, [String])])
  func expose(text: String, ports: [String], history: String, rules: [String]) async throws {
    let lowered = try await lower("FROM alpine\nENV PORTS=\"1 2/udp\"\nEXPOSE \(text)")
    #expect(lowered.process.exposedPorts == Set(ports))
    #expect(lowered.history.last == "EXPOSE \(history)")
    #expect(lowered.rules == rules)
  }

  @Test(
    "HEALTHCHECK in all its forms",
    arguments: [
      (
        "NONE", ["NONE"],
        "Test:[NONE] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0"
      ),
      (
        "--interval=90s --timeout=1500ms --start-period=1h --start-interval=2500us --retries=3 CMD a b",
        ["CMD-SHELL", "a b"],
        "Test:[CMD-SHELL a b] Interval:1m30s Timeout:1.5s StartPeriod:1h0m0s StartInterval:2.5ms "
          + "Retries:3"
      ),
      (
        "CMD [\"a\", \"b\"]", ["CMD", "a", "b"],
        "Test:[CMD a b] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0"
      ),
    ])
  func healthcheck(text: String, test: [String], history: String) async throws {
    let lowered = try await lower("FROM alpine\nHEALTHCHECK \(text)")
    #expect(lowered.process.healthcheck?.test == test)
    #expect(lowered.history.last == "HEALTHCHECK {\(history)}")
  }

  @Test("a health check that does not say inherits")
  func healthcheckInherits() async throws {
    let check = try await lower("FROM alpine\nHEALTHCHECK --interval=5s CMD x").process.healthcheck
    #expect(check?.interval == 5_000_000_000)
    #expect(check?.timeout == nil)
    #expect(check?.retries == nil)
  }

  @Test(
    "STOPSIGNAL takes names and numbers",
    arguments: ["SIGTERM", "quit", "9", "sigrtmin+3", "RTMAX-14"])
  func stopSignal(text: String) async throws {
    #expect(try await lower("FROM alpine\nSTOPSIGNAL \(text)").process.stopSignal == text)
  }

  @Test("history is written as BuildKit writes it")
  func history() async throws {
    let lowered = try await lower(
      #"""
      FROM alpine
      ARG A=1 B
      ARG A=2
      ENV X=a\ b Y="c d"
      LABEL k="v w" l=m
      CMD echo "hi" \
        there
      ENTRYPOINT ["/x", "a\"b\n\tµ"]
      EXPOSE 80
      USER u
      VOLUME /a /b
      VOLUME ["/c d"]
      STOPSIGNAL 9
      SHELL ["a", "b"]
      MAINTAINER Some One
      WORKDIR /w
      COPY --parents --chown=1 --chmod=644 --exclude=x a b ./
      ADD c d/
      RUN true
      ONBUILD RUN later
      """#)
    #expect(
      lowered.history == [
        "base", "ARG A=1 B", "ARG A=2", "ENV X=a b Y=c d", "LABEL k=v w l=m",
        #"CMD ["/bin/sh" "-c" "echo \"hi\"   there"]"#,
        #"ENTRYPOINT ["/x" "a\"b\n\tµ"]"#, "EXPOSE [80/tcp]", "USER u", "VOLUME [/a /b]",
        "VOLUME [/c d]", "STOPSIGNAL 9", "SHELL [a b]", "MAINTAINER Some One", "WORKDIR /w",
        "COPY --parents --chown=1 --chmod=644 a b ./ # buildkit", "ADD c d/ # buildkit",
        "RUN |2 A=2 B= a b true # buildkit",
      ])
    let layers = lowered.configuration.history.indices.filter {
      lowered.configuration.history[$0].emptyLayer != true
    }
    #expect(layers == [0, 14, 15, 16, 17])
    #expect(lowered.plan.layerHistory.values.sorted() == [14, 15, 16, 17])
    #expect(
      lowered.configuration.history.dropFirst().allSatisfy {
        $0.comment == "buildkit.dockerfile.v0" && $0.created == nil
      })
    #expect(lowered.configuration.author == "Some One")
  }

  @Test("labels of the command line come last")
  func labels() async throws {
    let lowered = try await lower("FROM alpine\nLABEL a=1 b=1") {
      $0.labels = ["b": "2", "c": "2"]
    }
    #expect(lowered.process.labels == ["a": "1", "b": "2", "c": "2"])
    #expect(lowered.history.last == "LABEL a=1 b=1")
  }

  @Test("a stage from a stage keeps history and layers; layers and history agree")
  func inheritedLayers() async throws {
    let lowered = try await lower(
      "FROM alpine AS a\nENV X=1\nRUN a\nFROM a\nCOPY x /\nLABEL l=1\nRUN b")
    #expect(
      lowered.dump == """
        0: image docker.io/library/alpine:latest
        1: run [/bin/sh -c a] env=[X=1] <- 0 layer@2
        2: context .
        3: copy [x] from 1 to / <- 1 2 layer@3
        4: run [/bin/sh -c b] env=[X=1] <- 3 layer@5 target
        """)
    #expect(lowered.plan.base?.reference == "docker.io/library/alpine:latest")
    #expect(lowered.configuration.history.count == 6)
  }

  @Test("times and layers of the base stay out of the configuration")
  func cleanConfiguration() async throws {
    let base = baseImage {
      $0.created = .epoch
      $0.author = "somebody"
    }
    let lowered = try await lower("FROM alpine", images: ["docker.io/library/alpine:latest": base])
    #expect(lowered.configuration.created == nil)
    #expect(lowered.configuration.author == "somebody")
    #expect(lowered.configuration.rootFileSystem.diffIDs == [])
  }
}
