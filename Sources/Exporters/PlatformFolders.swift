/// Whether the files of an image go into a folder that is named for its platform, such as
/// `linux_amd64`.
package enum PlatformFolders: Hashable, Sendable {
  /// Where there are images for several platforms.
  case whenSeveral
  case always
  /// The files of all platforms are mixed: directories are joined, and a file that two of them have is
  /// an error.
  case never
}
