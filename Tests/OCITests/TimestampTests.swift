import OCI
import Testing

@Suite("Timestamp")
struct TimestampTests {
  @Test(
    "writes and reads RFC 3339",
    arguments: [
      (0, 0, "1970-01-01T00:00:00Z"), (1_000_000_000, 0, "2001-09-09T01:46:40Z"),
      (951_782_400, 0, "2000-02-29T00:00:00Z"), (-1, 0, "1969-12-31T23:59:59Z"),
      (4_107_542_400, 0, "2100-03-01T00:00:00Z"), (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
      (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
      (1, 500_000_000, "1970-01-01T00:00:01.5Z"), (1, 1, "1970-01-01T00:00:01.000000001Z"),
    ] as [(Int64, Int32, String)])
  func known(seconds: Int64, nanoseconds: Int32, text: String) {
    let time = Timestamp(secondsSinceEpoch: seconds, nanoseconds: nanoseconds)
    #expect(time.description == text)
    #expect(Timestamp(rfc3339: text) == time)
  }

  @Test("every day of four centuries survives the round trip")
  func days() {
    for day in Int64(0)..<146_097 {
      let time = Timestamp(secondsSinceEpoch: (day - 10_000) * 86_400 + 12_345)
      if Timestamp(rfc3339: time.description) != time {
        Issue.record("\(time)")
        return
      }
    }
  }

  @Test(
    "reads other offsets and fractions",
    arguments: [
      ("2001-09-09T03:46:40+02:00", 1_000_000_000), ("2001-09-08T20:16:40-05:30", 1_000_000_000),
      ("2001-09-09t01:46:40z", 1_000_000_000),
      ("2001-09-09T01:46:40.1234567891234Z", 1_000_000_000),
      ("2001-09-09T01:46:40+00:00", 1_000_000_000),
    ] as [(String, Int64)])
  func offsets(text: String, seconds: Int64) {
    #expect(Timestamp(rfc3339: text)?.secondsSinceEpoch == seconds)
  }

  @Test(
    "refuses what is no time",
    arguments: [
      "", "now", "2001-09-09", "2001-09-09T01:46:40", "2001-13-09T01:46:40Z",
      "2001-09-32T01:46:40Z",
      "2001-09-09T24:46:40Z", "2001-09-09T01:60:40Z", "2001-09-09T01:46:40.Z",
      "2001-09-09T01:46:40Z ",
      "2001-9-09T01:46:40Z", "+001-09-09T01:46:40Z", "2001-09-09 01:46:40Z",
      "2001-09-09T01:46:40+0200",
      "99999999-09-09T01:46:40Z", "2001-00-09T01:46:40Z",
    ])
  func refused(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }
}
