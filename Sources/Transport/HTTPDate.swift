/// A point in time as HTTP writes it (RFC 9110, 5.6.7).
package enum HTTPDate {
  /// Seconds since 1970 of any of the three forms; nil for anything else.
  package static func seconds(_ text: String) -> Int64? {
    let words = text.split { ", -".contains($0) }.map(String.init)
    switch words.count {
    // Sun, 06 Nov 1994 08:49:37 GMT, and Sunday, 06-Nov-94 08:49:37 GMT.
    case 6 where words[5] == "GMT":
      guard let year = Int64(words[3]), year >= 0 else { return nil }
      let isShort = words[3].utf8.count == 2
      // Two digits: what is more than fifty years ahead is of the last century.
      let whole = isShort ? (year < 70 ? 2000 + year : 1900 + year) : year
      return seconds(day: words[1], month: words[2], year: whole, time: words[4])
    // Sun Nov  6 08:49:37 1994.
    case 5:
      guard let year = Int64(words[4]) else { return nil }
      return seconds(day: words[2], month: words[1], year: year, time: words[3])
    default: return nil
    }
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func seconds(day: String, month: String, year: Int64, time: String) -> Int64? {
    let clock = time.split(separator: ":").compactMap { Int64($0) }
    guard let day = Int64(day), (1...31).contains(day), let month = months.firstIndex(of: month),
      (0...9999).contains(year), clock.count == 3, (0..<24).contains(clock[0]),
      (0..<60).contains(clock[1]), (0...60).contains(clock[2])
    else { return nil }
    let days = daysSinceEpoch(year, Int64(month) + 1, day)
    return days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
  }

  /// Days of the Gregorian calendar; years begin in March here, so that leap days are at their end.
  private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
