/// Sizes as people write them: `512`, `64m`, `1.5g`, `1GiB`; all units are powers of 1024.
package enum ByteCount {
  /// The bytes; nothing if the text is no size or too large a one.
  package static func parse(_ text: String) -> Int64? {
    guard let first = text.utf8.first, (0x30...0x39).contains(first) else { return nil }
    var rest = text[...]
    guard let number = DecimalNumber(takingFrom: &rest) else { return nil }
    var unit = rest.lowercased()
    if unit.hasPrefix(" ") { unit.removeFirst() }
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
    return number.times(1 << shift)
  }
}
