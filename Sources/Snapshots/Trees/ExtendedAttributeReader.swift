import Archive
internal import CLinux
import Glibc
import OCI
import Synchronization

/// Reads the extended attributes of files below a directory that is open.
///
/// There is no `listxattrat(2)` on the kernels of today's distributions, so the way leads through
/// `/proc/self/fd`, which names the open directory itself and cannot be redirected. A file costs one
/// more system call, but none on a file system that turned out to have no attributes.
final class ExtendedAttributeReader: Sendable {
  private let devicesWithout = Mutex<Set<UInt64>>([])

  /// Attributes are capped at what the kernel allows for a list and for a value.
  private static let limit = 64 << 10

  /// The attributes of an entry of an open directory, or of the open file itself where `name` is
  /// nil. All of them, sorted; see `ExtendedAttribute.isShown`.
  func attributes(
    of file: borrowing OwnedDescriptor, _ name: UnsafePointer<CChar>?, _ status: stat
  ) throws -> [ExtendedAttribute] {
    guard status.isRegular || status.isDirectory, mayHave(UInt64(status.st_dev)) else { return [] }
    var path = Array("/proc/self/fd/\(file.rawValue)".utf8CString)
    if let name {
      path[path.count - 1] = CChar(bitPattern: UInt8(ascii: "/"))
      path.append(contentsOf: UnsafeBufferPointer(start: name, count: strlen(name) + 1))
    }
    // The magic link itself must be followed; an entry behind it must not.
    let follows = name == nil
    // Most files have none; asked so, the kernel need not find memory for an answer.
    let expected = follows ? listxattr(path, nil, 0) : llistxattr(path, nil, 0)
    if expected == 0 { return [] }
    return try withUnsafeTemporaryAllocation(
      byteCount: ExtendedAttributeReader.limit, alignment: 1
    ) { buffer in
      let length =
        follows
        ? listxattr(path, buffer.baseAddress, buffer.count)
        : llistxattr(path, buffer.baseAddress, buffer.count)
      if length == 0 { return [] }
      guard length > 0 else {
        return try nothing(after: errno, "list attributes of", path, UInt64(status.st_dev))
      }
      let names = buffer[..<length].split(separator: 0).map { Array($0) }
      return try names.sorted(by: bytesPrecede).compactMap { name in
        try value(of: name, at: path, follows, buffer).map {
          ExtendedAttribute(name: name, value: $0)
        }
      }
    }
  }

  private func mayHave(_ device: UInt64) -> Bool {
    devicesWithout.withLock { !$0.contains(device) }
  }

  private func value(
    of name: [UInt8], at path: [CChar], _ follows: Bool, _ buffer: UnsafeMutableRawBufferPointer
  ) throws -> [UInt8]? {
    let name = name.map { CChar(bitPattern: $0) } + [0]
    let length =
      follows
      ? getxattr(path, name, buffer.baseAddress, buffer.count)
      : lgetxattr(path, name, buffer.baseAddress, buffer.count)
    if length >= 0 { return [UInt8](buffer[..<length]) }
    // Removed meanwhile, or not for our eyes (`trusted.*`, and all of a file that may not be read).
    if [ENODATA, ENOTSUP, EPERM, EACCES, ENOENT].contains(errno) { return nil }
    throw SystemCallError("read attributes of", text(path))
  }

  private func text(_ path: [CChar]) -> String {
    String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func nothing(
    after code: Int32, _ call: String, _ path: [CChar], _ device: UInt64
  ) throws -> [ExtendedAttribute] {
    switch code {
    case ENOTSUP:
      devicesWithout.withLock { _ = $0.insert(device) }
      return []
    case ENOENT, EACCES, EPERM: return []
    default: throw SystemCallError(call, text(path))
    }
  }
}

extension ExtendedAttribute {
  /// Whether the attribute belongs to the file rather than to this machine.
  ///
  /// Of `security.*` only file capabilities travel (labels are the host's policy); `system.*` are
  /// access lists; `trusted.*` only root can see, so that they would make layers differ by who built
  /// them; and `user.overlay.*` is overlayfs's own bookkeeping.
  var isShown: Bool {
    if name.starts(with: "security.".utf8) { return name.elementsEqual("security.capability".utf8) }
    return !["system.", "trusted.", "user.overlay."].contains { name.starts(with: $0.utf8) }
  }

  /// The part behind `user.overlay.` or `trusted.overlay.`; nil for other attributes.
  var overlayName: ArraySlice<UInt8>? {
    for prefix in ["user.overlay.", "trusted.overlay."] where name.starts(with: prefix.utf8) {
      return name.dropFirst(prefix.utf8.count)
    }
    return nil
  }
}

/// The order of names: by bytes, as `strcmp` has it.
func bytesPrecede(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  compareBytes(a, b) < 0
}

/// Negative, zero or positive, as `memcmp`; a prefix comes first.
func compareBytes(_ a: [UInt8], _ b: [UInt8]) -> Int {
  a.withUnsafeBytes { a in
    b.withUnsafeBytes { b in
      if let start = a.baseAddress, let other = b.baseAddress {
        let order = memcmp(start, other, min(a.count, b.count))
        if order != 0 { return Int(order) }
      }
      return a.count - b.count
    }
  }
}
