/// The parts of a URL with an authority (RFC 3986, section 3), as far as a builder looks at them.
package struct WebAddress: Hashable, Sendable {
  /// In lower case.
  package var scheme: String
  /// `user` or `user:password`, as it was written; nil where there is none.
  package var userInformation: String?
  /// Host and port, as they were written.
  package var authority: String
  /// As it was written; empty or beginning with a slash.
  package var path: String
  /// As it was written, without its `?`; nil where there is none.
  package var query: String?
  /// As it was written, without its `#`; nil where there is none.
  package var fragment: String?

  /// Reads `scheme://authority/path?query#fragment`; nil for anything else, for a host that cannot be
  /// one, and for what holds blanks or control characters.
  package init?(_ text: String) {
    guard let colon = text.firstRange(of: "://"), text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f })
    else { return nil }
    let scheme = text[..<colon.lowerBound]
    guard !scheme.isEmpty, scheme.utf8.allSatisfy(\.isASCIILetterOrDigit) else { return nil }
    self.scheme = scheme.lowercased()
    var rest = text[colon.upperBound...]
    fragment = rest.cutting(from: "#")
    query = rest.cutting(from: "?")
    path = rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? ""
    var authority = rest.prefix { $0 != "/" }
    if let at = authority.lastIndex(of: "@") {
      userInformation = String(authority[..<at])
      authority = authority[authority.index(after: at)...]
    }
    self.authority = String(authority)
    guard WebAddress.isAuthority(authority), WebAddress.decodingPercents(path) != nil else {
      return nil
    }
  }

  /// The host without its port and without the brackets of an IPv6 address.
  package var host: String {
    if authority.first == "[" { return String(authority.dropFirst().prefix { $0 != "]" }) }
    return String(authority.prefix { $0 != ":" })
  }

  /// The path with its percent escapes read.
  package var decodedPath: String { WebAddress.decodingPercents(path) ?? path }

  /// The fragment with its percent escapes read.
  package var decodedFragment: String? {
    fragment.map { WebAddress.decodingPercents($0) ?? $0 }
  }

  /// The whole address, as it is asked for.
  package var text: String {
    let user = userInformation.map { $0 + "@" } ?? ""
    return scheme + "://" + user + authority + path + (query.map { "?" + $0 } ?? "")
      + (fragment.map { "#" + $0 } ?? "")
  }

  /// Scheme, host and path: what may be shown. Queries of object storage hold signatures.
  package var shown: String { scheme + "://" + authority + path }

  /// The name of the file that it leads to: the last part of its path, as Go's `path.Base` finds it; nil
  /// where there is none.
  package var fileName: String? {
    guard let name = decodedPath.split(separator: "/").last, name != ".", name != "..",
      !name.utf8.contains(0)
    else { return nil }
    return String(name)
  }

  /// The names and values of the query, in order; nil where an escape cannot be read.
  package var parameters: [(name: String, value: String)]? {
    WebAddress.parameters(ofQuery: query ?? "")
  }

  static func parameters(ofQuery query: String) -> [(name: String, value: String)]? {
    var result: [(name: String, value: String)] = []
    for field in query.split(separator: "&") {
      let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let words = parts.map { decodingPercents($0.map { $0 == "+" ? " " : String($0) }.joined()) }
      guard let name = words[0] else { return nil }
      guard words.count == 2 else {
        result.append((name, ""))
        continue
      }
      guard let value = words[1] else { return nil }
      result.append((name, value))
    }
    return result
  }

  private static func isAuthority(_ text: Substring) -> Bool {
    var rest = text
    if text.first == "[" {
      guard let end = text.firstIndex(of: "]") else { return false }
      rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.first == ":" else { return false }
      rest = rest.dropFirst()
    } else {
      let host = text.prefix { $0 != ":" }
      guard !host.isEmpty, host.first != "-" else { return false }
      rest = text.dropFirst(host.count).dropFirst()
    }
    return rest.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// Nil where a percent sign is not followed by two digits, or what comes out is no UTF-8.
  package static func decodingPercents(_ text: some StringProtocol) -> String? {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst()?.hexadecimalValue,
        let low = rest.popFirst()?.hexadecimalValue
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension Substring {
  /// Takes away what follows a character, and the character; nil where it is not there.
  fileprivate mutating func cutting(from character: Character) -> String? {
    guard let index = firstIndex(of: character) else { return nil }
    let tail = String(self[self.index(after: index)...])
    self = self[..<index]
    return tail
  }
}

extension UInt8 {
  var isASCIILetterOrDigit: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }

  /// What it stands for as a hexadecimal digit; nil for anything else.
  var hexadecimalValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
