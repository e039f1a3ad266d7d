/// What a file is apart from its name and its contents: shared by archive entries and by trees of a
/// file system.
package struct FileMetadata: Hashable, Sendable, Codable {
  /// The kinds of file that an archive can hold.
  package enum Kind: UInt8, Hashable, Sendable, Codable {
    case regular
    case directory
    case symbolicLink
    case hardLink
    case characterDevice
    case blockDevice
    case fifo
  }

  package var kind: Kind
  /// The low twelve bits of the mode: set-user-ID, set-group-ID, sticky, and the nine of access.
  package var permissions: UInt16
  package var userID: UInt32
  package var groupID: UInt32
  /// The length of the contents; 0 for all but regular files.
  package var size: Int64
  package var modificationTime: FileTime
  /// The text of a symbolic link, or the path of the entry that a hard link names; else empty.
  package var linkTarget: [UInt8]
  /// 0 for all but devices.
  package var deviceMajor: UInt32
  /// 0 for all but devices.
  package var deviceMinor: UInt32
  /// Sorted by the bytes of their names, no name twice.
  package var extendedAttributes: [ExtendedAttribute]

  package init(
    kind: Kind,
    permissions: UInt16,
    userID: UInt32 = 0,
    groupID: UInt32 = 0,
    size: Int64 = 0,
    modificationTime: FileTime = .epoch,
    linkTarget: [UInt8] = [],
    deviceMajor: UInt32 = 0,
    deviceMinor: UInt32 = 0,
    extendedAttributes: [ExtendedAttribute] = []
  ) {
    self.kind = kind
    self.permissions = permissions
    self.userID = userID
    self.groupID = groupID
    self.size = size
    self.modificationTime = modificationTime
    self.linkTarget = linkTarget
    self.deviceMajor = deviceMajor
    self.deviceMinor = deviceMinor
    self.extendedAttributes = extendedAttributes
  }

  /// The same file, changed no later than `latest`: how a layer honours `SOURCE_DATE_EPOCH`.
  ///
  /// `nil` leaves the time as it is.
  package func clamped(to latest: FileTime?) -> FileMetadata {
    guard let latest, modificationTime > latest else { return self }
    var result = self
    result.modificationTime = latest
    return result
  }
}
