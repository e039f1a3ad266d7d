import CLinux
import SystemPackage

/// Writes the bytes of a plan in the layout drawn in `linux_sandbox.h`.
struct PlanEncoder {
  private(set) var bytes: [UInt8] = []
  private var operationStart = 0
  private var operationCount: UInt32 = 0

  init() {
    append(SLIPWAY_PLAN_MAGIC)
    append(UInt32(0))
  }

  mutating func begin(_ kind: slipway_operation) {
    append(kind.rawValue)
    append(UInt32(0))
    operationStart = bytes.count
  }

  mutating func end() {
    put(UInt32(bytes.count - operationStart), at: operationStart - 4)
    operationCount += 1
    put(operationCount, at: 4)
  }

  mutating func append(_ number: UInt32) {
    withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ flag: Bool) { append(flag ? UInt32(1) : 0) }

  mutating func append(_ set: CapabilitySet) { append(set.rawValue) }

  mutating func append(_ number: UInt64) {
    append(UInt32(truncatingIfNeeded: number))
    append(UInt32(truncatingIfNeeded: number >> 32))
  }

  mutating func append(_ blob: some Collection<UInt8>) {
    append(UInt32(blob.count))
    bytes.append(contentsOf: blob)
    // The NUL, and up to a multiple of four.
    bytes.append(contentsOf: repeatElement(0, count: 4 - blob.count % 4))
  }

  mutating func append(_ string: String) { append(string.utf8) }

  mutating func append(_ path: FilePath) {
    // Not its `string`, which repairs what is not UTF-8.
    append(path.withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: path.length)) })
  }

  mutating func append(_ strings: [String]) {
    append(UInt32(strings.count))
    for string in strings { append(string) }
  }

  mutating func append(layers: [FilePath], scratch: OverlayScratch?) {
    append(scratch?.upper ?? FilePath())
    append(scratch?.work ?? FilePath())
    append(UInt32(layers.count))
    for layer in layers { append(layer) }
  }

  private mutating func put(_ number: UInt32, at offset: Int) {
    withUnsafeBytes(of: number) { bytes.replaceSubrange(offset..<offset + 4, with: $0) }
  }
}
