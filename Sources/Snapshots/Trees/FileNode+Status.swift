import Archive
internal import CLinux
import Glibc

extension FileNode {
  /// What `stat(2)` says; nil for a socket, which no archive can hold and every builder leaves out.
  init?(_ status: stat, linkTarget: [UInt8], extendedAttributes: [ExtendedAttribute]) {
    guard let kind = FileMetadata.Kind(mode: status.st_mode) else { return nil }
    let isDevice = kind == .characterDevice || kind == .blockDevice
    self.init(
      metadata: FileMetadata(
        kind: kind,
        permissions: UInt16(status.st_mode & 0o7777),
        userID: status.st_uid,
        groupID: status.st_gid,
        size: kind == .regular ? Int64(status.st_size) : 0,
        modificationTime: FileTime(status.st_mtim),
        linkTarget: linkTarget,
        deviceMajor: isDevice ? slipway_major(status.st_rdev) : 0,
        deviceMinor: isDevice ? slipway_minor(status.st_rdev) : 0,
        extendedAttributes: extendedAttributes),
      linkIdentity: status.hasOtherNames ? status.linkIdentity : nil,
      stamp: kind == .regular ? FileStamp(status) : nil)
  }
}

extension FileStamp {
  init(_ status: stat) {
    self.init(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
      modificationTime: FileTime(status.st_mtim), changeTime: FileTime(status.st_ctim))
  }
}

extension FileTime {
  init(_ time: timespec) {
    self.init(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
  }
}

extension FileMetadata.Kind {
  init?(mode: mode_t) {
    switch mode & S_IFMT {
    case S_IFREG: self = .regular
    case S_IFDIR: self = .directory
    case S_IFLNK: self = .symbolicLink
    case S_IFCHR: self = .characterDevice
    case S_IFBLK: self = .blockDevice
    case S_IFIFO: self = .fifo
    default: return nil
    }
  }
}

extension stat {
  var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
  var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
  var isSymbolicLink: Bool { st_mode & S_IFMT == S_IFLNK }

  fileprivate var hasOtherNames: Bool { st_nlink > 1 && !isDirectory }

  /// One number for device and inode. The multiplier spreads the few device numbers over all bits, so
  /// that two files of different devices do not meet.
  fileprivate var linkIdentity: UInt64 {
    UInt64(st_ino) ^ (UInt64(st_dev) &* 0x9E37_79B9_7F4A_7C15)
  }
}
