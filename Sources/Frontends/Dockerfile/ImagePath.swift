/// Paths inside images, as Go's `path` package treats them.
enum ImagePath {
  /// The path from the root without `.`, `..`, doubled or trailing slashes.
  static func clean(_ path: String) -> String {
    var components: [Substring] = []
    for component in path.split(separator: "/") {
      switch component {
      case ".": continue
      case "..": _ = components.popLast()
      default: components.append(component)
      }
    }
    return "/" + components.joined(separator: "/")
  }

  /// `path`, cleaned; taken from `directory` where it is relative.
  static func join(_ directory: String, _ path: String) -> String {
    clean(path.hasPrefix("/") ? path : directory + "/" + path)
  }

  /// The working directory after `WORKDIR path`. An absolute path stays as it is written, with its
  /// doubled and trailing slashes, because BuildKit leaves it so in the configuration.
  static func workingDirectory(_ current: String?, _ path: String) -> String {
    if path.hasPrefix("/") { return path }
    let current = current ?? ""
    let parent = current.hasPrefix("/") ? current : clean(current)
    return path.isEmpty ? parent : join(parent, path)
  }

  /// Where `COPY` puts things: as `join`, but a trailing slash, which says that it is a directory,
  /// stays; so do the ways to say the same, `.`, `x/.` and nothing.
  static func destination(_ directory: String, _ path: String) -> String {
    let joined = join(directory, path)
    let isDirectory = path.isEmpty || path == "." || path.hasSuffix("/") || path.hasSuffix("/.")
    return isDirectory && joined != "/" ? joined + "/" : joined
  }

  /// Cleaned like Go's `path.Clean`: what is relative stays so.
  static func cleanKeepingRelative(_ path: String) -> String {
    if path.hasPrefix("/") { return clean(path) }
    var components: [Substring] = []
    for component in path.split(separator: "/") where component != "." {
      if component == "..", let last = components.last, last != ".." {
        components.removeLast()
      } else {
        components.append(component)
      }
    }
    return components.isEmpty ? "." : components.joined(separator: "/")
  }

  /// The last component; empty for the root.
  static func lastComponent(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? ""
  }
}
