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
      ("windows/amd64", "windows/amd64"),
      ("windows(10.0.17763)/x86_64", "windows(10.0.17763)/amd64"), ("linux()/arm", "linux/arm/v7"),
      ("s390x", "linux/s390x"), ("linux/riscv64", "linux/riscv64"),
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
    arguments: [
      "", "/", "linux/", "/amd64", "a/b/c/d", "linux/am d64", "linux/ä", "linxu",
      "windows(1 2)/amd64", "a(b/c)",
    ])
  func malformed(text: String) {
    #expect(Platform(text) == nil)
  }

  @Test(
    "is satisfied by what its processor also executes, the nearest first, and by nothing else",
    arguments: [
      ("linux/amd64", ["linux/amd64", "linux/386"], ["linux/amd64/v2", "linux/arm64"]),
      (
        "linux/amd64/v3", ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386"],
        ["linux/amd64/v4", "windows/amd64/v3"]
      ),
      ("linux/386", ["linux/386"], ["linux/amd64"]),
      ("linux/arm", ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"], ["linux/arm/v8"]),
      ("linux/arm/v6", ["linux/arm/v6", "linux/arm/v5"], ["linux/arm/v7", "linux/arm64"]),
      (
        "linux/arm64", ["linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v5"],
        ["linux/arm64/v8.1", "linux/arm64/v9"]
      ),
      (
        "linux/arm64/v8.2",
        ["linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64", "linux/arm/v7"],
        ["linux/arm64/v8.3"]
      ),
      (
        "linux/arm64/v9.1",
        ["linux/arm64/v9.1", "linux/arm64/v9", "linux/arm64/v8.6", "linux/arm64", "linux/arm/v8"],
        ["linux/arm64/v9.2", "linux/arm64/v8.7"]
      ),
      ("linux/amd64/v999999999", ["linux/amd64/v999999999", "linux/386"], ["linux/amd64/v9"]),
      ("linux/riscv64", ["linux/riscv64"], ["linux/riscv64/rva22u64"]),
    ])
  func satisfied(wanted: String, by accepted: [String], notBy refused: [String]) throws {
    let wanted = try #require(Platform(wanted))
    let ranks = accepted.map { Platform($0)?.rank(for: wanted) }
    #expect(!ranks.contains(nil))
    #expect(ranks.compactMap(\.self) == ranks.compactMap(\.self).sorted())
    #expect(Set(ranks).count == ranks.count)
    for platform in refused { #expect(Platform(platform)?.satisfies(wanted) == false) }
  }

  @Test("spellings, versions and features of the system do not count")
  func otherSpellings() {
    let own = Platform(
      os: "Linux", architecture: "aarch64", variant: "v8", osVersion: "6.1", osFeatures: ["f"])
    #expect(own.rank(for: Platform(os: "linux", architecture: "arm64")) == 0)
  }

  @Test("of an index the best entry counts, the first of equals")
  func best() throws {
    func entry(_ number: UInt8, _ platform: String) -> Descriptor {
      var descriptor = Descriptor(of: [number], as: .manifest)
      descriptor.platform = Platform(platform)
      return descriptor
    }
    let entries = [
      Descriptor(of: [0], as: .manifest), entry(1, "unknown/unknown"), entry(2, "linux/arm/v5"),
      entry(3, "linux/arm/v6"), entry(4, "linux/arm/v6"), entry(5, "linux/amd64"),
    ]
    #expect(entries.best(for: try #require(Platform("linux/arm/v7"))) == entries[3])
    #expect(entries.best(for: try #require(Platform("linux/arm/v5"))) == entries[2])
    #expect(entries.best(for: try #require(Platform("linux/s390x"))) == nil)
  }

  @Test("what an index offers instead is listed without attestations")
  func offered() throws {
    let platforms = ["linux/arm64", "unknown/unknown", "linux/arm/v7"].compactMap { Platform($0) }
    let wanted = try #require(Platform("linux/s390x"))
    #expect(
      "\(ImageError.noPlatform("app", wanted: wanted, offered: platforms))"
        == "`app` has no image for `linux/s390x`; hint: it offers `linux/arm64`, `linux/arm/v7`")
    #expect(
      "\(ImageError.noPlatform("app", wanted: wanted, offered: [platforms[1]]))"
        == "`app` has no image for `linux/s390x`; hint: it offers no platform at all")
  }

  @Test("only a program of another processor is foreign")
  func foreign() throws {
    #expect(ImageError(unknownFormatOf: "/bin/sh", of: .host) == nil)
    let other = Platform(os: "linux", architecture: "s390x")
    let text = "\(try #require(ImageError(unknownFormatOf: "/bin/sh", of: other)))"
    #expect(text.hasPrefix("`/bin/sh` is a program for `linux/s390x`, which this machine, "))
    #expect(text.contains("; hint: register an emulator: `apt-get install qemu-user-static`"))
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
