package import OCI
package import SystemPackage

/// Why images cannot be written to a destination.
package enum ExportError: Error, Hashable, Sendable {
  /// A part of an image is not in the store.
  case missingBlob(Digest, of: Digest)
  /// A directory that holds something else.
  case notALayout(FilePath)
  /// A layout of a version that is not known here.
  case layoutVersion(FilePath, String)
  case notADirectory(FilePath)
  case isADirectory(FilePath)
  /// The files of an image were asked for, and none of the images has any.
  case noFileSystem
  /// The files of several images that would lie in one directory.
  case ambiguousFileSystem(String)
  /// A file that the images of two platforms have, and that would lie in one place.
  case ambiguousFile(String)
  /// A layer whose files make no sense together.
  case malformedLayer(Digest, LayerFault)
  /// A device node, which only root can make.
  case deviceNeedsRoot(String)

  /// What is wrong with an entry of a layer.
  package enum LayerFault: Error, Hashable, Sendable {
    case notADirectory(String)
    case tooDeep(String)
    case symbolicLinkLoop(String)
    case danglingHardLink(String, target: String)
    case tooManyEntries(Int)
  }
}

extension ExportError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingBlob(let blob, let image):
      "`\(blob)` of the image `\(image)` is not in the store\n"
        + "hint: pull, load or build the image again"
    case .notALayout(let path):
      "`\(path)` is a directory that is neither empty nor an OCI image layout\n"
        + "hint: name a new directory"
    case .layoutVersion(let path, let version):
      "`\(path)` is an OCI image layout of version `\(printable(version))`, not `1.0.0`"
    case .notADirectory(let path): "`\(path)` is not a directory"
    case .isADirectory(let path):
      "`\(path)` is a directory, and an archive is a file\nhint: name a file in it"
    case .noFileSystem:
      "there are no files to write: the image holds no layers that are file systems"
    case .ambiguousFileSystem(let name):
      "the files of several images would be mixed in `\(printable(name))`\n"
        + "hint: export one image at a time"
    case .ambiguousFile(let path):
      "the images of two platforms have `\(printable(path))`\n"
        + "hint: leave out `platform-split=false`"
    case .malformedLayer(let digest, let fault): "the layer `\(digest)` is malformed: \(fault)"
    case .deviceNeedsRoot(let path):
      "`\(printable(path))` is a device, which only root can make\nhint: export as `tar`"
    }
  }
}

extension ExportError.LayerFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notADirectory(let path): "`\(printable(path))` has a parent that is not a directory"
    case .tooDeep(let path): "`\(printable(path))` lies too deep"
    case .symbolicLinkLoop(let path):
      "`\(printable(path))` leads through too many symbolic links"
    case .danglingHardLink(let path, let target):
      "`\(printable(path))` is a hard link to `\(printable(target))`, which is not a file there"
    case .tooManyEntries(let limit): "it has more than \(limit) entries"
    }
  }
}
