import OCI
import Testing

@Suite("Platform")
struct PlatformTests {
  @Test(
    "is normalised as containerd does",
    arguments: [
      ("linux/amd64", "linux/amd64"), ("amd64", "linux/amd64"), ("x86_64", "linux/amd64"),
      ("x86-64", "linux/amd64"), ("linux/amd64/v1", "linux/amd64"),
      ("linux/amd64/v3", "linux/amd64/v3"),
      ("aarch64", "linux/arm64"), ("arm64/v8", "arm64/v8"), ("linux/arm64/v8", "linux/arm64"),
      ("linux/arm64/8", "linux/arm64"), ("linux/arm64/v9", "linux/arm64/v9"),
      ("linux/arm", "linux/arm/v7"), ("linux/arm/7", "linux/arm/v7"),
      ("linux/arm/6", "linux/arm/v6"),
      ("armhf", "linux/arm/v7"), ("armel", "linux/arm/v6"), ("i386", "linux/386"),
      ("Linux/AMD64", "linux/amd64"), ("macos/arm64", "darwin/arm64"),
      ("windows/amd64", "windows/amd64"), ("linux/riscv64", "linux/riscv64"),
    ])
  func normalised(text: String, canonical: String) {
    #expect(Platform(text)?.description == canonical)
  }

  @Test("an operating system alone has this machine's architecture")
  func systemAlone() {
    #expect(Platform("linux") == Platform.host)
  }

  @Test(
    "refuses what is malformed",
    arguments: ["", "/", "linux/", "/amd64", "a/b/c/d", "linux/am d64", "linux/ä"])
  func malformed(text: String) {
    #expect(Platform(text) == nil)
  }

  @Test("an image without a variant stands for none that asks for one")
  func satisfies() throws {
    let arm6 = try #require(Platform("linux/arm/v6"))
    let arm7 = try #require(Platform("linux/arm/v7"))
    #expect(arm7.satisfies(arm7))
    #expect(!arm6.satisfies(arm7))
    let amd3 = try #require(Platform("linux/amd64/v3"))
    let amd = try #require(Platform("linux/amd64"))
    #expect(amd3.satisfies(amd))
    #expect(!amd.satisfies(amd3))
    #expect(
      Platform(os: "linux", architecture: "arm64", variant: "v8").satisfies(
        Platform(os: "linux", architecture: "aarch64")))
  }

  @Test("keeps what configurations say besides")
  func coding() throws {
    let platform = Platform(
      os: "windows", architecture: "amd64", osVersion: "10.0.1", osFeatures: ["win32k"])
    let text = String(decoding: try JSON.encode(platform), as: UTF8.self)
    #expect(text.contains(#""os.version":"10.0.1""#))
    #expect(try JSON.decode(Platform.self, from: Array(text.utf8)) == platform)
  }
}
