/// A moment as file systems keep it: nanoseconds since 1970-01-01 UTC.
///
/// The seconds are rounded down and the nanoseconds count up from there (`0..<1_000_000_000`), also
/// before 1970: half a second before the epoch is `-1` s and `500_000_000` ns, as in `timespec`.
package struct FileTime: Hashable, Sendable, Codable {
  package var seconds: Int64
  package var nanoseconds: Int32

  package init(seconds: Int64, nanoseconds: Int32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// 1970-01-01 00:00:00 UTC.
  package static let epoch = FileTime(seconds: 0)
}

extension FileTime: Comparable {
  package static func < (left: FileTime, right: FileTime) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }
}
