/// Why a user or group that was asked for is not to be had.
package enum UserError: Error, Hashable, Sendable {
  case unknownUser(String)
  case unknownGroup(String)
  /// A number that is no user or group identifier.
  case outOfRange(String)
  case malformed(String)
}

extension UserError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownUser(let name):
      "there is no user `\(name)` in the image's `/etc/passwd`\n"
        + "hint: create it before this step, or give its number"
    case .unknownGroup(let name):
      "there is no group `\(name)` in the image's `/etc/group`\n"
        + "hint: create it before this step, or give its number"
    case .outOfRange(let text): "`\(text)` is not a user or group number from 0 to 4294967294"
    case .malformed(let text): "`\(text)` is not a user in the form `user` or `user:group`"
    }
  }
}
