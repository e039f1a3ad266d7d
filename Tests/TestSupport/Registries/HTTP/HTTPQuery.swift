/// The parameters of a query or of a form (`application/x-www-form-urlencoded`), in order.
package struct HTTPQuery: Hashable, Sendable, ExpressibleByDictionaryLiteral,
  CustomStringConvertible
{
  package struct Parameter: Hashable, Sendable {
    package let name: String
    package let value: String
  }

  package private(set) var parameters: [Parameter] = []

  package init(dictionaryLiteral elements: (String, String)...) {
    parameters = elements.map { Parameter(name: $0.0, value: $0.1) }
  }

  /// Reads `name=value&…`, decoding what is percent-encoded.
  package init(parsing text: some StringProtocol) {
    parameters = text.split(separator: "&").map { part in
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return Parameter(
        name: HTTPQuery.decoded(sides[0]), value: sides.count > 1 ? HTTPQuery.decoded(sides[1]) : ""
      )
    }
  }

  /// The first value of a parameter. To set one replaces all of that name; nil removes them.
  package subscript(_ name: String) -> String? {
    get { values(of: name).first }
    set {
      parameters.removeAll { $0.name == name }
      if let newValue { parameters.append(Parameter(name: name, value: newValue)) }
    }
  }

  /// All values of a parameter.
  package func values(of name: String) -> [String] {
    parameters.filter { $0.name == name }.map(\.value)
  }

  /// Encoded again.
  package var description: String {
    parameters.map { "\(HTTPQuery.encoded($0.name))=\(HTTPQuery.encoded($0.value))" }
      .joined(separator: "&")
  }

  private static func decoded(_ text: some StringProtocol) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest.removeFirst(2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// RFC 3986, 2.3: all but the unreserved characters.
  private static func encoded(_ text: String) -> String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~".utf8)
    return text.utf8.map { byte in
      guard !plain.contains(byte) else { return String(UnicodeScalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "%" + (digits.count == 1 ? "0" : "") + digits
    }.joined()
  }
}
