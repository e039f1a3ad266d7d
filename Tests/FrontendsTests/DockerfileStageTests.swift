import BuildGraph
import DockerfileSyntax
import Frontends
import OCI
import Testing

@Suite struct DockerfileStageTests {
  static let stages = """
    FROM missing-image AS unused
    RUN unused
    FROM alpine AS base
    RUN base
    FROM base AS tools
    RUN tools
    FROM alpine AS app
    RUN --mount=from=tools,target=/t app
    FROM scratch AS other
    COPY --from=app /x /
    """

  @Test(
    "only what the target needs is planned, and only its images are asked for",
    arguments: [
      ("other", ["base", "tools", "app"]), ("APP", ["base", "tools", "app"]),
      ("tools", ["base", "tools"]), ("2", ["base", "tools"]), ("base", ["base"]),
    ])
  func reach(target: String, expected: [String]) async throws {
    let lowered = try await lower(Self.stages) { $0.target = target }
    #expect(
      lowered.runs.map { $0.prefix { $0 != "]" } } == expected.map { "run [/bin/sh -c \($0)" })
  }

  @Test("every vertex comes after its inputs")
  func order() async throws {
    let plan = try await lower(Self.stages).plan
    for (index, vertex) in plan.vertices.enumerated() {
      #expect(vertex.inputs.allSatisfy { $0 < index })
    }
  }

  @Test("FROM finds stages exactly, in lower case; anything else is an image")
  func exactNames() async throws {
    let lowered = try await lower("FROM busybox AS Alpine\nRUN x\nFROM alpine")
    #expect(lowered.runs == ["run [/bin/sh -c x]"])
  }

  @Test("named contexts stand in for stages, images and what is copied or mounted from")
  func namedContexts() async throws {
    let text = """
      FROM missing AS deps
      RUN --mount=from=nowhere,target=/x never
      FROM alpine:latest
      COPY --from=deps /a /
      COPY --from=docs /b /
      RUN --mount=from=tool,target=/t x
      """
    let lowered = try await lower(
      text, images: ["oci-layout:///x": baseImage { $0.process.user = "layout" }]
    ) {
      $0.namedContexts = [
        "deps": .local("deps"), "docker.io/library/alpine": .image("oci-layout:///x"),
        "docs": .local("docs"), "tool": .host,
      ]
    }
    #expect(
      lowered.dump == """
        0: context deps
        1: image oci-layout:///x
        2: copy [a] from 1 to / <- 1 0 layer@1
        3: context docs
        4: copy [b] from 1 to / <- 2 3 layer@2
        5: host
        6: run [/bin/sh -c x] user=layout mounts=[/t=bind(1:/)] <- 4 5 layer@3 target
        """)
  }

  @Test("FROM a host context starts from the host's environment")
  func hostBase() async throws {
    let lowered = try await lower("FROM toolchain\nRUN x") {
      $0.namedContexts = ["toolchain": .host]
      $0.hostProcess.environment = ["PATH=/opt/bin", "LANG=C"]
    }
    #expect(lowered.dump == "0: host\n1: run [/bin/sh -c x] env=[LANG=C] <- 0 layer@0 target")
    #expect(lowered.labels == ["[1/2] FROM toolchain", "[2/2] RUN x"])
  }

  @Test("a host context is of the platform that builds, and no stage of another one stands on it")
  func hostOfOtherPlatform() async {
    func refused(_ text: String) async -> String {
      await refusal(of: text) {
        $0.namedContexts = ["toolchain": .host]
        $0.platform = Platform(os: "linux", architecture: "arm64")
      }
    }
    #expect(
      await refused("FROM scratch AS other\nFROM toolchain\nRUN x") == """
        Dockerfile:2: `toolchain` is this machine's own system, which is `linux/amd64`, \
        but the stage is for `linux/arm64`
        hint: let the stage run here, with `FROM --platform=$BUILDPLATFORM toolchain`, and compile \
        for `$TARGETARCH` in it; or take an image for it
        """)
    let replaced = await refused("FROM missing AS toolchain\nFROM toolchain")
    #expect(replaced.hasPrefix("Dockerfile:1: `missing`"))
    // What runs here, what is not needed, and what is only copied or mounted from it.
    for text in [
      "FROM --platform=$BUILDPLATFORM toolchain\nRUN x",
      "FROM --platform=$BUILDPLATFORM missing AS toolchain\nFROM toolchain\nRUN x",
      "FROM toolchain AS unused\nFROM alpine\nCOPY --from=toolchain /a /",
      "FROM alpine\nRUN --mount=from=toolchain,target=/t x",
    ] {
      let answer = await refused(text)
      #expect(answer.hasPrefix("accepted:"), "\(text): \(answer)")
    }
  }

  @Test("labels tell platforms apart where several are built")
  func platformLabels() async throws {
    let text = """
      FROM --platform=$BUILDPLATFORM alpine AS build
      RUN one
      ARG TARGETARCH
      RUN two
      ARG TARGETVARIANT
      WORKDIR /three
      ARG TARGETPLATFORM=linux/amd64
      RUN four
      FROM scratch
      ARG TARGETPLATFORM
      COPY --from=build /x /
      """
    let labels = try await lower(text) {
      $0.platform = Platform(os: "linux", architecture: "arm", variant: "v7")
      $0.isOneOfSeveral = true
    }.labels
    #expect(labels[0].hasPrefix("[linux/amd64 build 1/5] FROM docker.io/library/alpine"))
    #expect(
      labels.dropFirst() == [
        "[linux/amd64 build 2/5] RUN one", "[linux/amd64->arm/v7 build 3/5] RUN two",
        "[linux/amd64->arm/v7 build 4/5] WORKDIR /three", "[linux/amd64 build 5/5] RUN four",
        "FROM scratch", "[linux/arm/v7 stage-1 1/1] COPY --from=build /x /",
      ])
    let alone = try await lower("FROM --platform=linux/arm64 scratch AS x\nCOPY a /").labels
    #expect(alone.last == "[1/1] COPY a /")
  }

  @Test("no context stands in for scratch")
  func scratchContext() async throws {
    let lowered = try await lower("FROM scratch") { $0.namedContexts = ["scratch": .host] }
    #expect(lowered.dump == "0: scratch target")
  }

  @Test("an image without layers is scratch with a configuration")
  func emptyImage() async throws {
    var empty = ImageConfiguration(platform: Platform(os: "linux", architecture: "amd64"))
    empty.process.user = "5"
    let lowered = try await lower("FROM empty", images: ["docker.io/library/empty:latest": empty])
    #expect(lowered.dump == "0: scratch target")
    #expect(lowered.process.user == "5")
  }

  @Test("the same image is one vertex, for two platforms it is two")
  func sharedImages() async throws {
    let text = """
      FROM alpine AS a
      FROM --platform=linux/arm64 alpine AS b-arm64
      RUN b
      FROM alpine
      COPY --from=a /x /
      COPY --from=b-arm64 /x /
      """
    let lowered = try await lower(text)
    #expect(
      lowered.dump == """
        0: image docker.io/library/alpine:latest
        1: image docker.io/library/alpine:latest
        2: run [/bin/sh -c b] platform=linux/arm64 <- 1
        3: copy [x] from 1 to / <- 0 0 layer@1
        4: copy [x] from 1 to / <- 3 2 layer@2 target
        """)
    #expect(lowered.rules == ["InvalidBaseImagePlatform"])
  }

  @Test("--platform is written over the image's own; without it, the image's own stays")
  func finalPlatform() async throws {
    let base = baseImage {
      $0.platform = Platform(
        os: "linux", architecture: "arm64", variant: "v8", osVersion: "1", osFeatures: ["f"])
    }
    let images = ["docker.io/library/alpine:latest": base]
    let own = try await lower("FROM alpine", images: images)
    #expect(own.configuration.platform.description == "linux(1)/arm64")
    #expect(own.configuration.platform.osVersion == "1")
    let given = try await lower("FROM alpine", images: images) {
      $0.platform = Platform(os: "linux", architecture: "amd64")
    }
    #expect(given.configuration.platform.description == "linux/amd64")
    #expect(given.configuration.platform.osVersion == nil)
    #expect(given.configuration.platform.osFeatures == ["f"])
  }

  @Test("scratch is for the target, whatever its --platform says")
  func scratchPlatform() async throws {
    let lowered = try await lower("FROM --platform=linux/s390x scratch AS s390x\nCOPY a /")
    #expect(lowered.configuration.platform.architecture == "amd64")
  }

  // MARK: - ONBUILD

  @Test("triggers of a base image run right after FROM, and are gone after")
  func imageTriggers() async throws {
    let base = baseImage {
      $0.process.onBuild = ["COPY --from=tools /t /", "RUN echo $A", "ARG A=late"]
    }
    let lowered = try await lower(
      """
      FROM busybox AS tools
      RUN tools
      FROM onbuild
      ENV A=1
      RUN own
      ONBUILD RUN mine
      """, images: ["docker.io/library/onbuild:latest": base])
    #expect(
      lowered.dump == """
        0: image docker.io/library/busybox:latest
        1: run [/bin/sh -c tools] <- 0
        2: image docker.io/library/onbuild:latest
        3: copy [t] from 1 to / <- 2 1 layer@1
        4: run [/bin/sh -c echo $A] <- 3 layer@2
        5: run [/bin/sh -c own] env=[A=1] <- 4 layer@5 target
        """)
    #expect(lowered.process.onBuild == ["RUN mine"])
    #expect(lowered.labels[3] == "[stage-1 2/4] ONBUILD COPY --from=tools /t /")
    #expect(lowered.plan.vertices[3].lines == 3...3)
    #expect(
      lowered.history == [
        "base", "COPY /t / # buildkit", "RUN /bin/sh -c echo $A # buildkit", "ARG A=late",
        "ENV A=1", "RUN |1 A=1 /bin/sh -c own # buildkit",
      ])
  }

  @Test("triggers of a stage run in the stages based on it, and not in theirs")
  func stageTriggers() async throws {
    let lowered = try await lower(
      """
      FROM alpine AS parent
      ONBUILD RUN <<EOF
      triggered
      EOF
      FROM parent AS child
      RUN child
      FROM child
      RUN grandchild
      """)
    #expect(
      lowered.runs == [
        #"run [/bin/sh -c triggered\n]"#, "run [/bin/sh -c child]", "run [/bin/sh -c grandchild]",
      ])
    #expect(lowered.process.onBuild == [])
  }

  @Test("triggers that need an image which has triggers are followed to the end")
  func chainedTriggers() async throws {
    let lowered = try await lower(
      "FROM first",
      images: [
        "docker.io/library/first:latest": baseImage {
          $0.process.onBuild = ["COPY --from=second /x /"]
        },
        "docker.io/library/second:latest": baseImage {
          $0.process.onBuild = ["RUN never"]
        },
      ])
    #expect(
      lowered.dump == """
        0: image docker.io/library/first:latest
        1: image docker.io/library/second:latest
        2: copy [x] from 1 to / <- 0 1 layer@1 target
        """)
  }

  // MARK: - Labels

  @Test("labels number the steps of a stage, all in one width, on one line")
  func labels() async throws {
    let steps = (1...10).map { "RUN step  \\\n  \($0)" }.joined(separator: "\n")
    let lowered = try await lower("from alpine\nenv A=1\n" + steps.lowercased())
    #expect(lowered.labels[0].hasPrefix("[ 1/11] FROM docker.io/library/alpine:latest@sha256:"))
    #expect(lowered.labels[1] == "[ 2/11] RUN step 1")
    #expect(lowered.labels[10] == "[11/11] RUN step 10")
    #expect(lowered.plan.vertices[1].lines == 3...4)
  }

  @Test("long labels are cut")
  func longLabel() async throws {
    let lowered = try await lower("FROM scratch\nCOPY " + String(repeating: "é", count: 500) + " /")
    #expect(lowered.labels.last?.count == "[1/1] ".count + 100)
    #expect(lowered.labels.last?.hasSuffix("é…") == true)
  }
}
