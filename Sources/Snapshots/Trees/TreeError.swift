/// Why a tree of files could not be read.
package enum TreeError: Error, Hashable, Sendable {
  /// A file was there when its directory was read, and is gone now.
  case vanished(TreePath)
  /// A file's contents changed between looking at it and having read it.
  case changedWhileRead(TreePath)
  /// More symbolic links on the way than a path may have.
  case tooManyLinks(TreePath)
  /// Something on the way to a path that was to be created is no directory.
  case notADirectory(TreePath)
  case notARegularFile(TreePath)
  /// A file that is read whole is larger than such files are.
  case tooLarge(TreePath, limit: Int)
  /// A directory of a layer was written by an overlay mount with a feature that is not read here.
  case overlayFeature(String, TreePath)
}

extension TreeError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .vanished(let path):
      "`\(path)` vanished while it was read\nhint: \(TreeError.quiet)"
    case .changedWhileRead(let path):
      "`\(path)` changed while it was read\nhint: \(TreeError.quiet)"
    case .tooManyLinks(let path):
      "there are too many symbolic links on the way to `\(path)`\n"
        + "hint: look for a link that leads back to itself"
    case .notADirectory(let path): "`\(path)` is not a directory"
    case .notARegularFile(let path): "`\(path)` is not a regular file"
    case .tooLarge(let path, let limit): "`\(path)` is larger than the \(limit) bytes allowed"
    case .overlayFeature(let feature, let path):
      "the layer's `\(path)` uses the overlay feature `\(feature)`, which is not supported"
    }
  }

  private static let quiet =
    "build again when nothing writes to the build context, "
    + "or add the file to `.dockerignore`"
}
