/// Sizes as people write them, read as docker/go-units reads them: `512`, `64m`, `1.5g`, `1GiB`;
/// all units are powers of 1024.
package enum ByteCount {
  private static let units: [Character: Double] = [
    "b": 1, "k": 0x1p10, "m": 0x1p20, "g": 0x1p30, "t": 0x1p40, "p": 0x1p50,
  ]

  /// The bytes; nothing if the text is no size or too large a one.
  package static func parse(_ text: String) -> Int64? {
    // The number ends with the last character that may stand in one; a blank may follow it.
    guard let last = text.lastIndex(where: { "0123456789. ".contains($0) }) else { return nil }
    let number = text[last] == " " ? text[..<last] : text[...last]
    guard number.utf8.allSatisfy({ "0123456789.eE+-".utf8.contains($0) }),
      let value = Double(String(number)), value >= 0,
      let unit = unit(text[text.index(after: last)...].lowercased())
    else { return nil }
    return Int64(exactly: (value * unit).rounded(.towardZero))
  }

  private static func unit(_ suffix: String) -> Double? {
    guard let first = suffix.first else { return 1 }
    guard let unit = units[first] else { return nil }
    let endings = first == "b" ? [""] : ["", "b", "ib"]
    return endings.contains(String(suffix.dropFirst())) ? unit : nil
  }
}
