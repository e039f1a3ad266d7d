import Glibc

/// An address of IPv4 or IPv6.
struct IPAddress: Sendable, Hashable {
  /// 4 or 16, in network order; an IPv4 address in IPv6's clothes (`::ffff:127.0.0.1`) has 4.
  let bytes: [UInt8]

  /// Reads the usual text forms; nil for names.
  init?(_ text: String) {
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 {
      bytes = withUnsafeBytes(of: &four) { Array($0) }
      return
    }
    var six = in6_addr()
    guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
    let all = withUnsafeBytes(of: &six) { Array($0) }
    let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]
    bytes = all.starts(with: mapped) ? Array(all.dropFirst(mapped.count)) : all
  }

  var isLoopback: Bool {
    bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
  }

  /// Whether the first `prefix` bits are the network's.
  func isWithin(_ network: IPAddress, prefix: Int) -> Bool {
    guard bytes.count == network.bytes.count else { return false }
    return (0..<prefix).allSatisfy { bit in
      let mask = UInt8(0x80) >> UInt8(bit % 8)
      return bytes[bit / 8] & mask == network.bytes[bit / 8] & mask
    }
  }
}
