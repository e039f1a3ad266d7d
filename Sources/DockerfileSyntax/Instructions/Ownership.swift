/// `user[:group]` of `USER` and `--chown`, expanded; each a name or a number.
package struct Ownership: Hashable, Sendable {
  /// The user.
  package var user: String
  /// The group; absent where it was not given.
  package var group: String?

  /// The user's number, if it is one.
  package var uid: UInt32? { Ownership.number(user) }
  /// The group's number, if it is given as one.
  package var gid: UInt32? { group.flatMap(Ownership.number) }

  /// Reads `user[:group]`.
  package static func parse(_ text: String) throws(InstructionError) -> Ownership {
    let pair = text.splitAtFirst(":")
    let ownership = Ownership(user: pair?.before ?? text, group: pair?.after)
    guard !ownership.user.isEmpty, ownership.group != "",
      !(ownership.group?.utf8.contains(UInt8(ascii: ":")) ?? false)
    else {
      throw InstructionError(
        "`\(text.excerpt)` names no owner", hint: "write `user`, `user:group`, or their numbers")
    }
    return ownership
  }

  private static func number(_ text: String) -> UInt32? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt32(text) : nil
  }
}
