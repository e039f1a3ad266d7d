/// `[a-z]` or `[^a-z]` of a pattern.
struct CharacterClass: Hashable, Sendable {
  private var ranges: [ClosedRange<UInt32>] = []
  private var isNegated = false

  /// Reads a class whose `[` is already read; nothing if it is malformed.
  init?(parsing rest: inout ArraySlice<UInt8>) {
    if rest.first == UInt8(ascii: "^") {
      isNegated = true
      rest = rest.dropFirst()
    }
    while rest.first != UInt8(ascii: "]") || ranges.isEmpty {
      guard let low = CharacterClass.character(&rest) else { return nil }
      var high = low
      if rest.first == UInt8(ascii: "-") {
        rest = rest.dropFirst()
        guard let end = CharacterClass.character(&rest) else { return nil }
        high = end
      }
      // A range the wrong way round holds nothing; an impossible one stands for it.
      ranges.append(low <= high ? low...high : UInt32.max...UInt32.max)
      guard !rest.isEmpty else { return nil }
    }
    rest = rest.dropFirst()
  }

  /// One character, perhaps escaped. A bare `-` or `]` may not stand here.
  private static func character(_ rest: inout ArraySlice<UInt8>) -> UInt32? {
    guard let first = rest.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "]") else {
      return nil
    }
    if first == UInt8(ascii: "\\") { rest = rest.dropFirst() }
    guard !rest.isEmpty else { return nil }
    let (scalar, width) = rest.withUnsafeBufferPointer { UTF8Scalar.decode($0, at: 0) }
    rest = rest.dropFirst(width)
    return scalar
  }

  func contains(_ scalar: UInt32) -> Bool {
    ranges.contains { $0.contains(scalar) } != isNegated
  }
}

/// Characters in bytes that may not be UTF-8.
enum UTF8Scalar {
  /// The scalar at `index` and its width; U+FFFD and 1 where the bytes are no UTF-8.
  static func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, at index: Int
  ) -> (scalar: UInt32, width: Int) {
    let first = bytes[index]
    if first < 0x80 { return (UInt32(first), 1) }
    var decoder = UTF8()
    var iterator = bytes[index..<min(index + 4, bytes.count)].makeIterator()
    guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return (0xFFFD, 1) }
    return (scalar.value, UTF8.width(scalar))
  }
}
