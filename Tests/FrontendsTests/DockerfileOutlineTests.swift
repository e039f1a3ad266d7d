import DockerfileSyntax
import Frontends
import Testing

@Suite("What a build can be told")
struct DockerfileOutlineTests {
  private func outline(
    of text: String, _ change: (inout FrontendOptions) -> Void = { _ in }
  ) async throws -> DockerfileOutline {
    try await lower(text) {
      $0.toleratesMissingImages = true
      change(&$0)
    }.result.outline
  }

  /// As `line name=value description`.
  private func arguments(_ outline: DockerfileOutline) -> [String] {
    outline.arguments.map { argument in
      "\(argument.range.startLine) \(argument.name)=\(argument.value)"
        + (argument.description.map { " \($0)" } ?? "")
    }
  }

  private func credentials(_ list: [DockerfileOutline.Credential]) -> [String] {
    list.map { "\($0.range.startLine) \($0.id)\($0.isRequired ? " required" : "")" }
  }

  @Test("the arguments of a target are its own, those of what it needs, and those they refer to")
  func ofTarget() async throws {
    let text = """
      ARG registry=example.com
      ARG unneeded=1${registry}
      # mirror is where images are
      ARG mirror="${registry}/cache"

      FROM ${mirror}/tools AS tools
      # not about it
      ARG LEVEL=3
      # MODE is fast or small
      ARG MODE=fast

      FROM other${unneeded} AS unused
      ARG NEVER

      FROM scratch AS base
      ARG USERNAME=me

      # ship is what runs
      FROM base AS ship
      COPY --from=tools /x /

      FROM unused
      """
    let outline = try await outline(of: text) {
      $0.target = "ship"
      $0.buildArguments = ["MODE": "small"]
    }
    #expect(outline.name == "ship")
    #expect(outline.description == "is what runs")
    #expect(
      arguments(outline) == [
        "1 registry=example.com", "4 mirror=example.com/cache is where images are",
        "8 LEVEL=3", "10 MODE=small is fast or small", "16 USERNAME=me",
      ])
  }

  @Test("an ARG without a value is the one before the first stage, if there is one")
  func inherited() async throws {
    let outline = try await outline(
      of:
        "# A is above\nARG A=1\nARG B=2\nFROM scratch\n# A is here\nARG A\nARG C\nARG B=$A\nARG TARGETARCH"
    )
    #expect(arguments(outline) == ["2 A=1 is above", "7 C=", "8 B=1"])
    #expect(outline.name == nil)
  }

  @Test("an ARG that goes on from its own earlier value needs what that one needed")
  func redeclared() async throws {
    let outline = try await outline(
      of: "ARG X=alp\nARG BASE=$X\nARG BASE=${BASE}ine\nARG Y=1\nFROM $BASE")
    #expect(arguments(outline) == ["1 X=alp", "3 BASE=alpine"])
  }

  @Test("secrets and agents by their expanded names, where they are first asked for")
  func credentialsOfTarget() async throws {
    let text = """
      FROM busybox AS first
      RUN --mount=type=secret,target=/etc/pass,required=true --mount=type=ssh a
      RUN --mount=type=secret,id=pass b
      FROM alpine AS unused
      RUN --mount=type=secret,id=never --mount=type=ssh,id=never c
      FROM scratch AS third
      ARG N=2
      RUN --mount=type=secret,id=key$N d
      FROM third
      COPY --from=first /x /
      RUN --mount=type=ssh,id=deploy,required e
      """
    let outline = try await outline(of: text)
    #expect(credentials(outline.secrets) == ["2 pass required", "8 key2"])
    #expect(credentials(outline.agents) == ["2 default", "11 deploy required"])
  }
}
