import Glibc

/// The host of an authority, `host[:port]`.
struct HostAddress: Hashable, Sendable {
  /// In lower case; without the brackets of IPv6.
  let host: String
  /// The four or sixteen bytes of an address; nil for a name.
  let bytes: [UInt8]?

  /// Nil for what is no authority: empty, with a path, a user, blanks or a malformed port.
  init?(authority: String) {
    var rest = authority[...]
    if rest.hasPrefix("[") {
      guard let end = rest.firstIndex(of: "]") else { return nil }
      let address = String(rest[rest.index(after: rest.startIndex)..<end])
      guard let bytes = HostAddress.bytes(of: address), bytes.count == 16 else { return nil }
      (host, self.bytes) = (address.lowercased(), bytes)
      rest = rest[rest.index(after: end)...]
    } else {
      let end = rest.firstIndex(of: ":") ?? rest.endIndex
      host = rest[..<end].lowercased()
      bytes = HostAddress.bytes(of: host)
      rest = rest[end...]
      guard HostAddress.isName(host) else { return nil }
    }
    guard rest.isEmpty || HostAddress.isPort(rest.dropFirst()) && rest.hasPrefix(":") else {
      return nil
    }
  }

  /// `localhost`, 127.0.0.0/8 and `::1`.
  var isLoopback: Bool {
    guard let bytes else { return host == "localhost" }
    return bytes.count == 4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1]
  }

  /// The bytes of an IPv4 or IPv6 address; nil for anything else.
  static func bytes(of address: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      if inet_pton(family, address, &bytes) == 1 { return bytes }
    }
    return nil
  }

  private static func isName(_ text: String) -> Bool {
    // A name goes into paths: `.` and `..` are none, and neither is what has an empty label.
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      !label.isEmpty
        && label.utf8.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
          default: false
          }
        }
    }
  }

  private static func isPort(_ text: Substring) -> Bool {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      && Int(text).map { (1...65535).contains($0) } == true
  }
}

/// A range of addresses, such as `10.0.0.0/8`.
struct AddressRange: Hashable, Sendable {
  private let base: [UInt8]
  private let length: Int

  /// Reads the CIDR notation (RFC 4632); nil for anything else.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let base = HostAddress.bytes(of: String(parts[0])),
      parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let length = Int(parts[1]), length <= base.count * 8
    else { return nil }
    self.base = base
    self.length = length
  }

  func contains(_ address: [UInt8]) -> Bool {
    guard address.count == base.count else { return false }
    return (0..<length).allSatisfy { bit in
      (address[bit / 8] ^ base[bit / 8]) & (0x80 >> (bit % 8)) == 0
    }
  }
}
