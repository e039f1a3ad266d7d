/// The first line and the header fields of a request (RFC 9112, 2 to 5).
struct HTTPHead {
  static let mostBytes = 64 << 10

  let method: String
  let target: String
  let version: String
  private(set) var headers = HTTPHeaders()

  init(requestLine line: String) throws(HTTPServerError) {
    let words = line.split(separator: " ").map(String.init)
    guard words.count == 3, words[2].hasPrefix("HTTP/1.") else {
      throw .malformed("request line")
    }
    (method, target, version) = (words[0], words[1], words[2])
  }

  /// Adds a field, as its line has it.
  mutating func add(_ line: String) throws(HTTPServerError) {
    guard let colon = line.firstIndex(of: ":") else { throw .malformed("field `\(line)`") }
    headers.add(String(line[..<colon]), HTTPHead.trimmed(line[line.index(after: colon)...]))
  }

  /// Whether the client means to send another request.
  var keepsAlive: Bool {
    let connection = headers["Connection"]?.lowercased()
    return version == "HTTP/1.1" ? connection != "close" : connection == "keep-alive"
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text.drop { $0 == " " || $0 == "\t" })
  }
}
