internal import DockerfileSyntax
internal import Snapshots

/// A `.dockerignore`.
struct IgnoreFile {
  /// What it is called in messages.
  var name = ".dockerignore"
  var bytes: [UInt8] = []

  var patterns: [String] { DockerIgnore.parse(bytes).patterns }

  func files() throws -> IgnoredFiles {
    IgnoredFiles(try DockerIgnore.parse(bytes).matcher(), from: name)
  }
}

/// What a `.dockerignore` leaves out.
struct IgnoredFiles {
  private let matcher: PatternMatcher
  /// What the file is called that the patterns are from.
  private let file: String

  init(_ matcher: PatternMatcher, from file: String) {
    self.matcher = matcher
    self.file = file
  }

  var isEmpty: Bool { matcher.isEmpty }

  var filter: TreeFilter {
    let (matcher, file) = (matcher, file)
    var filter = TreeFilter { path, isDirectory in
      guard matcher.matches(path.bytes) else { return .include }
      guard isDirectory, !matcher.canSkipDirectory(path.bytes, state(of: path)) else {
        return .exclude
      }
      return .excludeButDescend
    }
    filter.explain = { path in
      matcher.decidingPattern(path.bytes).map { "`\($0)` in `\(file)`" } ?? "`\(file)`"
    }
    return filter
  }

  /// Whether a path, with `/` between its parts, is left out.
  func ignores(_ path: String) -> Bool { matcher.matches(Array(path.utf8)) }

  private func state(of path: TreePath) -> PatternMatcher.State {
    var state = matcher.rootState
    for end in path.bytes.indices where path.bytes[end] == UInt8(ascii: "/") {
      state = matcher.state(ofPath: Array(path.bytes[..<end]), in: state)
    }
    return matcher.state(ofPath: path.bytes, in: state)
  }
}
