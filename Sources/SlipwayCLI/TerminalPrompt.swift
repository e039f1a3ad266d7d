import Glibc
import OCI
import SystemPackage

/// Asks a person at the terminal, whatever standard input and output are.
struct TerminalPrompt: ~Copyable {
  private let terminal: OwnedDescriptor

  /// Throws `LoginProblem.noTerminal`.
  init() throws {
    guard let terminal = try? OwnedDescriptor(opening: "/dev/tty", O_RDWR) else {
      throw LoginProblem.noTerminal
    }
    self.terminal = terminal
  }

  /// The line that is typed, without its end. Without `echo` the terminal does not show it.
  func ask(_ question: String, echo: Bool) throws -> String {
    var settings = termios()
    let isSet = tcgetattr(terminal.rawValue, &settings) == 0
    if !echo, isSet {
      var silent = settings
      silent.c_lflag &= ~tcflag_t(ECHO)
      tcsetattr(terminal.rawValue, TCSAFLUSH, &silent)
    }
    defer {
      if !echo, isSet { tcsetattr(terminal.rawValue, TCSAFLUSH, &settings) }
    }
    try write(question)
    let line = try readLine()
    // The newline that was typed was not shown either.
    if !echo { try write("\n") }
    return line
  }

  private func write(_ text: String) throws {
    try Array(text.utf8).withUnsafeBytes { try terminal.write($0, path: "/dev/tty") }
  }

  private func readLine() throws -> String {
    var bytes: [UInt8] = []
    while true {
      var byte: UInt8 = 0
      let count = read(terminal.rawValue, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw SystemCallError("read", "/dev/tty") }
      if count == 0 || byte == UInt8(ascii: "\n") { break }
      guard bytes.count < 64 << 10 else { break }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
