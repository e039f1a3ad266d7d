/// A point in time with whole seconds, written as RFC 3339 in UTC, as configurations have it.
package struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Seconds since 1970-01-01T00:00:00Z.
  package var secondsSinceEpoch: Int64
  /// 0 to 999,999,999.
  package var nanoseconds: Int32

  package init(secondsSinceEpoch: Int64, nanoseconds: Int32 = 0) {
    self.secondsSinceEpoch = secondsSinceEpoch
    self.nanoseconds = nanoseconds
  }

  package static let epoch = Timestamp(secondsSinceEpoch: 0)

  package static func < (a: Timestamp, b: Timestamp) -> Bool {
    (a.secondsSinceEpoch, a.nanoseconds) < (b.secondsSinceEpoch, b.nanoseconds)
  }

  /// Reads RFC 3339, with a fraction and an offset if they are there; nil when malformed.
  package init?(rfc3339 text: String) {
    var scanner = DigitScanner(Array(text.utf8))
    guard let year = scanner.number(digits: 4), scanner.skip("-"),
      let month = scanner.number(digits: 2), scanner.skip("-"),
      let day = scanner.number(digits: 2), scanner.skip("T") || scanner.skip("t"),
      let hour = scanner.number(digits: 2), scanner.skip(":"),
      let minute = scanner.number(digits: 2), scanner.skip(":"),
      let second = scanner.number(digits: 2),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
    else { return nil }
    let nanoseconds = scanner.skip(".") ? scanner.fraction() : 0
    guard let nanoseconds, let offset = scanner.zone(), scanner.atEnd else { return nil }
    let days = Timestamp.daysSinceEpoch(year: year, month: month, day: day)
    let seconds = ((days * 24 + Int64(hour)) * 60 + Int64(minute)) * 60 + Int64(second)
    self.init(secondsSinceEpoch: seconds - offset, nanoseconds: nanoseconds)
  }

  package var description: String {
    let (days, time) = secondsSinceEpoch.flooredQuotientAndRemainder(by: 86400)
    let (year, month, day) = Timestamp.date(daysSinceEpoch: days)
    let clock = [time / 3600, time / 60 % 60, time % 60].map { Timestamp.padded($0, to: 2) }
    var fraction = ""
    if nanoseconds != 0 {
      fraction = "." + Timestamp.padded(Int64(nanoseconds), to: 9)
      while fraction.hasSuffix("0") { fraction.removeLast() }
    }
    let date = [(year, 4), (month, 2), (day, 2)].map { Timestamp.padded($0, to: $1) }
    return date.joined(separator: "-") + "T" + clock.joined(separator: ":") + fraction + "Z"
  }

  private static func padded(_ number: Int64, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  // Days from civil and back, with years that begin in March so that the leap day comes last.

  private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return Int64(era * 146_097 + dayOfEra - 719_468)
  }

  private static func date(daysSinceEpoch days: Int64) -> (Int64, Int64, Int64) {
    let (era, dayOfEra) = (days + 719_468).flooredQuotientAndRemainder(by: 146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

extension Int64 {
  fileprivate func flooredQuotientAndRemainder(by divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

private struct DigitScanner {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    self.bytes = bytes[...]
  }

  var atEnd: Bool { bytes.isEmpty }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard bytes.first == UInt8(ascii: character) else { return false }
    bytes.removeFirst()
    return true
  }

  mutating func number(digits: Int) -> Int? {
    guard bytes.count >= digits else { return nil }
    var value = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }

  /// Up to nine digits count; further ones are dropped.
  mutating func fraction() -> Int32? {
    var value: Int32 = 0
    var count = 0
    while let digit = digit() {
      if count < 9 { value = value * 10 + Int32(digit) }
      count += 1
    }
    guard count > 0 else { return nil }
    for _ in count..<max(count, 9) { value *= 10 }
    return value
  }

  /// Seconds east of UTC.
  mutating func zone() -> Int64? {
    if skip("Z") || skip("z") { return 0 }
    let sign: Int64
    if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
    guard let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2) else {
      return nil
    }
    return sign * Int64(hours * 3600 + minutes * 60)
  }

  private mutating func digit() -> UInt8? {
    guard let first = bytes.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
      return nil
    }
    bytes.removeFirst()
    return first - UInt8(ascii: "0")
  }
}

extension Timestamp: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let time = Timestamp(rfc3339: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "`\(text)` is not an RFC 3339 time")
    }
    self = time
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
