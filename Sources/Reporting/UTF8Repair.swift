/// Decodes UTF-8 that arrives in pieces, with U+FFFD in place of what is not UTF-8.
struct UTF8Repair: Sendable {
  /// The beginning of a character whose end has not arrived; at most three bytes.
  private var unfinished: [UInt8] = []

  var isEmpty: Bool { unfinished.isEmpty }

  /// The text of the bytes so far, but for a character that the piece cuts in two.
  mutating func decode(_ bytes: some Sequence<UInt8>) -> String {
    unfinished.append(contentsOf: bytes)
    let complete = unfinished.count - Self.unfinishedSuffix(of: unfinished)
    let text = String(decoding: unfinished[..<complete], as: UTF8.self)
    unfinished.removeFirst(complete)
    return text
  }

  /// What is left once no more bytes come.
  mutating func finish() -> String {
    defer { unfinished.removeAll(keepingCapacity: true) }
    return String(decoding: unfinished, as: UTF8.self)
  }

  private static func unfinishedSuffix(of bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
      let byte = bytes[bytes.count - length]
      switch byte {
      case 0x80...0xBF: continue
      case 0xC2...0xDF: return length < 2 ? length : 0
      case 0xE0...0xEF: return length < 3 ? length : 0
      case 0xF0...0xF4: return length < 4 ? length : 0
      default: return 0
      }
    }
    return 0
  }
}
