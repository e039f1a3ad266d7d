/// Blanks as Go's `unicode.IsSpace` has them, found in UTF-8 bytes.
enum Whitespace {
  /// Whether this is a blank of ASCII.
  @inline(__always)
  static func isASCII(_ byte: UInt8) -> Bool {
    byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
  }

  /// How many bytes the blank at `index` has; 0 if there is none.
  @inline(__always)
  static func length(in bytes: ArraySlice<UInt8>, at index: Int) -> Int {
    let first = bytes[index]
    if first < 0x80 { return isASCII(first) ? 1 : 0 }
    return lengthBeyondASCII(in: bytes, at: index)
  }

  private static func lengthBeyondASCII(in bytes: ArraySlice<UInt8>, at index: Int) -> Int {
    func byte(_ offset: Int) -> UInt8 {
      index + offset < bytes.endIndex ? bytes[index + offset] : 0
    }
    switch (byte(0), byte(1), byte(2)) {
    case (0xC2, 0x85, _), (0xC2, 0xA0, _): return 2
    case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8), (0xE2, 0x80, 0xA9),
      (0xE2, 0x80, 0xAF), (0xE2, 0x81, 0x9F), (0xE3, 0x80, 0x80):
      return 3
    default: return 0
    }
  }

  /// The bytes without blanks at their start.
  static func trimmingStart(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var start = bytes.startIndex
    while start < bytes.endIndex {
      let length = length(in: bytes, at: start)
      if length == 0 { break }
      start += length
    }
    return bytes[start...]
  }

  /// The bytes without blanks at their end.
  static func trimmingEnd(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var end = bytes.endIndex
    while end > bytes.startIndex {
      let rest = bytes[..<end]
      let width = (1...3).first { width in
        rest.count >= width && length(in: rest, at: end - width) == width
      }
      guard let width else { break }
      end -= width
    }
    return bytes[..<end]
  }

  /// The bytes without blanks at either end.
  static func trimming(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    trimmingEnd(trimmingStart(bytes))
  }
}
