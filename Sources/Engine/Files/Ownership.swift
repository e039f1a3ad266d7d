internal import Snapshots

/// The numbers that own a file.
struct Ownership: Hashable, Sendable {
  var userID: UInt32
  var groupID: UInt32

  static let root = Ownership(userID: 0, groupID: 0)

  /// What `--chown`, or with `asUser` the instruction `USER`, means over the files of an image.
  init(_ text: String, in files: any FileTree, asUser: Bool) throws {
    let database = try files.userDatabase()
    if asUser {
      let identity = try database.identity(for: text)
      (userID, groupID) = (identity.userID, identity.groupID)
    } else {
      let owner = try database.owner(for: text)
      (userID, groupID) = (owner.userID, owner.groupID)
    }
  }

  private init(userID: UInt32, groupID: UInt32) {
    self.userID = userID
    self.groupID = groupID
  }
}
