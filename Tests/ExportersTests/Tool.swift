import Glibc

/// Other programs, as oracles.
enum Tool {
  struct Result {
    let status: Int32
    let output: String
  }

  /// Whether a program is on the path of this machine.
  static func exists(_ name: String) -> Bool {
    ["/usr/bin/", "/usr/sbin/", "/bin/", "/usr/local/bin/"].contains {
      access($0 + name, X_OK) == 0
    }
  }

  /// Runs a program to its end; output and errors together.
  static func run(_ name: String, _ arguments: [String]) throws -> Result {
    let words = ([name] + arguments).map { "'" + $0 + "'" }.joined(separator: " ")
    guard let pipe = popen(words + " 2>&1", "r") else { throw ToolError.cannotStart(name) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 {
      bytes += buffer[..<count]
    }
    return Result(status: pclose(pipe), output: String(decoding: bytes, as: UTF8.self))
  }
}

enum ToolError: Error {
  case cannotStart(String)
}
