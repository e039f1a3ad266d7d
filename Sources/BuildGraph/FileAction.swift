/// One change to the files of a state.
package enum FileAction: Hashable, Sendable {
  case copy(CopyAction)
  case makeDirectory(MakeDirectoryAction)
  case makeFile(MakeFileAction)

  /// The time that all files get that it makes, in seconds since 1970 (`SOURCE_DATE_EPOCH`); nil leaves
  /// what is copied its own, and makes the rest now.
  package var time: Int64? {
    switch self {
    case .copy(let copy): copy.time
    case .makeDirectory(let make): make.time
    case .makeFile(let make): make.time
    }
  }

  /// Unpacks the archive that a build context came as, the only file of input 1, into nothing: its
  /// files keep the owners that they have in it.
  package static func unpackingContext(fileName: String) -> FileAction {
    var copy = CopyAction(input: 1, sources: [fileName], destination: "/")
    copy.unpacksArchives = true
    return .copy(copy)
  }
}

/// Files of an input, put at a destination (`COPY` and `ADD` of local files).
package struct CopyAction: Hashable, Sendable {
  /// Index into the vertex's inputs: what is copied from.
  package var input: Int
  /// Paths or patterns (Go's `filepath.Match`) in the input, as the Dockerfile has them, expanded.
  package var sources: [String]
  /// Absolute; a trailing slash says that it is a directory.
  package var destination: String
  /// As in `--chown`: names are looked up in input 0. Nil keeps owners, except that files of a
  /// build context belong to root.
  package var owner: String?
  package var mode: ModeChange?
  /// `--parents`: keep the directories of the source below the destination.
  package var keepsParents: Bool = false
  /// `--exclude` patterns, `.dockerignore` syntax.
  package var excludes: [String] = []
  /// `ADD`: what is an archive by its content is unpacked.
  package var unpacksArchives: Bool = false
  /// `COPY --link`: the destination's own files are never looked at.
  package var followsNothing: Bool = false
  /// See ``FileAction/time``; the members of archives keep theirs.
  package var time: Int64?

  package init(input: Int, sources: [String], destination: String) {
    self.input = input
    self.sources = sources
    self.destination = destination
  }
}

/// `--chmod`: octal, or symbolic as in chmod(1).
package struct ModeChange: Hashable, Sendable {
  /// As it was written.
  package var text: String

  package init(text: String) {
    self.text = text
  }

  /// The permissions where `text` is octal (at most 07777).
  package var octal: UInt16? {
    guard let value = UInt16(text, radix: 8), value <= 0o7777,
      text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) })
    else { return nil }
    return value
  }
}

/// A directory and its missing parents (`WORKDIR`).
package struct MakeDirectoryAction: Hashable, Sendable {
  /// Absolute, cleaned.
  package var path: String
  package var mode: UInt16
  /// As in `USER`; nil is root. It owns every directory that is made.
  package var owner: String?
  /// See ``FileAction/time``.
  package var time: Int64?

  package init(path: String, mode: UInt16 = 0o755, owner: String? = nil) {
    self.path = path
    self.mode = mode
    self.owner = owner
  }
}

/// A file with given contents (a heredoc of `COPY` or `ADD`).
package struct MakeFileAction: Hashable, Sendable {
  /// The name it gets in a destination that is a directory.
  package var name: String
  /// Absolute; a trailing slash says that it is a directory.
  package var destination: String
  package var contents: [UInt8]
  package var owner: String?
  package var mode: ModeChange?
  /// See ``FileAction/time``.
  package var time: Int64?

  package init(name: String, destination: String, contents: [UInt8]) {
    self.name = name
    self.destination = destination
    self.contents = contents
  }
}
