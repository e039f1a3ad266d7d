package import OCI

/// Bytes that stand for a value without doubt: every part carries its name and its length, so that
/// no two different values share an encoding.
package struct CanonicalEncoder {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// The digest of everything encoded.
  package var digest: Digest { .sha256(of: bytes) }

  /// Adds a named part.
  package mutating func add(_ name: StaticString, _ value: [UInt8]) {
    name.withUTF8Buffer { frame($0) }
    value.withUnsafeBufferPointer { frame($0) }
  }

  package mutating func add(_ name: StaticString, _ value: String) {
    var value = value
    name.withUTF8Buffer { frame($0) }
    value.withUTF8 { frame($0) }
  }

  package mutating func add(_ name: StaticString, _ value: some BinaryInteger) {
    add(name, String(value))
  }

  package mutating func add(_ name: StaticString, _ value: Bool) {
    add(name, value ? "true" : "false")
  }

  package mutating func add(_ name: StaticString, _ value: Digest) {
    add(name, value.bytes)
  }

  /// Adds a part that may be absent; absence differs from every value.
  package mutating func add(_ name: StaticString, _ value: String?) {
    guard let value else { return add(name, 0) }
    add(name, 1)
    add(name, value)
  }

  /// Adds a list: its length, then each element.
  package mutating func add<Element>(
    _ name: StaticString, _ list: [Element], _ encode: (inout CanonicalEncoder, Element) -> Void
  ) {
    add(name, list.count)
    for element in list { encode(&self, element) }
  }

  package mutating func add(_ name: StaticString, _ list: [String]) {
    add(name, list) { $0.add("item", $1) }
  }

  private mutating func frame(_ buffer: UnsafeBufferPointer<UInt8>) {
    withUnsafeBytes(of: UInt64(buffer.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: buffer)
  }
}
