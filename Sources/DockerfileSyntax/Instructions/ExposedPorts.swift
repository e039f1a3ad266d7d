/// One word of `EXPOSE`, expanded and understood.
package struct ExposedPorts: Hashable, Sendable {
  /// The ports as an image's configuration names them, e.g. `8080/tcp`, in ascending order.
  package var ports: [String]
  /// Whether an address or a port of the host was written too, which `EXPOSE` ignores
  /// (`ExposeInvalidFormat`).
  package var namesHost: Bool
  /// Whether the protocol was not in lower case (`ExposeProtoCasing`).
  package var hasUpperCaseProtocol: Bool

  /// Reads `[[address:]hostPort:]port[-port][/protocol]`.
  package static func parse(_ word: String) throws(InstructionError) -> ExposedPorts {
    let parts = word.splitAtFirst("/")
    let spelled = parts?.after ?? "tcp"
    let name = spelled.isEmpty ? "tcp" : spelled.lowercased()
    guard ["tcp", "udp", "sctp"].contains(name) else {
      throw InstructionError(
        "unknown protocol `\(spelled.excerpt)` in `EXPOSE`",
        hint: "there are `tcp`, `udp` and `sctp`")
    }
    // An address in brackets may hold colons; what counts stands behind the last one.
    let fields = (parts?.before ?? word).split(separator: ":", omittingEmptySubsequences: false)
    guard let last = fields.last, let range = portRange(last) else {
      throw InstructionError(
        "`\(word.excerpt)` is no port for `EXPOSE`", hint: "write for example `8080` or `53/udp`")
    }
    return ExposedPorts(
      ports: range.map { "\($0)/\(name)" }, namesHost: fields.count > 1,
      hasUpperCaseProtocol: !spelled.isEmpty && spelled != name)
  }

  private static func portRange(_ text: Substring) -> ClosedRange<UInt16>? {
    let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard let low = ends.first.flatMap(port), let high = ends.last.flatMap(port), low <= high else {
      return nil
    }
    return low...high
  }

  private static func port(_ text: Substring) -> UInt16? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt16(text) : nil
  }
}
