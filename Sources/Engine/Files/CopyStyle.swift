internal import Archive
internal import BuildGraph
internal import DockerfileSyntax
internal import Snapshots

/// A directory that is made because something goes into it.
struct DirectoryTemplate {
  var permissions: UInt16
  var owner: Ownership
}

/// What a copy does to the metadata of its files.
struct CopyStyle {
  /// For directories that are made on the way to the destination.
  let directory: DirectoryTemplate
  /// What `--chown` says; nil where nobody did.
  let namedOwner: Ownership?
  private let owner: Ownership?
  private let mode: FileModeChange?

  /// - Parameter resetsOwners: files of a build context belong to root, whoever owns them on disk.
  init(_ action: CopyAction, over files: any FileTree, resetsOwners: Bool) throws {
    namedOwner = try action.owner.map { try Ownership($0, in: files) }
    owner = namedOwner ?? (resetsOwners ? .root : nil)
    mode = try action.mode.map(CopyStyle.parse)
    directory = DirectoryTemplate(
      permissions: CopyStyle.directoryPermissions(action.mode), owner: namedOwner ?? .root)
  }

  func metadata(of source: FileMetadata) -> FileMetadata {
    var result = source
    if let owner {
      result.userID = owner.userID
      result.groupID = owner.groupID
    }
    if let mode, source.kind != .symbolicLink {
      let changed = mode.apply(
        to: UInt32(source.permissions), isDirectory: source.kind == .directory)
      result.permissions = UInt16(changed & 0o7777)
    }
    return result
  }

  /// Directories on the way get an octal `--chmod` too, as with BuildKit: what `mkdir(2)` takes of it.
  static func directoryPermissions(_ mode: ModeChange?) -> UInt16 {
    mode?.octal.map { $0 & 0o777 } ?? 0o755
  }

  static func parse(_ change: ModeChange) throws -> FileModeChange {
    do {
      return try FileModeChange.parse(change.text)
    } catch {
      throw FileActionError.invalidMode(change.text)
    }
  }
}
