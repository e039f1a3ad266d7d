import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(
  "When things go wrong",
  .enabled(if: Requirement.builds, "builds need root, busybox, tar and python3"))
struct UglyCaseTests {
  private let slipway: Slipway
  private let directory: TemporaryDirectory

  init() async throws {
    slipway = try await Slipway().withBusybox()
    directory = try TemporaryDirectory()
  }

  private func dockerfile(_ text: String) throws {
    try directory.write(text, to: "context/Dockerfile")
  }

  private var context: FilePath { directory("context") }

  /// Processes whose arguments hold a text.
  private func processes(with text: String) -> [String] {
    Files.names(in: "/proc").filter { name in
      guard Int(name) != nil,
        let arguments = try? Files.text(FilePath("/proc/\(name)/cmdline"))
      else { return false }
      return arguments.contains(text)
    }
  }

  @Test(
    "killed at any moment, the next build gives the right image",
    arguments: [11, 12, 13] as [UInt64])
  func killed(seed: UInt64) async throws {
    try dockerfile(
      """
      FROM busybox:test AS a
      COPY . /src
      RUN dd if=/dev/zero of=/big bs=1M count=8 2>/dev/null && cat /src/* > /all
      RUN sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo $i > /file-$i; done; sleep 0.1'
      FROM busybox:test
      COPY --from=a / /copied
      RUN rm -r /copied/src
      """)
    for number in 0..<50 { try directory.write("\(number)", to: "context/file-\(number)") }
    let right = try await Slipway().withBusybox().build(context).digest

    // The seed names the test case: a failure can be repeated.
    var random = Seeded(state: seed)
    for _ in 0..<8 {
      let build = try slipway.command(["build", "--progress", "plain", context.string]).start()
      try await Task.sleep(nanoseconds: random.next() % 900_000_000)
      build.send(signal: SIGKILL)
      // Everything that held the pipes is gone when this returns.
      _ = try await build.result()
      try #require(processes(with: slipway.home.string) == [])
    }
    #expect(try await slipway.build(context, "-t", "after").digest == right)
    #expect(!(try Files.text("/proc/mounts")).contains(slipway.home.string))
    _ = try await slipway.files(of: "after:latest")
    // Nothing half-written lies about once a later build has tidied up.
    #expect(Files.names(in: slipway.home.appending("ingest")).count <= 8)
  }

  @Test("a file of the state that is lost, emptied or spoilt costs time and nothing else")
  func damagedState() async throws {
    try dockerfile("FROM scratch\nCOPY file /\nCOPY <<a <<b /d/\n1\na\n2\nb\nADD file /c\n")
    try directory.write("text", to: "context/file")
    let home = try directory.directory("state")
    let state = try Slipway(home: home.appending("home"))
    let right = try await state.build(context, "-t", "image:test").digest
    let files = try await Command("find", [state.home.string, "-type", "f"]).check().lines
      .filter { !$0.contains("/locks/") }
    #expect(files.count >= 12)
    for file in files {
      for spoil in ["rm", "truncate -s 0", "sed -i s/a/b/g", "truncate -s -1"] {
        try await Command("cp", ["-a", state.home.string, home.appending("saved").string]).check()
        try await Command("sh", ["-c", "\(spoil) '\(file)'"]).check()
        let again = try await state.run("build", "-q", "-t", "image:test", context.string)
        if again.succeeded {
          #expect(again.text == right, "\(spoil) \(file)")
        } else {
          // The names of images are nowhere else.
          #expect(file.hasSuffix("/index.json"), "\(spoil) \(file): \(again)")
          #expect(again.errorText.contains("hint: move it away"), "\(again)")
        }
        try await Command("rm", ["-rf", state.home.string]).check()
        try await Command("mv", [home.appending("saved").string, state.home.string]).check()
      }
    }
  }

  @Test("a full disk is said so, and what was there before still works")
  func fullDisk() async throws {
    let disk = try directory.directory("disk")
    try await Command(
      "mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", disk.string]
    ).check()
    defer { umount2(disk.string, Int32(MNT_DETACH)) }
    let small = try Slipway(home: disk.appending("home"))
    try await small.withBusybox()
    try dockerfile("FROM busybox:test\nRUN echo small > /small")
    let before = try await small.build(context, "-t", "before").digest

    try dockerfile("FROM busybox:test\nRUN dd if=/dev/zero of=/big bs=1M count=40")
    let run = try await small.run("build", "--progress", "plain", context.string)
    #expect(run.status == .exited(1))
    #expect(run.errorText.contains("No space left on device"), "\(run)")

    try await Command(
      "dd", ["if=/dev/urandom", "of=\(directory("context/big"))", "bs=1M", "count=30"]
    )
    .check()
    try dockerfile("FROM busybox:test\nCOPY big /big")
    let copy = try await small.run("build", "--progress", "plain", context.string)
    #expect(copy.status == .exited(1))
    #expect(copy.errorText.lowercased().contains("no space left on device"), "\(copy)")
    #expect(copy.errorText.contains("SLIPWAY_HOME"), "\(copy)")

    Files.remove(directory("context/big"))
    try dockerfile("FROM busybox:test\nRUN echo small > /small")
    #expect(try await small.build(context, "-t", "after").digest == before)
    #expect(try await small.check("run", "after", "cat", "/small").text == "small")
  }

  @Test(
    "Ctrl-C and SIGTERM end the step that runs, and the exit code is that of the signal",
    arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
  func interrupted(signal: Int32, exitCode: Int32) async throws {
    let mark = "sleep-\(UInt64.random(in: 0 ... .max))"
    try dockerfile(
      "FROM busybox:test\nRUN echo started$((40 + 2)); sh -c 'sleep 1000; true' \(mark)")
    let build = try slipway.command(["build", "--progress", "plain", context.string]).start()
    try await build.waits(for: "started42")
    #expect(!processes(with: mark).isEmpty)
    build.send(signal: signal)
    #expect(try await build.result().status == .exited(exitCode))
    #expect(processes(with: mark) == [])
    try dockerfile("FROM busybox:test\nRUN echo fine")
    try await slipway.build(context)
  }

  @Test("a step that leaves a process behind does not leave it running")
  func leftProcess() async throws {
    let mark = "left-\(UInt64.random(in: 0 ... .max))"
    try dockerfile(
      "FROM busybox:test\nRUN setsid sh -c 'sleep 1000; true' \(mark) > /dev/null 2>&1 & echo done")
    try await slipway.build(context)
    #expect(processes(with: mark) == [])
  }

  @Test("a home that cannot be written is said so")
  func unwritableHome() async throws {
    let file = try directory.write("", to: "file")
    let broken = try Slipway(home: file.appending("home"))
    let result = try await broken.run("images")
    #expect(result.status == .exited(1))
    #expect(result.errorText.contains(file.string), "\(result)")
  }

  @Test("a damaged blob is noticed before it is shipped")
  func damagedBlob() async throws {
    try dockerfile("FROM busybox:test\nCOPY Dockerfile /")
    try await slipway.build(context, "-t", "image")
    let blobs = slipway.home.appending("blobs/sha256")
    for name in Files.names(in: blobs) {
      var bytes = try Files.read(blobs.appending(name))
      guard bytes.count > 100_000 else { continue }
      bytes[50_000] ^= 1
      try Files.write(bytes, to: blobs.appending(name))
    }
    for format in ["docker-archive", "oci-archive", "oci"] {
      let output = directory("out-\(format)")
      let result = try await slipway.run(
        "save", "--format", format, "-o", output.string, "image")
      #expect(result.status == .exited(1), "\(result)")
      #expect(result.errorText.contains("sha256:"))
      #expect(format == "oci" || !Files.exists(output))
    }
  }

  @Test("hostile names in the context cannot leave it")
  func escapingLinks() async throws {
    try dockerfile(
      """
      FROM busybox:test
      RUN ln -s /tmp/escape-target /out && mkdir /way && ln -s ../../../../../../tmp /way/up
      COPY file /out/file
      COPY file /way/up/file-of-context
      COPY link /copied
      """)
    try directory.write("x", to: "context/file")
    symlink("../../../../../../../../etc/hostname", context.appending("link").string)
    let result = try await slipway.run("build", "--progress", "plain", context.string)
    // The link leads to `etc/hostname` of the context, which there is not.
    #expect(result.status == .exited(1))
    #expect(result.errorText.contains("`link`"), "\(result)")
    #expect(!Files.exists("/tmp/escape-target"))
    #expect(!Files.exists("/tmp/file-of-context"))
  }
}

/// Numbers that are the same for the same seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
