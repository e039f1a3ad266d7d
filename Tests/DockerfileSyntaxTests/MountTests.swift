import Testing

@testable import DockerfileSyntax

@Suite("Mounts of RUN")
struct MountTests {
  private func mount(_ text: String) throws -> RunMount {
    try MountFlag.parse(text).resolve()
  }

  @Test("a mount is a read-only bind by default")
  func defaults() throws {
    let found = try mount("target=/a,from=x,src=b")
    #expect(found.kind == .bind && found.isReadOnly)
    #expect(found.from == "x" && found.source == "b" && found.target == "/a")
    #expect(try !mount("type=cache,dst=/c").isReadOnly)
    #expect(try !mount("type=tmpfs,destination=/c").isReadOnly)
    #expect(try mount("type=cache,dst=/c,ro").isReadOnly)
    #expect(try !mount("dst=/c,rw").isReadOnly)
    #expect(try !mount("dst=/c,rw=true").isReadOnly)
    #expect(try mount("dst=/c,readwrite=0").isReadOnly)
    #expect(try mount("type=secret,id=a").isReadOnly)
  }

  @Test("keys are read in any case")
  func keys() throws {
    let found = try mount(
      "TYPE=CACHE,id=i,target=/t,sharing=Locked,mode=0755,uid=1,gid=2,from=f,source=/s")
    #expect(found.kind == .cache && found.id == "i" && found.sharing == .locked)
    #expect(found.mode == 0o755 && found.uid == 1 && found.gid == 2)
    let secret = try mount("type=secret,id=i,env=TOKEN,required")
    #expect(secret.environment == "TOKEN" && secret.isRequired)
    #expect(try mount("type=tmpfs,target=/t,size=1.5g").size == 1_610_612_736)
    #expect(try mount("type=ssh,required=false").isRequired == false)
    #expect(try mount("\"source=a,b\",target=/t").source == "a,b")
  }

  @Test("values are expanded before they are understood, `from` never")
  func expansion() throws {
    let flag = try MountFlag.parse("type=$T,from=f$,id=$N-x,target=/t")
    #expect(flag.from == "f$")
    let found = try flag.resolve { $0.replacing("$T", with: "cache").replacing("$N", with: "n") }
    #expect(found.kind == .cache && found.id == "n-x" && found.from == "f$")
    struct Stop: Error {}
    #expect(throws: Stop.self) { try flag.resolve { _ in throw Stop() } }
  }

  @Test(
    "what is refused",
    arguments: [
      ("", "cannot read `--mount=`"), ("a\"b", "cannot read `--mount=a\"b`"),
      ("type=bnid,target=/a", "unsupported mount type `bnid` in `--mount`"),
      ("taget=/a", "unexpected key `taget` in `--mount`"),
      ("target", "`target` in `--mount` needs a value"),
      ("from=$X,target=/a", "`from` in `--mount` is not expanded"),
      ("required,type=secret,id=a", "unexpected key `required` for mounts of type `bind`"),
      ("size=1,target=/a", "unexpected key `size` for mounts of type `bind`"),
      ("type=tmpfs,size=x", "invalid value `x` for `size` in `--mount`"),
      ("target=/a,mode=0755", "`mode` is not allowed for mounts of type `bind`"),
      ("type=tmpfs,uid=1", "`uid` is not allowed for mounts of type `tmpfs`"),
      ("type=cache,uid=+1", "invalid value `+1` for `uid` in `--mount`"),
      ("target=/a,sharing=shared", "`sharing` is not allowed for mounts of type `bind`"),
      ("type=cache,sharing=all", "unsupported value for `sharing` `all` in `--mount`"),
      ("type=secret", "a secret mount needs an `id` or a `target`"),
      ("type=secret,id=a,source=b", "a secret mount cannot have both `source` and `id`"),
      ("type=secret,id=a,from=b", "a secret mount cannot have a `from`"),
      ("target=/a,ro=maybe", "invalid value `maybe` for `ro` in `--mount`"),
    ])
  func refused(text: String, message: String) throws {
    let error = #expect(throws: InstructionError.self) { try mount(text) }
    #expect(error?.message == message)
  }

  @Test("slips are guessed")
  func hints() throws {
    let error = #expect(throws: InstructionError.self) { try mount("taget=/a") }
    #expect(error?.hint == "did you mean `target`?")
    let kind = #expect(throws: InstructionError.self) { try mount("type=secrte,id=a") }
    #expect(kind?.hint == "did you mean `secret`?")
  }

  @Test(
    "durations are Go's",
    arguments: [
      ("1h2m3s", 3_723_000_000_000), ("1.5h", 5_400_000_000_000), ("100ms", 100_000_000), ("0", 0),
      ("-1s", -1_000_000_000), (".5s", 500_000_000), ("1us", 1000), ("2µs", 2000),
      ("1s", 1_000_000_000),
    ] as [(String, Int64)])
  func durations(text: String, nanoseconds: Int64) {
    #expect(GoDuration.parse(text) == nanoseconds)
  }

  @Test(
    "what is no duration", arguments: ["", "1", "s", "1x", "1.s.", "9999999999h", "1 s", "-", "²s"])
  func noDurations(text: String) {
    #expect(GoDuration.parse(text) == nil)
  }

  @Test(
    "sizes",
    arguments: [
      ("0", 0), ("512", 512), ("1k", 1024), ("64M", 64 << 20), ("1GiB", 1 << 30), ("1.5kb", 1536),
      ("2 t", 2 << 40), (".5m", 512 << 10), ("1e3", 1000), ("+1b", 1), ("-0", 0), ("1.999", 1),
    ] as [(String, Int64)])
  func sizes(text: String, bytes: Int64) {
    #expect(ByteCount.parse(text) == bytes)
  }

  @Test(
    "what is no size",
    arguments: ["", "k", "-1", "1x", "1.2.3", "99999999p", "1bb", "1kbb", "inf", "0x1p3", "1  k"])
  func noSizes(text: String) {
    #expect(ByteCount.parse(text) == nil)
  }
}
