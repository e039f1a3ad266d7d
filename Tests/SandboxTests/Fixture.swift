import FoundationEssentials
import Glibc
import Sandbox
import Synchronization
import SystemPackage
import Testing

/// A temporary folder with a root file system of static busybox.
final class Fixture: Sendable {
  let folder: FilePath
  /// A layer with `/bin/busybox` and links to its applets, and nothing else.
  let layer: FilePath
  let upper: FilePath
  let work: FilePath

  init() throws {
    var template = Array("/tmp/slipway-sandbox-XXXXXX".utf8CString)
    folder = FilePath(try #require(mkdtemp(&template).map { String(cString: $0) }))
    layer = folder.appending("layer")
    upper = folder.appending("upper")
    work = folder.appending("work")
    for path in [layer, upper, work, layer.appending("bin")] { try makeDirectory(path) }
    let busybox = try #require(FileManager.default.contents(atPath: "/bin/busybox"))
    try write(busybox, to: layer.appending("bin/busybox"), mode: 0o755)
    let applets =
      "sh ls cat sleep echo id env grep true false pwd touch mkdir rm rmdir ln chmod mknod mount "
      + "hostname ifconfig setsid stat dd kill chroot find readlink test sort umount mv unshare wc"
    for applet in applets.split(separator: " ") {
      try link(layer.appending("bin/\(applet)"), to: "busybox")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder.string) }

  func makeDirectory(_ path: FilePath) throws {
    try FileManager.default.createDirectory(
      atPath: path.string, withIntermediateDirectories: true)
  }

  func write(_ contents: some Sequence<UInt8>, to path: FilePath, mode: mode_t = 0o644) throws {
    try makeDirectory(path.removingLastComponent())
    #expect(FileManager.default.createFile(atPath: path.string, contents: Data(contents)))
    #expect(chmod(path.string, mode) == 0)
  }

  func link(_ path: FilePath, to destination: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: path.string, withDestinationPath: destination)
  }

  /// A new, empty folder.
  func folder(_ name: String) throws -> FilePath {
    let path = folder.appending(name)
    try makeDirectory(path)
    return path
  }

  var overlay: SandboxRoot { .overlay(lower: [layer], upper: upper, work: work) }

  /// A specification that runs a shell script over the layer.
  func shell(_ script: String) -> SandboxSpecification {
    var specification = SandboxSpecification(
      root: overlay, arguments: ["/bin/sh", "-c", script])
    specification.environment = ["PATH=/bin"]
    return specification
  }

  /// Every path under `upper`.
  func written() -> [String] { entries(of: upper) }
}

func entries(of folder: FilePath) -> [String] {
  ((try? FileManager.default.subpathsOfDirectory(atPath: folder.string)) ?? []).sorted()
}

func contents(_ path: FilePath) -> String? {
  FileManager.default.contents(atPath: path.string).map { String(decoding: $0, as: UTF8.self) }
}

/// What a process wrote and how it ended.
struct Outcome {
  var result: SandboxResult
  var output: String
  var errors: String

  var lines: [String] { output.split(separator: "\n").map(String.init) }
}

func run(
  _ specification: SandboxSpecification, in sandbox: BuiltInSandbox = BuiltInSandbox()
) async throws -> Outcome {
  let captured = Captured()
  let result = try await sandbox.run(specification, output: captured.append)
  return Outcome(
    result: result, output: captured.text(.standardOutput), errors: captured.text(.standardError))
}

final class Captured: Sendable {
  private let bytes = Mutex<[OutputStream: [UInt8]]>([:])

  func append(_ stream: OutputStream, _ new: [UInt8]) {
    bytes.withLock { $0[stream, default: []] += new }
  }

  func text(_ stream: OutputStream) -> String {
    String(decoding: bytes.withLock { $0[stream] ?? [] }, as: UTF8.self)
  }
}
