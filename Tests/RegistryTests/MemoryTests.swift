import Glibc
import OCI
import SystemPackage
import TestSupport
import Testing

@testable import Registry

/// What blobs of any size cost in memory, measured at the program itself.
@Suite(
  "Memory",
  .enabled(
    if: Requirement.slow && Requirement.tools("python3"), "slow: SLIPWAY_SLOW_TESTS=1 runs it"))
struct MemoryTests {
  private static let limit = 64 << 10

  /// The most that a command, which must succeed, had in memory, in KiB.
  private func peak(_ slipway: Slipway, _ arguments: String...) async throws -> Int {
    let script =
      "import resource, subprocess, sys\n"
      + "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
      + "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    var command = slipway.command(arguments)
    command.arguments = ["-c", script, command.program] + command.arguments
    command.program = "python3"
    let result = try await command.check()
    return try #require(result.lines.last.flatMap { Int($0) }, "\(result)")
  }

  @Test("pulling, pushing and copying half a gigabyte takes less than 64 MiB")
  func transfers() async throws {
    let source = try FaultyRegistry()
    let target = try FaultyRegistry()
    let layers = try (1...2).map {
      try source.addNoise(megabytes: 512 - 256 * ($0 - 1), seed: UInt64($0))
    }
    var configuration = ImageConfiguration(
      platform: Platform(os: "linux", architecture: "amd64"))
    configuration.rootFileSystem.diffIDs = layers.map(\.digest)
    let config = try JSON.encode(configuration)
    try source.put(blob: config, in: "app")
    let image = try source.put(
      manifest: JSON.encode(
        Manifest(config: Descriptor(of: config, as: .configuration), layers: layers)),
      as: .manifest, in: "app", tag: "1")
    let slipway = try Slipway()
    #expect(try await peak(slipway, "pull", "\(source.host)/app:1") < MemoryTests.limit)
    try await slipway.check("tag", "\(source.host)/app:1", "\(target.host)/app:1")
    #expect(try await peak(slipway, "push", "\(target.host)/app:1") < MemoryTests.limit)
    #expect(target.descriptor("1", in: "app")?.digest == image.digest)
    let other = try Slipway()
    #expect(
      try await peak(other, "copy", "\(source.host)/app:1", "\(target.host)/copy:1")
        < MemoryTests.limit)
    #expect(target.descriptor("1", in: "copy")?.digest == image.digest)
  }
}
