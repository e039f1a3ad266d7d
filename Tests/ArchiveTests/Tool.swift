import Archive
import Glibc
import Testing

/// A program of the system that the tests take as an oracle.
enum Tool {
  struct Failure: Error {
    var command: [String]
    var status: Int32
    var output: String
  }

  /// Runs a program and returns what it wrote to stdout; throws if it fails or writes to stderr.
  @discardableResult
  static func run(_ command: String...) throws -> [UInt8] {
    try ScratchFolder.with { folder in
      let status = spawn(command, output: folder.file("stdout"), errors: folder.file("stderr"))
      let complaints = try folder.read("stderr")
      guard status == 0, complaints.isEmpty else {
        throw Failure(command: command, status: status, output: text(complaints))
      }
      return try folder.read("stdout")
    }
  }

  /// Runs a program to its end, with nothing to read; 0 if all went well.
  fileprivate static func spawn(_ command: [String], output: String, errors: String) -> Int32 {
    for file in [output, errors] { close(creat(file, 0o600)) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY, 0)
    let environment: [String] = ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"]
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var process: pid_t = 0
    let failure = posix_spawnp(&process, command[0], &actions, nil, &arguments, &variables)
    guard failure == 0 else { return failure }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status
  }

  static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  static func sha256(_ bytes: [UInt8]) throws -> String {
    try ScratchFolder.with { folder in
      try folder.write(bytes, to: "bytes")
      return String(text(try run("sha256sum", folder.file("bytes"))).prefix(64))
    }
  }
}

/// A folder of one test, gone when the test is over.
struct ScratchFolder {
  let path: String

  static func with<Result>(_ body: (ScratchFolder) throws -> Result) throws -> Result {
    var template = Array("/tmp/archive-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw ArchiveError.system(call: "mkdtemp", errno: errno)
    }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { _ = Tool.spawn(["rm", "-rf", path], output: "/dev/null", errors: "/dev/null") }
    return try body(ScratchFolder(path: path))
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ bytes: [UInt8], to name: String) throws {
    let descriptor = creat(file(name), 0o600)
    guard descriptor >= 0 else { throw ArchiveError.system(call: "creat", errno: errno) }
    defer { close(descriptor) }
    try FileDescriptorSink(descriptor).write(bytes)
  }

  func read(_ name: String) throws -> [UInt8] {
    guard let stream = fopen(file(name), "rb") else {
      throw ArchiveError.system(call: "fopen", errno: errno)
    }
    defer { fclose(stream) }
    return try FileDescriptorSource(fileno(stream)).readAll(limit: .max)
  }
}
