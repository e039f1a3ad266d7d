import OCI
import SystemPackage

/// Files with settings that need not be there.
enum SettingsFile {
  /// The bytes of a file; nil where there is none.
  ///
  /// - Parameter mayBeClosed: for files of a daemon, which it may keep from users: those that may
  ///   not be read say nothing. All others throw `SystemCallError`.
  static func read(_ path: FilePath, mayBeClosed: Bool = false) throws -> [UInt8]? {
    do {
      return try SmallFile.read(path, limit: 4 << 20)
    } catch let error as SystemCallError {
      switch error.code {
      case .noSuchFileOrDirectory, .notDirectory: return nil
      case .permissionDenied where mayBeClosed: return nil
      default: throw error
      }
    }
  }
}
