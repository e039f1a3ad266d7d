/// Sizes as people write them: `512`, `64m`, `1.5g`, `1GiB`; all units are powers of 1024.
package enum ByteCount {
  /// The bytes; nothing if the text is no size or too large a one.
  package static func parse(_ text: String) -> Int64? {
    let number = text.prefix { ("0"..."9").contains($0) || $0 == "." }
    var unit = text[number.endIndex...].lowercased()
    if unit.hasPrefix(" ") { unit.removeFirst() }
    guard let first = number.first, first != ".", let value = Double(number) else { return nil }
    let shift: Int
    switch unit {
    case "", "b": shift = 0
    case "k", "kb", "kib": shift = 10
    case "m", "mb", "mib": shift = 20
    case "g", "gb", "gib": shift = 30
    case "t", "tb", "tib": shift = 40
    case "p", "pb", "pib": shift = 50
    default: return nil
    }
    let bytes = value * Double(Int64(1) << shift)
    return Int64(exactly: bytes.rounded(.towardZero))
  }
}
