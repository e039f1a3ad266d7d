/// Why files could not be copied or made.
package enum FileActionError: Error, Hashable, CustomStringConvertible {
  /// The source as the Dockerfile has it.
  case notFound(String)
  /// The source, and a file with a name like it.
  case misspelt(String, closest: String)
  /// The source, and what of a `.dockerignore` keeps it out of the context.
  case ignored(String, by: String)
  case notADirectory(String)
  /// A directory is where a file should go.
  case isADirectory(String)
  case unknownUser(String)
  case unknownGroup(String)
  case invalidMode(String)
  /// What `ADD` is to unpack starts as an archive, and cannot be read to its end.
  case badArchive(String, reason: String)
  /// A hard link of an archive that `ADD` unpacks.
  case linkToNothing(String, target: String)
  case readOnlyDestination(String)
  case tooManyLinks(String)

  /// The word of the Dockerfile that is to blame.
  package var culprit: String? {
    switch self {
    case .notFound(let text), .misspelt(let text, _), .ignored(let text, _), .unknownUser(let text),
      .unknownGroup(let text), .invalidMode(let text):
      text
    default: nil
    }
  }

  package var description: String {
    switch self {
    case .notFound(let path): "`\(path)` not found; hint: sources are relative to their context"
    case .misspelt(let path, let closest): "`\(path)` not found; hint: did you mean `\(closest)`?"
    case .ignored(let path, let rule):
      "`\(path)` is left out of the context by \(rule); hint: take it back with `!\(path)` below that"
    case .notADirectory(let path):
      "cannot copy into `\(path)`, which is not a directory"
    case .isADirectory(let path): "cannot replace the directory `\(path)` with a file"
    case .unknownUser(let name):
      "no user `\(name)` in the image's /etc/passwd; hint: a numeric id needs no entry"
    case .unknownGroup(let name):
      "no group `\(name)` in the image's /etc/group; hint: a numeric id needs no entry"
    case .invalidMode(let text): "`\(text)` is not a mode; hint: `--chmod=755` or `u=rwX,go=rX`"
    case .badArchive(let path, let reason): "`\(path)` cannot be unpacked: \(reason)"
    case .linkToNothing(let path, let target):
      "`\(path)` is a hard link to `\(target)`, which is not there or is a directory"
    case .readOnlyDestination(let path):
      "`\(path)` belongs to this machine, which a `host:` stage shows read-only; "
        + "hint: write below `/src`, `/out` or `/tmp`"
    case .tooManyLinks(let path): "too many levels of symbolic links at `\(path)`"
    }
  }
}
