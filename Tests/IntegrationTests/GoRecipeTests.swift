import SystemPackage
import TestSupport
import Testing

@Suite(
  "Go modules without a Dockerfile",
  .enabled(if: Requirement.builds && Requirement.go, "needs root, busybox and Debian's golang-1.19")
)
struct GoRecipeTests {
  private let slipway: Slipway
  private let directory: TemporaryDirectory
  private let proxy: GoProxy

  init() throws {
    var slipway = try Slipway()
    let path = Command.plainEnvironment["PATH"] ?? ""
    slipway.environment["PATH"] = "\(Programs.goProgram.removingLastComponent()):\(path)"
    self.slipway = slipway
    directory = try TemporaryDirectory()
    proxy = GoProxy(at: directory("proxy"))
  }

  private func build(_ arguments: String...) async throws -> Slipway.Build {
    try await slipway.build(directory("context"), arguments: base + arguments)
  }

  private func failingBuild(_ arguments: String...) async throws -> Command.Result {
    let result = try await slipway.command(
      ["build", "--progress", "plain"] + base + arguments + [directory("context").string]
    ).run()
    #expect(result.status == .exited(1))
    return result
  }

  private var base: [String] {
    [
      "--toolchain", "host", "-t", "server", "--build-context", "goproxy=\(proxy.folder)",
      "--build-arg", "GOPROXY=file:///goproxy", "--build-arg", "GONOSUMDB=*",
    ]
  }

  @Test("modules come from the proxy once; an edit compiles, and is linked statically")
  func modules() async throws {
    try await Programs.writeGoServer(to: directory, under: "context", proxy: proxy)
    let first = try await build()
    #expect(try await HTTPServer.answer(slipway, "server", path: "/there") == "hello from /there")
    #expect(try await build().ran == [])

    try directory.write(
      Programs.goServer.replacing("listening on", with: "now listening on"), to: "context/main.go")
    let edited = try await build()
    #expect(edited.ran.first == "COPY . .", "\(edited.log)")
    #expect(edited.digest != first.digest)

    // It does not compile: what the compiler says, and where.
    try directory.write(
      Programs.goServer + "\nfunc broken() { undefined() }", to: "context/main.go")
    let broken = try await failingBuild()
    #expect(broken.errorText.contains("undefined: undefined"), "\(broken)")
    #expect(broken.errorText.contains("Dockerfile of the"))

    // A dynamic executable would not run from scratch.
    try directory.write(Programs.goServer, to: "context/main.go")
    let dynamic = try await failingBuild("--build-arg", "GOFLAGS=-buildmode=pie")
    #expect(dynamic.errorText.contains("is not static"), "\(dynamic)")
    #expect(dynamic.errorText.contains("-buildmode in GOFLAGS"))

    // The revert, from the cache.
    #expect(try await build().digest == first.digest)
  }

  @Test("for several platforms modules are downloaded once, and each program is of its platform")
  func platforms() async throws {
    try await Programs.writeGoServer(to: directory, under: "context", proxy: proxy)
    let files = directory("files")
    let index = try await build(
      "--platform", "linux/arm64,linux/amd64/v2,linux/arm/v6,linux/386", "-o", files.string)
    #expect(index.ran.count { $0.contains("go mod download") || $0.contains("goproxy") } == 1)
    #expect(index.ran.count { $0.contains("id=go-build") } == 4)
    for (folder, machine, setting) in [
      ("linux_arm64", 183, "GOARCH=arm64"), ("linux_amd64_v2", 62, "GOAMD64=v2"),
      ("linux_arm_v6", 40, "GOARM=6"), ("linux_386", 3, "GOARCH=386"),
    ] as [(String, UInt8, String)] {
      let program = files.appending(folder).appending("app/server")
      // `e_machine` of the ELF header.
      #expect(try Files.read(program)[18] == machine)
      let settings = try await Command(
        Programs.goProgram.string, ["version", "-m", program.string]
      ).check().text
      #expect(settings.contains("\t" + setting), "\(settings)")
    }
    // Alone, nothing is left to do for one of them.
    let alone = try await build("--platform", "linux/arm64")
    #expect(alone.ran == [])
    #expect(alone.digest != index.digest)

    let dynamic = try await failingBuild(
      "--platform", "linux/arm64", "--build-arg", "GOFLAGS=-buildmode=pie")
    #expect(dynamic.errorText.contains("is not static"), "\(dynamic)")
  }

  @Test("a module that is another one than go.sum says is refused")
  func tampered() async throws {
    try await Programs.writeGoServer(to: directory, under: "context", proxy: proxy)
    var other = Programs.greeting
    other["greeting.go"]?.append("// and more\n")
    try await proxy.publish("example.com/greeting", "v1.0.0", other)
    let result = try await failingBuild()
    #expect(result.errorText.contains("checksum mismatch"), "\(result)")
    #expect(result.errorText.contains("SECURITY ERROR"))
  }

  @Test("a vendored module is built without a network")
  func vendored() async throws {
    try await Programs.writeGoServer(to: directory, under: "context", proxy: proxy)
    try await Programs.go(["mod", "vendor"], in: directory("context"), proxy: proxy, directory)
    Files.remove(proxy.folder)
    let log = try await slipway.build(directory("context"), "--toolchain", "host", "-t", "server")
      .log
    #expect(!log.contains("go mod download"))
    #expect(try await HTTPServer.answer(slipway, "server", path: "/v") == "hello from /v")
  }

  @Test("a vendor directory that `.dockerignore` hides is an error that says so")
  func hiddenVendor() async throws {
    try await Programs.writeGoServer(to: directory, under: "context", proxy: proxy)
    try await Programs.go(["mod", "vendor"], in: directory("context"), proxy: proxy, directory)
    try directory.write("vendor\n", to: "context/.dockerignore")
    let result = try await failingBuild()
    #expect(result.errorText.contains(".dockerignore"), "\(result)")
    #expect(result.errorText.contains("vendor"))
  }

  @Test("dependencies locked by dep are an error that says how to move on")
  func dep() async throws {
    try directory.write("package main\n\nfunc main() {}\n", to: "context/main.go")
    try directory.write("", to: "context/Gopkg.lock")
    let result = try await failingBuild()
    #expect(result.errorText.contains("`Gopkg.lock`"), "\(result)")
    #expect(result.errorText.contains("go mod init"))
  }
}
