import SystemPackage
import TestSupport
import Testing

@Suite(
  "Caching", .enabled(if: Requirement.builds, "builds need root, busybox, tar and python3"))
struct CachingTests {
  private let slipway: Slipway
  private let context: TemporaryDirectory

  init() async throws {
    slipway = try await Slipway().withBusybox()
    context = try TemporaryDirectory()
  }

  private func dockerfile(_ text: String) throws {
    try context.write(text, to: "Dockerfile")
  }

  @Test("a second build runs nothing and gives the same image")
  func secondBuild() async throws {
    try dockerfile(
      """
      FROM busybox:test AS a
      COPY one /one
      RUN cat /one > /two
      FROM scratch
      COPY --from=a /two /
      """)
    try context.write("contents", to: "one")
    let first = try await slipway.build(context.path)
    let second = try await slipway.build(context.path)
    #expect(first.ran == ["COPY one /one", "RUN cat /one > /two", "COPY --from=a /two /"])
    #expect(second.ran == [])
    #expect(first.digest == second.digest)
  }

  @Test(
    "a second build does not read the contents of the context",
    .enabled(if: Requirement.tools("strace"), "needs strace"))
  func readsNothing() async throws {
    try dockerfile("FROM busybox:test\nCOPY . /all/\nRUN ls /all > /list")
    for number in 0..<20 {
      let file = try context.write("contents \(number)", to: "data-\(number)")
      // Files changed within the clock's grain are never trusted; these were changed long ago.
      try Files.setTime(1_000_000_000, of: file)
    }
    try Files.setTime(1_000_000_000, of: context("Dockerfile"))
    try await slipway.build(context.path)
    try await slipway.build(context.path)
    let trace = try TemporaryDirectory()
    var command = slipway.command(["build", context.path.string])
    command.arguments =
      ["-f", "-qq", "-e", "trace=openat,open,openat2", "-o", trace("log").string, command.program]
      + command.arguments
    command.program = "strace"
    try await command.check()
    let opened = try Files.text(trace("log")).split(separator: "\n").filter { $0.contains("data-") }
    #expect(opened == [])
  }

  @Test("a change of content is seen although size and time stay the same")
  func sameSizeAndTime() async throws {
    try dockerfile("FROM scratch\nCOPY one /one")
    let file = try context.write("first!", to: "one")
    try Files.setTime(1_000_000_000, of: file)
    let first = try await slipway.build(context.path)
    try context.write("second", to: "one")
    try Files.setTime(1_000_000_000, of: file)
    let second = try await slipway.build(context.path)
    #expect(first.digest != second.digest)
    #expect(second.ran == ["COPY one /one"])
  }

  @Test("a touched file runs nothing again")
  func touched() async throws {
    try dockerfile("FROM scratch\nCOPY one /one")
    let file = try context.write("same", to: "one")
    let first = try await slipway.build(context.path)
    try Files.setTime(1_234_567_890, of: file)
    let second = try await slipway.build(context.path)
    #expect(second.ran == [])
    #expect(first.digest == second.digest)
  }

  @Test("a change runs the steps after it and no others")
  func change() async throws {
    try dockerfile(
      """
      FROM busybox:test
      COPY one /one
      RUN cat /one > /first
      COPY two /two
      RUN cat /two > /second
      """)
    try context.write("1", to: "one")
    try context.write("2", to: "two")
    try await slipway.build(context.path)
    try context.write("3", to: "two")
    let second = try await slipway.build(context.path)
    #expect(second.ran == ["COPY two /two", "RUN cat /two > /second"])
    #expect(second.cached.contains("RUN cat /one > /first"))
  }

  @Test("a stage that ran again with the same result does not run its users again")
  func contentKeys() async throws {
    try dockerfile(
      """
      FROM busybox:test AS a
      COPY noise /noise
      RUN wc -c < /noise > /out
      FROM busybox:test
      COPY --from=a /out /out
      RUN cat /out > /copy
      """)
    try context.write("aaaa", to: "noise")
    let first = try await slipway.build(context.path)
    try context.write("bbbb", to: "noise")
    let second = try await slipway.build(context.path)
    #expect(second.ran == ["COPY noise /noise", "RUN wc -c < /noise > /out"])
    #expect(first.digest == second.digest)
  }

  @Test("a rename inside a copied directory is a change")
  func rename() async throws {
    try dockerfile("FROM scratch\nCOPY dir /dir")
    try context.write("x", to: "dir/old")
    let first = try await slipway.build(context.path)
    Files.remove(context("dir/old"))
    try context.write("x", to: "dir/new")
    let second = try await slipway.build(context.path)
    #expect(first.digest != second.digest)
  }

  @Test("comments, blank lines and line numbers are in no key")
  func comments() async throws {
    try dockerfile("FROM busybox:test\nRUN echo x > /x")
    try await slipway.build(context.path)
    try dockerfile("# new\n\nFROM busybox:test\n# more\n\nRUN echo x > /x\nLABEL a=b")
    #expect(try await slipway.build(context.path).ran == [])
  }

  @Test("an ARG that a RUN can see is in its key, a later one is not")
  func arguments() async throws {
    try dockerfile("FROM busybox:test\nRUN echo x > /x\nARG A\nRUN echo y > /y")
    try await slipway.build(context.path, "--build-arg", "A=1")
    let second = try await slipway.build(context.path, "--build-arg", "A=2")
    #expect(second.ran == ["RUN echo y > /y"])
  }

  @Test("a secret's value is in no key, and in nothing that is kept")
  func secrets() async throws {
    try dockerfile(
      "FROM busybox:test\nRUN --mount=type=secret,id=s wc -c < /run/secrets/s > /length")
    let secret = try TemporaryDirectory()
    try secret.write("kept-from-everybody-1", to: "s")
    try await slipway.build(context.path, "--secret", "id=s,src=\(secret("s"))")
    try secret.write("kept-from-everybody-2", to: "s")
    let second = try await slipway.build(context.path, "--secret", "id=s,src=\(secret("s"))")
    #expect(second.ran == [])
    let found = try await Command("grep", ["-rl", "kept-from-everybody", slipway.home.string]).run()
    #expect(found.text == "")
  }

  @Test("`--no-cache` runs every step, and the steps of the next build come from the cache")
  func noCache() async throws {
    try dockerfile("FROM busybox:test\nRUN echo x > /x\nRUN echo y > /y")
    try await slipway.build(context.path)
    let second = try await slipway.build(context.path, "--no-cache")
    #expect(second.ran == ["RUN echo x > /x", "RUN echo y > /y"])
    #expect(try await slipway.build(context.path).ran == [])
  }

  @Test("what `--no-cache` made new reaches the later steps")
  func noCacheIsUsed() async throws {
    try dockerfile(
      """
      FROM busybox:test AS a
      RUN cat /proc/sys/kernel/random/uuid > /id
      FROM busybox:test AS b
      COPY --from=a /id /id
      RUN cat /id > /copy
      """)
    let first = try await slipway.build(context.path)
    let second = try await slipway.build(context.path, "--no-cache-filter", "a")
    #expect(second.ran.contains("RUN cat /proc/sys/kernel/random/uuid > /id"))
    #expect(second.ran.contains("RUN cat /id > /copy"))
    #expect(first.digest != second.digest)
    #expect(try await slipway.build(context.path).digest == second.digest)
  }

  @Test("`--no-cache-filter` runs the steps of the stages that it names, several with commas")
  func noCacheFilter() async throws {
    try dockerfile(
      """
      FROM busybox:test AS a
      RUN echo a > /a
      FROM busybox:test AS b
      RUN echo b > /b
      COPY --from=a /a /a
      """)
    try await slipway.build(context.path)
    let second = try await slipway.build(context.path, "--no-cache-filter", "b")
    #expect(second.ran == ["RUN echo b > /b", "COPY --from=a /a /a"])
    let third = try await slipway.build(context.path, "--no-cache-filter", "x,a,b")
    #expect(third.ran.count == 3 && third.ran.contains("RUN echo a > /a"))
  }

  @Test("two processes that build the same at the same time share each run")
  func sharedRuns() async throws {
    try dockerfile(
      """
      FROM busybox:test
      RUN --mount=type=cache,id=count,target=/count echo run >> /count/runs && sleep 1 && echo x > /x
      """)
    async let first = slipway.build(context.path)
    async let second = slipway.build(context.path)
    async let third = slipway.build(context.path)
    let digests = try await Set([first.digest, second.digest, third.digest])
    #expect(digests.count == 1)
    try dockerfile(
      "FROM busybox:test\nRUN --mount=type=cache,id=count,target=/count cp /count/runs /runs")
    let output = try TemporaryDirectory()
    try await slipway.build(context.path, "-o", output.path.string)
    #expect(try Files.text(output("runs")) == "run\n")
  }

  @Test(
    "a cache that was deleted costs time and nothing else",
    arguments: ["cache", "snapshots", "contexts"])
  func deletedState(_ folder: String) async throws {
    try dockerfile(
      "FROM busybox:test AS a\nCOPY one /one\nRUN cat /one > /two\nFROM scratch\nCOPY --from=a /two /"
    )
    try context.write("x", to: "one")
    let first = try await slipway.build(context.path, "-t", "kept")
    Files.remove(slipway.home.appending(folder))
    let second = try await slipway.build(context.path, "-t", "kept")
    #expect(first.digest == second.digest)
    #expect(try await slipway.files(of: "kept:latest").count == 1)
  }
}
