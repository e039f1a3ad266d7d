/// What a tar reader does with sparse files, of which an archive holds only the parts with data.
package enum SparseFilePolicy: Hashable, Sendable {
  /// They are an error: where a layer's bytes are found by their offset, there are none for holes.
  case refused
  /// Their holes are read as zeros.
  case expanded
}

/// Where in a sparse file there is data; the rest are zeros.
struct SparseMap: Equatable {
  struct Segment: Equatable {
    var offset: Int64
    var length: Int64
  }

  /// Ascending, apart from each other, within the file.
  let segments: [Segment]
  /// The size of the file, holes and all.
  let size: Int64

  /// Checks that the parts are in order and that the archive holds `stored` bytes of them.
  init(_ segments: [Segment], size: Int64, stored: Int64) throws(HeaderFault) {
    var end: Int64 = 0
    var total: Int64 = 0
    for segment in segments {
      guard segment.offset >= end, segment.length >= 0, segment.offset <= size,
        segment.length <= size - segment.offset
      else { throw .sparseMap }
      end = segment.offset + segment.length
      total += segment.length
    }
    guard total == stored else { throw .sparseMap }
    self.segments = segments
    self.size = size
  }
}

/// Reads a map of GNU tar's "sparse format 1.0", with which the contents start: decimal numbers, a
/// line each, the count first, then offset and length of each part; padded to whole blocks.
struct SparseMapText {
  private static let mostDigits = 19

  private(set) var numbers: [Int64] = []
  private var count: Int64?
  private var digits = 0
  private var number: Int64 = 0

  /// Whether all numbers are there.
  var isComplete: Bool { count.map { Int64(numbers.count) == 2 * $0 } ?? false }

  /// Takes in the next bytes, of which it may need only some.
  mutating func read(_ bytes: UnsafeRawBufferPointer, atMost limit: Int) throws(HeaderFault) {
    for byte in bytes {
      if isComplete { return }
      guard byte == UInt8(ascii: "\n") else {
        guard (0x30...0x39).contains(byte), digits < Self.mostDigits else { throw .sparseMap }
        let (tenfold, overflow) = number.multipliedReportingOverflow(by: 10)
        let (sum, carry) = tenfold.addingReportingOverflow(Int64(byte - 0x30))
        if overflow || carry { throw .sparseMap }
        number = sum
        digits += 1
        continue
      }
      guard digits > 0 else { throw .sparseMap }
      if count == nil {
        guard number <= Int64(limit) else { throw .sparseMap }
        count = number
      } else {
        numbers.append(number)
      }
      (number, digits) = (0, 0)
    }
  }
}

extension [SparseMap.Segment] {
  /// Offsets and lengths in turn.
  init(pairs numbers: [Int64]) throws(HeaderFault) {
    guard numbers.count % 2 == 0 else { throw .sparseMap }
    self = stride(from: 0, to: numbers.count, by: 2).map {
      SparseMap.Segment(offset: numbers[$0], length: numbers[$0 + 1])
    }
  }
}

/// Where the reading of a sparse file is.
struct SparseReading {
  private let map: SparseMap
  private var position: Int64 = 0
  private var segment = 0

  init(_ map: SparseMap) {
    self.map = map
  }

  /// The next run of bytes, of one kind: zeros, or data that the archive holds. Nil at the end.
  mutating func next() -> (length: Int64, isData: Bool)? {
    while segment < map.segments.count {
      let current = map.segments[segment]
      if position < current.offset { return (current.offset - position, false) }
      let rest = current.offset + current.length - position
      if rest > 0 { return (rest, true) }
      segment += 1
    }
    return position < map.size ? (map.size - position, false) : nil
  }

  mutating func advance(by count: Int) {
    position += Int64(count)
  }
}

/// What extended headers say of a sparse file, in any of GNU tar's three ways.
struct SparseRecords {
  /// 1.0 has its map with the contents; 0.0 and 0.1 say nothing here.
  private var major: Int64 = 0
  private(set) var name: [UInt8]?
  private var size: Int64?
  /// Offsets and lengths in turn.
  private var numbers: [Int64] = []

  var mapIsInContents: Bool { major == 1 }
  var isEmpty: Bool { size == nil }

  mutating func apply(keyword: String, value: UnsafeRawBufferPointer) throws(HeaderFault) {
    switch keyword {
    case "GNU.sparse.major": major = try Self.decimal(value)
    case "GNU.sparse.size", "GNU.sparse.realsize": size = try Self.decimal(value)
    case "GNU.sparse.name": name = Array(value)
    case "GNU.sparse.offset", "GNU.sparse.numbytes": numbers.append(try Self.decimal(value))
    case "GNU.sparse.map":
      numbers = []
      for part in value.split(separator: UInt8(ascii: ",")) {
        numbers.append(try Self.decimal(UnsafeRawBufferPointer(rebasing: part)))
      }
    default: break
    }
  }

  /// - Parameter stored: how many bytes of data the archive has for the file.
  /// - Parameter numbers: those of a map that came with the contents.
  func map(stored: Int64, numbers: [Int64]? = nil) throws(HeaderFault) -> SparseMap {
    guard let size else { throw .sparseMap }
    return try SparseMap(Array(pairs: numbers ?? self.numbers), size: size, stored: stored)
  }

  private static func decimal(_ value: UnsafeRawBufferPointer) throws(HeaderFault) -> Int64 {
    guard let number = PAXAttributes.decimal(value) else { throw .sparseMap }
    return number
  }
}
