/// Who a process runs as.
package struct UserIdentity: Hashable, Sendable {
  package var userID: UInt32
  package var groupID: UInt32
  package var supplementaryGroups: [UInt32]
  /// From `/etc/passwd`; nil for a number that is not listed there.
  package var home: String?

  package init(
    userID: UInt32, groupID: UInt32, supplementaryGroups: [UInt32] = [], home: String? = nil
  ) {
    self.userID = userID
    self.groupID = groupID
    self.supplementaryGroups = supplementaryGroups
    self.home = home
  }
}

/// Who owns a file.
package struct FileOwner: Hashable, Sendable {
  package var userID: UInt32
  package var groupID: UInt32

  package init(userID: UInt32, groupID: UInt32) {
    self.userID = userID
    self.groupID = groupID
  }
}

/// The users and groups of an image: its `/etc/passwd` and `/etc/group` (passwd(5), group(5)).
///
/// Lines that do not make sense are passed over. Where several lines fit, the first one counts.
package struct UserDatabase: Sendable {
  private struct User {
    var name: Substring
    var userID: UInt32
    var groupID: UInt32
    var home: Substring
  }

  private struct Group {
    var name: Substring
    var groupID: UInt32
    var members: [Substring]
  }

  private let users: [User]
  private let groups: [Group]

  /// Both files are empty where an image has none.
  package init(passwd: [UInt8], group: [UInt8]) {
    users = UserDatabase.lines(of: passwd).compactMap { fields in
      guard fields.count >= 4, let user = UInt32(fields[2]), let group = UInt32(fields[3]) else {
        return nil
      }
      let home = fields.count > 5 ? fields[5] : ""
      return User(name: fields[0], userID: user, groupID: group, home: home)
    }
    groups = UserDatabase.lines(of: group).compactMap { fields in
      guard fields.count >= 3, let group = UInt32(fields[2]) else { return nil }
      let members = fields.count > 3 ? fields[3].split(separator: ",") : []
      return Group(name: fields[0], groupID: group, members: members)
    }
  }

  /// Who `USER a[:b]` means; an empty text is root. As in Docker, a number alone gets the group that
  /// `/etc/passwd` lists for it, else 0; an explicit group means no supplementary ones.
  package func identity(for text: String) throws(UserError) -> UserIdentity {
    let (name, groupName) = try UserDatabase.parts(of: text.isEmpty ? "0" : text)
    let user = users.first { $0.name == name } ?? number(name).flatMap(user(numbered:))
    var identity = UserIdentity(
      userID: try userID(of: name, user), groupID: user?.groupID ?? 0,
      home: user.map { String($0.home) })
    if let groupName {
      identity.groupID = try groupID(of: groupName)
    } else if let user {
      identity.supplementaryGroups = groups.filter { $0.members.contains(user.name) }
        .map(\.groupID)
    }
    return identity
  }

  /// Who `--chown=a[:b]` means. Without a group, a number stands for the group too, and a name gets
  /// the group that `/etc/passwd` lists for it; what is empty is 0, as `root` is whatever is listed.
  package func owner(for text: String) throws(UserError) -> FileOwner {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    var owner = FileOwner(userID: 0, groupID: 0)
    if let name = parts.first, !name.isEmpty, name != "root" {
      let user = number(name) == nil ? users.first { $0.name == name } : nil
      owner.userID = try userID(of: name, user)
      owner.groupID = user?.groupID ?? owner.userID
    }
    guard parts.count == 2 else { return owner }
    let group = parts[1]
    if group.isEmpty || group == "root" {
      owner.groupID = 0
    } else if let number = number(group) {
      owner.groupID = try UserDatabase.identifier(number, group)
    } else {
      owner.groupID = try groupID(of: group)
    }
    return owner
  }

  /// For a user who is not listed: root is 0 everywhere, and a number is itself.
  private func userID(of name: Substring, _ user: User?) throws(UserError) -> UInt32 {
    if let user { return user.userID }
    if name == "root" { return 0 }
    guard let number = number(name) else { throw .unknownUser(String(name)) }
    return try UserDatabase.identifier(number, name)
  }

  private func groupID(of name: Substring) throws(UserError) -> UInt32 {
    if let group = groups.first(where: { $0.name == name }) { return group.groupID }
    if name == "root" { return 0 }
    guard let number = number(name) else { throw .unknownGroup(String(name)) }
    return try UserDatabase.identifier(number, name)
  }

  private func user(numbered number: UInt64) -> User? {
    users.first { UInt64($0.userID) == number }
  }

  /// The value of a text that is all digits, however large.
  private func number(_ text: Substring) -> UInt64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt64(text) ?? .max
  }

  /// The largest number means "leave as it is" to `chown(2)`.
  private static func identifier(
    _ number: UInt64, _ text: Substring
  ) throws(UserError) -> UInt32 {
    guard number < UInt64(UInt32.max) else { throw .outOfRange(String(text)) }
    return UInt32(number)
  }

  /// An empty group, as in `a:`, is none.
  private static func parts(
    of text: String
  ) throws(UserError) -> (user: Substring, group: Substring?) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let user = parts.first, !user.isEmpty else { throw .malformed(text) }
    guard parts.count == 2, !parts[1].isEmpty else { return (user, nil) }
    return (user, parts[1])
  }

  private static func lines(of bytes: [UInt8]) -> [[Substring]] {
    String(decoding: bytes, as: UTF8.self).split { $0.isNewline }
      .filter { !$0.hasPrefix("#") }
      .map { $0.split(separator: ":", omittingEmptySubsequences: false) }
  }
}

extension FileTree {
  /// The users and groups of the tree.
  package func userDatabase() throws -> UserDatabase {
    let limit = 16 << 20
    return UserDatabase(
      passwd: try readFile(TreePath(cleaning: "etc/passwd"), limit: limit) ?? [],
      group: try readFile(TreePath(cleaning: "etc/group"), limit: limit) ?? [])
  }
}
