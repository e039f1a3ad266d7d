import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite(
  "Platforms",
  .enabled(if: Requirement.builds, "builds need root, busybox, tar and python3"))
struct PlatformTests {
  private let slipway: Slipway
  private let directory: TemporaryDirectory

  init() async throws {
    slipway = try await Slipway().withBusybox()
    directory = try TemporaryDirectory()
  }

  private var context: FilePath { directory("context") }

  private func dockerfile(_ text: String) throws {
    try directory.write(text, to: "context/Dockerfile")
  }

  private func failingBuild(_ arguments: String...) async throws -> String {
    let result = try await slipway.command(
      ["build", "--progress", "plain"] + arguments + [context.string]
    ).run()
    #expect(result.status == .exited(1))
    return result.errorText
  }

  /// What one platform's image has besides its base.
  private static let shared = """
    FROM --platform=$BUILDPLATFORM busybox:test AS build
    RUN cat /proc/sys/kernel/random/uuid > /id
    ARG TARGETPLATFORM
    RUN echo "$TARGETPLATFORM" > /platform
    FROM scratch
    COPY --from=build /id /platform /
    """

  @Test(
    "several make an index in the order in which they were asked for, one makes a plain manifest",
    .enabled(if: Requirement.tools("skopeo"), "needs skopeo"))
  func index() async throws {
    try dockerfile(PlatformTests.shared)
    let layout = directory("layout")
    let output = ["-o", "type=oci,dest=\(layout),tar=false"]
    let wanted = ["--platform", "linux/arm64,linux/amd64", "--platform", "linux/arm/v7,arm64"]
    let build = try await slipway.build(context, arguments: wanted + output)
    let raw = try await Command("skopeo", ["inspect", "--raw", "oci:\(layout)"]).check().text
    let index = try #require(
      try JSONSerialization.jsonObject(with: Data(raw.utf8)) as? [String: Any])
    #expect(index["mediaType"] as? String == "application/vnd.oci.image.index.v1+json")
    let entries = try #require(index["manifests"] as? [[String: Any]])
    #expect(
      entries.map { $0["platform"] as? [String: String] } == [
        ["os": "linux", "architecture": "arm64"], ["os": "linux", "architecture": "amd64"],
        ["os": "linux", "architecture": "arm", "variant": "v7"],
      ])

    // The platform's image is the one that it gets alone.
    let alone = try await slipway.build(context, "--platform", "linux/amd64")
    #expect(entries[1]["digest"] as? String == alone.digest)
    #expect(alone.ran == [])
    #expect(build.digest != alone.digest)
    let manifest = try await slipway.check("inspect", alone.digest).text
    #expect(manifest.contains("application/vnd.oci.image.manifest.v1+json"))
  }

  @Test("`inspect` shows the image for the platform that it is asked for, and its files")
  func inspect() async throws {
    try dockerfile("FROM scratch\nLABEL a=b\n")
    try await slipway.build(context, "--platform", "linux/amd64,linux/arm64", "-t", "two:1")
    let manifest = try await slipway.check("inspect", "--platform", "linux/arm64", "two:1").text
    #expect(manifest.contains(#""architecture" : "arm64""#))
    let foreign = try await slipway.run("inspect", "--platform", "linux/s390x", "two:1")
    #expect(!foreign.succeeded)
    #expect(foreign.errorText.contains("linux/s390x"))
  }

  @Test("what platforms have in common runs once, also where the cache is ignored")
  func sharedSteps() async throws {
    try dockerfile(PlatformTests.shared)
    let files = directory("files")
    for round in [[], ["--no-cache"]] {
      Files.remove(files)
      let build = try await slipway.build(
        context,
        arguments: ["--platform", "linux/amd64,linux/arm64", "-o", files.string] + round)
      #expect(
        build.ran.sorted() == [
          "COPY --from=build /id /platform /", "COPY --from=build /id /platform /",
          "RUN cat /proc/sys/kernel/random/uuid > /id",
          #"RUN echo "$TARGETPLATFORM" > /platform"#, #"RUN echo "$TARGETPLATFORM" > /platform"#,
        ])
      #expect(build.log.contains("[linux/amd64 build 2/3] RUN cat"))
      #expect(build.log.contains("[linux/amd64->arm64 build 3/3] RUN echo"))
      func text(_ file: String) throws -> String { try Files.text(files.appending(file)) }
      #expect(try text("linux_amd64/platform") == "linux/amd64\n")
      #expect(try text("linux_arm64/platform") == "linux/arm64\n")
      #expect(try text("linux_amd64/id") == text("linux_arm64/id"))
    }
  }

  @Test("warnings are shown once, also those of one platform alone")
  func warnings() async throws {
    try dockerfile("from busybox:test\nWORKDIR relative\nENV A=$UNSET_VARIABLE")
    let log = try await slipway.build(context, "--platform", "linux/amd64,linux/arm64,linux/386")
      .log
    for (text, count) in [
      ("WorkdirRelativePath", 1), ("UndefinedVar", 1),
      ("InvalidBaseImagePlatform", 2), ("but `linux/arm64` was asked for", 1),
    ] {
      #expect(log.ranges(of: text).count == count, "\(text): \(log)")
    }
  }

  @Test("an error stops the other platforms, and says whose it is")
  func failure() async throws {
    try dockerfile(
      """
      FROM --platform=$BUILDPLATFORM busybox:test
      ARG TARGETARCH
      RUN if [ $TARGETARCH = arm64 ]; then exit 3; else sleep 1000; fi
      """)
    let failed = try await failingBuild("--platform", "linux/amd64,linux/arm64")
    #expect(failed.contains("`[linux/amd64->arm64 2/2] RUN if"), "\(failed)")
    #expect(failed.contains("exit code 3"))

    try directory.write("", to: "context/amd64")
    try dockerfile("FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /")
    let missing = try await failingBuild("--platform", "linux/amd64,linux/arm64")
    #expect(missing.contains("note: the step is `[linux/arm64 1/1] COPY"), "\(missing)")

    try dockerfile("ARG TARGETARCH\nFROM missing-$TARGETARCH.invalid:5000/x")
    let unresolved = try await failingBuild("--platform", "linux/arm64,linux/amd64")
    #expect(unresolved.contains("note: this is the build for `linux/arm64`"), "\(unresolved)")
  }

  @Test("of an index the best image is built upon and run; what it lacks is said with what it has")
  func bestMatch() async throws {
    try dockerfile(PlatformTests.shared)
    try await slipway.build(
      context, "--platform", "linux/arm/v5,linux/arm/v6,linux/386,linux/amd64", "-t", "many")
    try dockerfile("FROM many")
    for (wanted, platform) in [("linux/arm/v7", "linux/arm/v6"), ("linux/amd64/v2", "linux/amd64")]
    {
      let files = directory(wanted)
      try await slipway.build(context, "--platform", wanted, "-o", files.string)
      #expect(try Files.text(files.appending("platform")) == platform + "\n")
    }
    let lacking = try await failingBuild("--platform", "linux/s390x")
    #expect(lacking.contains("has no image for `linux/s390x`"), "\(lacking)")
    #expect(
      lacking.contains("offers `linux/arm/v5`, `linux/arm/v6`, `linux/386`, `linux/amd64`"),
      "\(lacking)")
  }

  @Test("a program that nothing can execute is an error that says how an emulator is registered")
  func unknownFormat() async throws {
    // An ELF header for a machine that no emulator runs: BPF.
    var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + Array(repeating: 0, count: 57)
    header[16] = 2
    header[18] = 247
    try directory.directory("context")
    try Files.write(header, to: context.appending("program"), mode: 0o755)
    try dockerfile("FROM scratch\nCOPY program /\nENTRYPOINT [\"/program\"]\nRUN [\"/program\"]")
    let failed = try await failingBuild("--platform", "linux/s390x")
    #expect(failed.contains("`/program` is a program for `linux/s390x`"), "\(failed)")
    #expect(failed.contains(#"4 | >>> RUN ["/program"]"#))
    #expect(failed.contains("hint: register an emulator: `apt-get install qemu-user-static`"))
    // Its platform is this machine's: then something else is wrong with it.
    let own = try await failingBuild()
    #expect(own.contains("`/program` is not a program that this machine can run"), "\(own)")

    try dockerfile("FROM scratch\nCOPY program /\nENTRYPOINT [\"/program\"]")
    try await slipway.build(context, "--platform", "linux/s390x", "-t", "foreign")
    let run = try await slipway.run("run", "foreign")
    #expect(run.status == .exited(126))
    #expect(run.errorText.contains("`/program` is a program for `linux/s390x`"), "\(run)")
    #expect(run.errorText.contains("hint: register an emulator"))
  }

  @Test(
    "a step of another platform runs where an emulator is registered, and so does its image",
    .enabled(
      if: Requirement.emulator && Requirement.go,
      "needs qemu-user-static in binfmt_misc, and Debian's golang-1.19"))
  func emulated() async throws {
    let architecture = Requirement.foreignArchitecture.go
    try directory.write(
      """
      package main

      import (
      	"fmt"
      	"os"
      	"runtime"
      )

      func main() {
      	fmt.Println("running on", runtime.GOARCH)
      	if len(os.Args) > 1 {
      		os.WriteFile(os.Args[1], []byte(runtime.GOARCH), 0644)
      	}
      }
      """, to: "context/main.go")
    try directory.write("module example.com/foreign\n\ngo 1.19\n", to: "context/go.mod")
    var compiler = Command(Programs.goProgram.string, ["build", "-o", "program", "."])
    compiler.directory = context
    compiler.environment["GOARCH"] = architecture
    compiler.environment["CGO_ENABLED"] = "0"
    compiler.environment["GOCACHE"] = directory("cache").string
    try await compiler.check()
    try dockerfile(
      """
      FROM scratch
      COPY program /
      RUN ["/program", "/result"]
      ENTRYPOINT ["/program"]
      """)
    let build = try await slipway.build(
      context, "--platform", "linux/\(architecture)", "-t", "foreign", "-o",
      directory("files").string)
    #expect(build.log.contains("running on \(architecture)"))
    #expect(try Files.text(directory("files/result")) == architecture)
    #expect(try await slipway.check("run", "foreign").text == "running on \(architecture)")
  }
}
