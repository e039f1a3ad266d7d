/// Sparse files: those of old GNU archives, and of PAX archives in the versions 0.0, 0.1 and 1.0
/// (GNU tar, "Storing Sparse Files").
extension TarReader {
  /// Some of the contents of a sparse file, its holes as zeros; 0 at the end.
  func readSparse(
    _ reading: inout SparseReading, into destination: UnsafeMutableRawBufferPointer
  ) throws -> Int {
    guard let run = reading.next(), !destination.isEmpty else { return 0 }
    let room = UnsafeMutableRawBufferPointer(
      rebasing: destination.prefix(Int(min(run.length, Int64(destination.count)))))
    var count = room.count
    if run.isData {
      count = try readStored(into: room)
      if count == 0 { throw ArchiveError.truncated("a file's contents") }
    } else {
      _ = room.initializeMemory(as: UInt8.self, repeating: 0)
    }
    reading.advance(by: count)
    return count
  }

  /// The map of an entry of type `S`: four parts in the header, 21 in each block that follows.
  ///
  ///     offset  size  field
  ///        386    96  four times offset (12) and length (12)
  ///        482     1  isextended
  ///        483    12  realsize
  ///
  /// An extension block has 21 such pairs, and its own `isextended` at 504.
  func readOldSparseMap(_ header: TarHeaderDecoder) throws -> SparseMap {
    let stored = try header.naturalNumber(.size)
    let size = try header.naturalNumber(.sparseSize)
    var segments = try header.sparseSegments(count: 4, at: 386)
    var isExtended = header.hasFlag(at: 482)
    while isExtended {
      guard let block = try readBlock() else { throw ArchiveError.truncated("a sparse file's map") }
      let more = TarHeaderDecoder(block)
      segments += try more.sparseSegments(count: 21, at: 0)
      isExtended = more.hasFlag(at: 504)
      if segments.count > limits.sparseSegmentCount { throw HeaderFault.sparseMap }
    }
    return try SparseMap(segments, size: size, stored: stored)
  }

  /// The map that the contents start with; it is no part of the file. `remaining` is what is left.
  func readSparseMapText(_ records: SparseRecords) throws -> SparseMap {
    var text = SparseMapText()
    while !text.isComplete {
      guard remaining >= Int64(TarBlock.size), let block = try readBlock() else {
        throw HeaderFault.sparseMap
      }
      remaining -= Int64(TarBlock.size)
      try text.read(block, atMost: limits.sparseSegmentCount)
    }
    return try records.map(stored: remaining, numbers: text.numbers)
  }
}

extension TarHeaderDecoder {
  /// Parts of a sparse file; an empty offset ends them.
  fileprivate func sparseSegments(
    count: Int, at offset: Int
  ) throws(HeaderFault) -> [SparseMap.Segment] {
    var segments: [SparseMap.Segment] = []
    for index in 0..<count {
      let start = TarField(name: "sparse offset", offset: offset + 24 * index, length: 12)
      let length = TarField(name: "sparse length", offset: offset + 24 * index + 12, length: 12)
      if bytes(start).isEmpty { break }
      segments.append(
        SparseMap.Segment(offset: try naturalNumber(start), length: try naturalNumber(length)))
    }
    return segments
  }
}
