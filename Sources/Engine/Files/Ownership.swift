internal import Snapshots

/// The numbers that own a file.
struct Ownership: Hashable, Sendable {
  var userID: UInt32
  var groupID: UInt32

  static let root = Ownership(userID: 0, groupID: 0)

  /// Whose a file is by `--chown`, or a directory by the `USER` before its `WORKDIR`: they mean the
  /// same, and for a number without a group not what `USER` means to a process.
  ///
  /// As in BuildKit, a user that the image does not list is root, and a group that it does not list
  /// counts for nothing.
  init(_ text: String, in files: any FileTree) throws {
    let database = try files.userDatabase()
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    var owner: FileOwner
    do {
      owner = try database.owner(for: String(parts.first ?? ""))
    } catch {
      guard case .unknownUser = error else { throw error }
      owner = FileOwner(userID: 0, groupID: 0)
    }
    if parts.count > 1 {
      do {
        owner.groupID = try database.owner(for: "0:" + parts[1]).groupID
      } catch {
        guard case .unknownGroup = error else { throw error }
      }
    }
    (userID, groupID) = (owner.userID, owner.groupID)
  }

  private init(userID: UInt32, groupID: UInt32) {
    self.userID = userID
    self.groupID = groupID
  }
}
