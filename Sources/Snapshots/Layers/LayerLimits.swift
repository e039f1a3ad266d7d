/// How much a layer's blob may ask for when it is unpacked or indexed.
package struct LayerLimits: Hashable, Sendable {
  /// A tar of up to this many bytes is always fine: long runs of zeros are common and harmless.
  package var unpackedFloor: Int64
  /// Beyond the floor, how many times the blob's own size the tar may be.
  package var unpackedRatio: Int64
  package var entryCount: Int
  /// In bytes; Linux takes no longer path in one piece than 4,095.
  package var pathLength: Int

  package init(unpackedFloor: Int64, unpackedRatio: Int64, entryCount: Int, pathLength: Int = 4095)
  {
    self.unpackedFloor = unpackedFloor
    self.unpackedRatio = unpackedRatio
    self.entryCount = entryCount
    self.pathLength = pathLength
  }

  /// 4 GiB or 200 times the blob, and two million entries.
  package static let standard = LayerLimits(
    unpackedFloor: 4 << 30, unpackedRatio: 200, entryCount: 2_000_000)
}
