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
