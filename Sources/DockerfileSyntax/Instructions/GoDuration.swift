/// Durations as Go writes them, e.g. `1h30m`, `1.5s`, `300ms`.
enum GoDuration {
  static let millisecond: Int64 = 1_000_000

  private static let units: [String: Int64] = [
    "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": 1_000_000_000,
    "m": 60_000_000_000, "h": 3_600_000_000_000,
  ]

  /// The nanoseconds; nothing if the text is no duration or too long a one.
  static func parse(_ text: String) -> Int64? {
    var rest = text[...]
    let isNegative = rest.first == "-"
    if isNegative || rest.first == "+" { rest = rest.dropFirst() }
    if rest == "0" { return 0 }
    guard !rest.isEmpty else { return nil }
    var total: Int64 = 0
    while !rest.isEmpty {
      guard let part = part(&rest) else { return nil }
      let (sum, overflows) = total.addingReportingOverflow(part)
      guard !overflows else { return nil }
      total = sum
    }
    return isNegative ? -total : total
  }

  /// A number and its unit.
  private static func part(_ rest: inout Substring) -> Int64? {
    guard let number = DecimalNumber(takingFrom: &rest) else { return nil }
    let name = rest.prefix { $0 != "." && !("0"..."9").contains($0) }
    rest = rest[name.endIndex...]
    return units[String(name)].flatMap(number.times)
  }
}
