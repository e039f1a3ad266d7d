import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(
  "The same image everywhere",
  .enabled(if: Requirement.builds, "builds need root, busybox, tar and python3"))
struct ReproducibilityTests {
  private static let dockerfile = """
    FROM busybox:test AS build
    WORKDIR /src/deep
    COPY . .
    RUN mkdir -p /out/bin /out/etc && cat a dir/b > /out/bin/all && ln -s all /out/bin/link \
        && ln /out/bin/all /out/bin/same && date > /tmp/now && echo x > /out/etc/x
    FROM busybox:test
    COPY --from=build /out /
    COPY <<EOF /made
    text
    EOF
    WORKDIR /var/lib/app
    RUN touch /var/lib/app/state && rm /etc/group
    ENV A=1
    """

  private func makeContext() throws -> TemporaryDirectory {
    let context = try TemporaryDirectory()
    try context.write(Self.dockerfile, to: "Dockerfile")
    try context.write("a\n", to: "a")
    try context.write("b\n", to: "dir/b", mode: 0o755)
    return context
  }

  private func freshDigest(_ context: FilePath) async throws -> String {
    try await Slipway().withBusybox().build(context).digest
  }

  @Test("from a cold cache, twice")
  func cold() async throws {
    let context = try makeContext()
    let first = try await freshDigest(context.path)
    #expect(first.hasPrefix("sha256:"))
    #expect(try await freshDigest(context.path) == first)
  }

  @Test("in another directory, with files of other times")
  func elsewhere() async throws {
    let first = try makeContext()
    let second = try makeContext()
    for path in ["Dockerfile", "a", "dir/b", "dir"] {
      try Files.setTime(1_500_000_000, of: second(path))
    }
    #expect(try await freshDigest(first.path) == freshDigest(second.path))
  }

  @Test("for a caller with another umask, environment and working directory")
  func caller() async throws {
    let context = try makeContext()
    let first = try await freshDigest(context.path)
    let slipway = try await Slipway().withBusybox()
    var command = slipway.command(["build", "-q", "."], in: context.path)
    command.arguments = ["-c", "umask 077; exec \"$@\"", "sh", command.program] + command.arguments
    command.program = "sh"
    command.environment["TZ"] = "Asia/Tokyo"
    command.environment["LANG"] = "de_DE.UTF-8"
    command.environment["HOME"] = "/nonexistent"
    command.environment["USER"] = "somebody"
    #expect(try await command.check().text == first)
  }

  @Test("on one processor and on all")
  func processors() async throws {
    let context = try makeContext()
    let first = try await freshDigest(context.path)
    let slipway = try await Slipway().withBusybox()
    var command = slipway.command(["build", "-q", "."], in: context.path)
    command.arguments = ["-c", "0", command.program] + command.arguments
    command.program = "taskset"
    #expect(try await command.check().text == first)
  }

  @Test("files that belong to somebody else are root's in the image")
  func owners() async throws {
    let context = try makeContext()
    let first = try await freshDigest(context.path)
    chown(context("a").string, 1000, 1000)
    chown(context("dir").string, 1000, 1000)
    #expect(try await freshDigest(context.path) == first)
  }

  @Test("after an edit and its revert, from a warm cache and without")
  func revert() async throws {
    let context = try makeContext()
    let slipway = try await Slipway().withBusybox()
    let first = try await slipway.build(context.path).digest
    try context.write("edited\n", to: "a")
    #expect(try await slipway.build(context.path).digest != first)
    try context.write("a\n", to: "a")
    #expect(try await slipway.build(context.path).digest == first)
    #expect(try await slipway.build(context.path, "--no-cache").digest == first)
  }

  @Test("whichever of its steps are cached")
  func partlyCached() async throws {
    let context = try makeContext()
    let first = try await freshDigest(context.path)
    let slipway = try await Slipway().withBusybox()
    try await slipway.build(context.path, "--target", "build")
    #expect(try await slipway.build(context.path).digest == first)
  }

  @Test("no file, no configuration and no history has a time after SOURCE_DATE_EPOCH")
  func times() async throws {
    let context = try makeContext()
    let slipway = try await Slipway().withBusybox()
    var dated = slipway
    dated.environment["SOURCE_DATE_EPOCH"] = "1100000000"
    try await slipway.build(context.path, "-t", "zero")
    try await dated.build(context.path, "-t", "dated")

    let zero = try await slipway.files(of: "zero:latest", times: true)
    #expect(zero.allSatisfy { $0.hasPrefix("0 ") || $0.hasPrefix("- ") })
    let times = try await slipway.files(of: "dated:latest", times: true)
    #expect(times.allSatisfy { $0.hasPrefix("1100000000 ") || $0.hasPrefix("- ") })
    #expect(try await slipway.files(of: "zero:latest") == slipway.files(of: "dated:latest"))

    let configuration = try await slipway.configuration(of: "dated:latest")
    #expect(configuration.contains(#""created": "2004-11-09T11:33:20Z""#))
    // The base image's own entry keeps its time.
    #expect(configuration.contains(#""created": "2001-09-09T01:46:40Z""#))
    let changed = configuration.replacing("2004-11-09T11:33:20Z", with: "1970-01-01T00:00:00Z")
    let other = try await slipway.configuration(of: "zero:latest")
    func withoutDigests(_ text: String) -> [String] {
      text.split(separator: "\n").filter { !$0.contains("sha256:") }.map(String.init)
    }
    #expect(withoutDigests(changed) == withoutDigests(other))
  }

  @Test(
    "a SOURCE_DATE_EPOCH that is given is the time of all that is copied or made, also of what is older",
    arguments: [[], ["--timestamps", "preserve"]])
  func copiedTimes(flags: [String]) async throws {
    let context = try TemporaryDirectory()
    let dockerfile = "FROM scratch\nWORKDIR /w\nCOPY d /x/y/\nCOPY <<E /made\nE\nADD a.tar /"
    try context.write(dockerfile, to: "Dockerfile")
    try context.write("1", to: "d/e/old")
    for path in ["d/e/old", "d/e", "d"] { try Files.setTime(900_000_000, of: context(path)) }
    try await Command(
      "tar", ["-C", context("d/e").string, "-cf", context("a.tar").string, "old"]
    ).check()
    let slipway = try Slipway()
    let epoch = ["--build-arg", "SOURCE_DATE_EPOCH=1000000000"]
    try await slipway.build(context.path, arguments: ["-t", "dated"] + epoch + flags)
    let files = try await slipway.files(of: "dated:latest", withoutBusybox: false, times: true)
    // Members of archives keep their times, if those are not later.
    let member = files.filter { $0.hasSuffix(" /old") }
    #expect(member.count == 1 && member[0].hasPrefix("900000000 "), "\(files)")
    let others = files.filter { !$0.hasSuffix(" /old") }
    #expect(others.count == 6 && others.allSatisfy { $0.hasPrefix("1000000000 ") }, "\(files)")
  }

  @Test("`--timestamps=preserve` keeps the times of files")
  func preserve() async throws {
    let context = try makeContext()
    try context.write("FROM scratch\nCOPY a /", to: "Dockerfile")
    try Files.setTime(1_600_000_000, of: context("a"))
    let slipway = try Slipway()
    try await slipway.build(context.path, "-t", "kept", "--timestamps", "preserve")
    let files = try await slipway.files(of: "kept:latest", withoutBusybox: false, times: true)
    #expect(files.map { $0.prefix(11) } == ["1600000000 "])
  }
}
