import DockerfileSyntax

/// An expansion is total, tells its variables apart, and takes back what is escaped.
struct ExpansionInvariants {
  private let bytes: [UInt8]
  private let text: String

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    text = String(decoding: bytes, as: UTF8.self)
  }

  func check() throws(Violation) {
    for escape in [UInt8(ascii: "\\"), UInt8(ascii: "`")] {
      let expander = Expander(escape: escape)
      if let expansion = try? expander.expand(text, environment: lookup) {
        try check(expansion)
      }
      try checkEscaped(expander)
    }
    try checkDocument()
  }

  private func lookup(_ name: String) -> String? {
    switch name {
    case "E": ""
    case "A": "a"
    case "P": "x/y.tar.gz"
    case "S": " a\n\t*?\\ b\u{A0}"
    default: name.utf8.count == 1 ? text : nil
    }
  }

  private func check(_ expansion: Expansion) throws(Violation) {
    // Words lose nothing but blanks.
    try Violation.check(
      Self.withoutBlanks(expansion.words.joined()) == Self.withoutBlanks(expansion.text),
      "\(expansion.words) are not the words of `\(expansion.text)`")
    try Violation.check(!expansion.words.contains(""), "an empty word")
    try Violation.check(expansion.used.isDisjoint(with: expansion.unset), "used and unset")
  }

  private static func withoutBlanks(_ text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.filter { !$0.properties.isWhitespace }
  }

  private func checkEscaped(_ expander: Expander) throws(Violation) {
    guard bytes.count < 4096 else { return }
    let escape = String(UnicodeScalar(expander.escape))
    let escaped = text.unicodeScalars.map { escape + String($0) }.joined()
    let expansion = try? expander.expand(escaped) { _ in nil }
    try Violation.check(expansion?.text == text, "`\(escaped)` is not `\(text)`")
    try Violation.check(
      expansion?.words == (text.isEmpty ? [] : [text]), "`\(escaped)` is not one word")
  }

  private func checkDocument() throws(Violation) {
    let document = try? Expander.expandDocument(bytes, environment: lookup)
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    guard !bytes.contains(UInt8(ascii: "$")), !bytes.contains(UInt8(ascii: "\\")),
      !bytes.starts(with: mark)
    else { return }
    try Violation.check(document?.text == bytes, "a document without variables has changed")
  }
}
