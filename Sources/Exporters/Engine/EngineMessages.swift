import OCI

/// The messages of an engine's answer to `POST /images/load`: JSON objects, one a line (Docker Engine
/// API, "Load an image"), as they come in.
struct EngineMessages {
  /// The engine's words for what went wrong; nil where nothing did.
  private(set) var failure: String?

  /// What has come of a line that is not whole.
  private var line: [UInt8] = []

  /// A longer line is no message.
  private static let mostBytes = 1 << 20

  private struct Message: Decodable {
    struct Detail: Decodable {
      let message: String?
    }
    let error: String?
    let errorDetail: Detail?
  }

  /// Throws ``ArrivalError`` for what is no message.
  mutating func receive(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      line += rest[..<end]
      rest = rest[(end + 1)...]
      try readLine()
    }
    line += rest
    if line.count > Self.mostBytes { throw ArrivalError(problem: "a line of it has no end") }
  }

  /// Reads what has no newline at its end. Throws ``ArrivalError``.
  mutating func finish() throws {
    try readLine()
  }

  struct ArrivalError: Error {
    let problem: String
  }

  private mutating func readLine() throws {
    defer { line = [] }
    while line.last == UInt8(ascii: "\r") || line.last == UInt8(ascii: " ") { line.removeLast() }
    guard !line.isEmpty else { return }
    guard let message = try? JSON.decode(Message.self, from: line) else {
      throw ArrivalError(problem: "`\(printable(line))` is not JSON")
    }
    if failure == nil, let words = message.errorDetail?.message ?? message.error {
      failure = EngineMessages.words(words)
    }
  }

  /// What an answer says that is no success: Docker's and Podman's have their words in `message`, and
  /// Podman's innermost reason in `cause`.
  static func failure(in body: [UInt8], status: Int) -> String {
    struct Refusal: Decodable {
      let message: String?
    }
    if let words = try? JSON.decode(Refusal.self, from: body).message, !words.isEmpty {
      return self.words(words)
    }
    let text = self.words(String(decoding: body, as: UTF8.self))
    return text.isEmpty ? "HTTP status \(status)" : text
  }

  /// One line that is harmless to a terminal.
  private static func words(_ text: String) -> String {
    printable(
      text.split(whereSeparator: \.isNewline).map(String.init)
        .joined(separator: "; "))
  }
}
