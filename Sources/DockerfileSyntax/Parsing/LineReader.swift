/// Physical lines of a Dockerfile, one after the other.
struct LineReader {
  /// A physical line.
  struct Line {
    /// Its bytes, its line end included.
    var raw: ArraySlice<UInt8>
    /// Its number, from 1.
    var number: Int
    /// How many bytes of the file's line stand before: those of a byte order mark.
    var column: Int

    /// Its bytes without carriage returns and line feeds at its end.
    var content: ArraySlice<UInt8> {
      var end = raw.endIndex
      while end > raw.startIndex, raw[end - 1] == 0x0A || raw[end - 1] == 0x0D { end -= 1 }
      return raw[..<end]
    }
  }

  /// The longest line that BuildKit reads, its line end not counted.
  static let maximumLength = 64 * 1024 - 1

  /// The number of the line that was read last.
  private(set) var number = 0
  /// Set once a line is longer than `maximumLength`; no line follows.
  private(set) var isTooLong = false
  private let bytes: [UInt8]
  private let markLength: Int
  private var position: Int

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    markLength = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    position = markLength
  }

  /// The next line, or nothing at the end.
  mutating func next() -> Line? {
    guard position < bytes.count, !isTooLong else { return nil }
    let end = bytes[position...].firstIndex(of: 0x0A)
    guard (end ?? bytes.count) - position <= LineReader.maximumLength else {
      number += 1
      isTooLong = true
      return nil
    }
    let next = end.map { $0 + 1 } ?? bytes.count
    defer { position = next }
    number += 1
    return Line(
      raw: bytes[position..<next], number: number, column: number == 1 ? markLength : 0)
  }
}
