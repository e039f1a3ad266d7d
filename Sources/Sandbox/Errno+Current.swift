import Glibc
import SystemPackage

extension Errno {
  /// The error of the C call that has just failed.
  static var current: Errno { Errno(rawValue: errno) }
}
