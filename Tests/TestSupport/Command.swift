import Dispatch
package import Glibc
import Synchronization
package import SystemPackage

/// A program to run, and how.
package struct Command: Sendable {
  /// Looked up in `PATH` where it has no slash.
  package var program: String
  package var arguments: [String]
  /// All that the program gets; nothing is inherited.
  package var environment: [String: String] = Command.plainEnvironment
  package var directory: FilePath?
  package var input: [UInt8] = []
  /// How long it may take, in seconds, before it and all that it started are killed.
  package var timeout = 300

  package init(_ program: String, _ arguments: [String] = []) {
    self.program = program
    self.arguments = arguments
  }

  /// The variables that programs need to run alike everywhere.
  package static var plainEnvironment: [String: String] {
    var variables = ["LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/root"]
    variables["PATH"] =
      getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    return variables
  }

  /// What a program wrote, and how it ended.
  package struct Result: Sendable, CustomStringConvertible {
    package let command: String
    package let status: Status
    package let output: [UInt8]
    package let errors: [UInt8]

    /// Standard output as text, without the newline at its end.
    package var text: String { Result.trimmed(output) }
    /// Standard error as text, without the newline at its end.
    package var errorText: String { Result.trimmed(errors) }
    package var lines: [String] { text.split(separator: "\n").map(String.init) }
    package var succeeded: Bool { status == .exited(0) }

    package var description: String {
      "`\(command)` \(status)\n\(text)\n\(errorText)"
    }

    private static func trimmed(_ bytes: [UInt8]) -> String {
      var text = String(decoding: bytes, as: UTF8.self)
      while text.hasSuffix("\n") { text.removeLast() }
      return text
    }
  }

  /// How a program ended.
  package enum Status: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)
    /// It took too long and was killed.
    case timedOut
  }

  /// A program that failed although it should not have.
  package struct Failure: Error, CustomStringConvertible {
    package let result: Result
    package var description: String { result.description }
  }

  /// Runs to the end. Throws only where the program cannot be started.
  package func run() async throws -> Result {
    try await Command.places.pass { try await start().result() }
  }

  /// Runs to the end and returns what was written. Throws `Failure` where it did not exit with 0.
  @discardableResult
  package func check() async throws -> Result {
    let result = try await run()
    guard result.succeeded else { throw Failure(result: result) }
    return result
  }

  /// Tests that run at the same time start programs by turns: there are few processors.
  private static let places = Places(max(3, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) + 1))

  /// What is executed: env(1) changes the directory.
  fileprivate var words: [String] {
    (directory.map { ["env", "-C", $0.string] } ?? []) + [program] + arguments
  }

  /// Starts the program in a process group of its own.
  package func start() throws -> RunningCommand {
    try RunningCommand(self)
  }
}

/// A program that runs.
package final class RunningCommand: Sendable {
  package let process: pid_t
  private let command: Command
  private let output = Collector()
  private let errors = Collector()
  private let state = Mutex(State())
  private let stopped = DispatchSemaphore(value: 0)
  private let input: Int32

  private struct State {
    var hasEnded = false
    var hasTimedOut = false
  }

  fileprivate init(_ command: Command) throws {
    self.command = command
    var pipes: [[Int32]] = []
    for _ in 0..<3 {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
      // Other programs are started at the same time, and must not keep the ends open.
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      pipes.append(ends)
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, pipes[0][0], 0)
    posix_spawn_file_actions_adddup2(&actions, pipes[1][1], 1)
    posix_spawn_file_actions_adddup2(&actions, pipes[2][1], 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigaddset(&signals, SIGPIPE)
    sigaddset(&signals, SIGINT)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    let words = command.words
    var arguments = words.map { strdup($0) } + [nil]
    var variables = command.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var process: pid_t = 0
    let failure = posix_spawnp(
      &process, words[0], &actions, &attributes, &arguments, &variables)
    for descriptor in [pipes[0][0], pipes[1][1], pipes[2][1]] { close(descriptor) }
    input = pipes[0][1]
    self.process = process
    guard failure == 0 else {
      for descriptor in [pipes[0][1], pipes[1][0], pipes[2][0]] { close(descriptor) }
      throw Errno(rawValue: failure)
    }
    output.collect(from: pipes[1][0])
    errors.collect(from: pipes[2][0])
    feed(command.input)
    watch()
  }

  /// What was written to standard output so far.
  package var outputSoFar: String { String(decoding: output.bytes, as: UTF8.self) }
  /// What was written to standard error so far.
  package var errorsSoFar: String { String(decoding: errors.bytes, as: UTF8.self) }

  /// Waits until `text` was written to either stream. Throws `Command.Failure` where the program
  /// ends without.
  package func waits(for text: String) async throws {
    while true {
      if outputSoFar.contains(text) || errorsSoFar.contains(text) { return }
      if state.withLock(\.hasEnded) {
        let result = try await result()
        if outputSoFar.contains(text) || errorsSoFar.contains(text) { return }
        throw Command.Failure(result: result)
      }
      try await Task.sleep(nanoseconds: 5_000_000)
    }
  }

  package func send(signal: Int32) { kill(process, signal) }

  /// Signals the program and everything that it started in its process group.
  package func send(signalToAll signal: Int32) { kill(-process, signal) }

  /// Waits for the end.
  package func result() async throws -> Command.Result {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        self.stopped.wait()
        self.stopped.signal()
        continuation.resume()
      }
    }
    var status: Int32 = 0
    let ended = endStatus.withLock { stored -> Int32 in
      if let stored { return stored }
      while waitpid(process, &status, 0) < 0, errno == EINTR {}
      stored = status
      return status
    }
    let hasTimedOut = state.withLock(\.hasTimedOut)
    let signal = ended & 0x7f
    let code: Command.Status =
      hasTimedOut ? .timedOut : signal == 0 ? .exited(ended >> 8 & 0xff) : .signalled(signal)
    return Command.Result(
      command: ([command.program] + command.arguments).joined(separator: " "), status: code,
      output: await output.all(), errors: await errors.all())
  }

  private let endStatus = Mutex<Int32?>(nil)

  private func feed(_ bytes: [UInt8]) {
    let descriptor = input
    guard !bytes.isEmpty else {
      close(descriptor)
      return
    }
    signal(SIGPIPE, SIG_IGN)
    Thread.detach {
      bytes.withUnsafeBytes { buffer in
        var rest = buffer[...]
        while !rest.isEmpty {
          let count = write(
            descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
          if count < 0 {
            if errno == EINTR { continue }
            break
          }
          rest = rest.dropFirst(count)
        }
      }
      close(descriptor)
    }
  }

  /// Notes the end, and kills what takes too long.
  private func watch() {
    let process = process
    Thread.detach { [self] in
      var information = siginfo_t()
      while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
      state.withLock { $0.hasEnded = true }
      stopped.signal()
    }
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(command.timeout)) { [weak self] in
      self?.state.withLock { state in
        guard !state.hasEnded else { return }
        state.hasTimedOut = true
        kill(-process, SIGKILL)
      }
    }
  }
}

/// Reads a pipe to its end.
private final class Collector: Sendable {
  private let state = Mutex<(bytes: [UInt8], isDone: Bool)>(([], false))
  private let done = DispatchSemaphore(value: 0)

  var bytes: [UInt8] { state.withLock(\.bytes) }

  func collect(from descriptor: Int32) {
    Thread.detach { [self] in
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        state.withLock { $0.bytes += buffer[..<count] }
      }
      close(descriptor)
      done.signal()
    }
  }

  func all() async -> [UInt8] {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        self.done.wait()
        self.done.signal()
        continuation.resume()
      }
    }
    return bytes
  }
}

/// Threads that may block for as long as they like.
private enum Thread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  static func detach(_ body: @escaping @Sendable () -> Void) {
    let context = Unmanaged.passRetained(Body(body)).toOpaque()
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context)
    if result == 0 {
      pthread_detach(thread)
    } else {
      Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
    }
  }
}

/// A number of places that tasks take by turns.
package actor Places {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  package init(_ count: Int) {
    free = count
  }

  package func pass<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws
    -> Value
  {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
    defer {
      if waiting.isEmpty {
        free += 1
      } else {
        waiting.removeFirst().resume()
      }
    }
    return try await body()
  }
}
