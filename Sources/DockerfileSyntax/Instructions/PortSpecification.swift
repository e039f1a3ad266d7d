/// A word of `EXPOSE`, expanded: `[[address:]host:]port[-port][/protocol]`.
package struct PortSpecification: Hashable, Sendable {
  /// The ports that it stands for.
  package var ports: ClosedRange<UInt16>
  /// `tcp`, `udp` or `sctp`.
  package var networkProtocol: String

  /// As the configuration has them, such as `8080/tcp`.
  package var names: [String] { ports.map { "\($0)/\(networkProtocol)" } }

  /// Reads one word. An address and a port of the host are checked, and otherwise without meaning,
  /// as in BuildKit.
  package init(_ text: String) throws(PortProblem) {
    var parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let container = parts.removeLast()
    let host = parts.popLast()
    let slash = container.firstIndex(of: "/") ?? container.endIndex
    guard slash != container.startIndex else { throw .noPort }
    networkProtocol = container[slash...].dropFirst().lowercased()
    if networkProtocol.isEmpty { networkProtocol = "tcp" }
    guard ["tcp", "udp", "sctp"].contains(networkProtocol) else {
      throw .unknownProtocol(networkProtocol)
    }
    guard let ports = Self.range(container[..<slash]) else { throw .notANumber }
    self.ports = ports
    if let host, !host.isEmpty {
      guard let hostPorts = Self.range(host) else { throw .notANumber }
      if hostPorts.count != ports.count, ports.count != 1 { throw .unequalRanges }
    }
    let address = parts.joined(separator: ":")
    if !address.isEmpty, !Self.isAddress(address) { throw .notAnAddress(address) }
  }

  private static func range(_ text: Substring) -> ClosedRange<UInt16>? {
    let bounds = text.split(separator: "-", omittingEmptySubsequences: false)
    guard (1...2).contains(bounds.count), let first = number(bounds[0]),
      let last = number(bounds[bounds.count - 1]), first <= last
    else { return nil }
    return first...last
  }

  private static func number(_ text: Substring) -> UInt16? {
    // No sign: `UInt16` would take a plus.
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      ? UInt16(text) : nil
  }

  private static func isAddress(_ text: String) -> Bool {
    var text = text[...]
    if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
    if text.contains(":") {
      return text.utf8.allSatisfy {
        Character(UnicodeScalar($0)).isHexDigit || $0 == 0x3a || $0 == 0x2e
      }
    }
    let octets = text.split(separator: ".", omittingEmptySubsequences: false)
    return octets.count == 4 && octets.allSatisfy { number($0).map { $0 < 256 } ?? false }
  }
}

/// Why a word is not a port.
package enum PortProblem: Error, Hashable, Sendable, CustomStringConvertible {
  case noPort
  case notANumber
  case unknownProtocol(String)
  case unequalRanges
  case notAnAddress(String)

  package var description: String {
    switch self {
    case .noPort: "it has no number"
    case .notANumber: "a port is a number up to 65535, or a range of two"
    case .unknownProtocol(let name): "there is no protocol `\(name)`"
    case .unequalRanges: "the ranges differ in length"
    case .notAnAddress(let text): "`\(text)` is not an IP address"
    }
  }
}
