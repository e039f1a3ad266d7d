import Glibc
import Reporting
import Slipway

/// A command that failed and has said why.
struct CommandFailure: Error {
  let code: Int32

  /// Says on standard error what went wrong.
  static func saying(_ error: any Error, code: Int32 = 1) -> CommandFailure {
    if let failure = error as? CommandFailure { return failure }
    for diagnostic in diagnostics(of: error) { say(diagnostic) }
    return CommandFailure(code: code)
  }

  static func say(_ diagnostic: Diagnostic) {
    let renderer = DiagnosticRenderer(colour: TerminalTraits.detect(STDERR_FILENO).hasColour)
    Terminal.writeError(renderer.render(diagnostic))
  }

  /// Says what goes wrong in `body`.
  static func explaining<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      throw saying(error)
    }
  }

  /// What there is to say of an error.
  static func diagnostics(of error: any Error) -> [Diagnostic] {
    (error as? BuildFailure)?.diagnostics ?? [Diagnostic(describing: error)]
  }
}

/// The words of a command: what was asked for on standard output, messages on standard error.
enum Terminal {
  static func write(_ text: String) {
    write(text, to: STDOUT_FILENO)
  }

  static func writeError(_ text: String) {
    write(text, to: STDERR_FILENO)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text.hasSuffix("\n") ? text : text + "\n"
    text.withUTF8 { buffer in
      var rest = UnsafeRawBufferPointer(buffer)
      while rest.count > 0 {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }
}

/// The variables of this process.
enum ProcessEnvironment {
  static let current = read()

  /// As they are now.
  static func read() -> [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let variable = entry.pointee {
      let text = String(cString: variable)
      if let equals = text.firstIndex(of: "=") {
        result[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      entry += 1
    }
    return result
  }
}

extension Home {
  /// The state of the user who calls.
  static func ofCaller() throws -> Home {
    let environment = ProcessEnvironment.current
    return try Home(path: path(environment: environment), environment: environment)
  }
}
