/// Amounts as people read them.
package enum HumanFormat {
  /// `999 B`, `12.3 MB`: powers of 1000, one decimal from kB up.
  package static func bytes(_ count: Int64) -> String {
    let sign = count < 0 ? "-" : ""
    let magnitude = count.magnitude
    guard magnitude >= 1000 else { return "\(sign)\(magnitude) B" }
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
    var scale: UInt64 = 1000
    for (index, unit) in units.enumerated() {
      let tenths = (magnitude + scale / 20) / (scale / 10)
      if tenths < 10_000 || index == units.count - 1 {
        return "\(sign)\(tenths / 10).\(tenths % 10) \(unit)"
      }
      scale *= 1000
    }
    return "\(sign)\(magnitude) B"
  }

  /// `0.3s`, `1m12s`, `2h05m09s`; less than nothing is `0.0s`.
  package static func duration(_ duration: Duration) -> String {
    let tenths = (milliseconds(duration) + 50) / 100
    guard tenths >= 600 else { return "\(tenths / 10).\(tenths % 10)s" }
    let seconds = (tenths + 5) / 10
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
    let tail = padded(seconds % 60, to: 2) + "s"
    return hours > 0 ? "\(hours)h\(padded(minutes, to: 2))m\(tail)" : "\(minutes)m\(tail)"
  }

  /// `1 step`, `2 steps`; `plural` where adding an s will not do.
  package static func count(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
  }

  /// `0.312`: seconds with three decimals, as in plain progress.
  static func seconds(_ duration: Duration) -> String {
    let total = milliseconds(duration)
    return "\(total / 1000).\(padded(total % 1000, to: 3))"
  }

  /// Whole milliseconds, from 0 up to some 30,000 years: sums of them cannot overflow.
  private static func milliseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    return min(seconds, 1_000_000_000_000) * 1000 + attoseconds / 1_000_000_000_000_000
  }

  private static func padded(_ number: Int64, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
