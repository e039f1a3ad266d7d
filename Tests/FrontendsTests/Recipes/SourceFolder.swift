import Frontends
import Glibc
import SystemPackage

/// A directory of sources that lives as long as the closure it is handed to.
func withSources<Result>(
  _ files: [String: String], _ body: (FilePath) throws -> Result
) throws -> Result {
  var template = Array("/tmp/slipway-recipe-XXXXXX".utf8CString)
  guard let path = mkdtemp(&template) else { throw Errno(rawValue: errno) }
  let root = FilePath(String(cString: path))
  defer { removeTree(root) }
  for (name, text) in files {
    var directory = root
    let parts = name.split(separator: "/")
    for part in parts.dropLast() {
      directory.append(String(part))
      mkdir(directory.string, 0o755)
    }
    let file = try FileDescriptor.open(
      directory.appending(String(parts.last ?? "")), .writeOnly,
      options: [.create, .truncate], permissions: [.ownerReadWrite])
    _ = try file.closeAfter { try file.writeAll(text.utf8) }
  }
  return try body(root)
}

private func removeTree(_ path: FilePath) {
  for entry in (try? SourceTree(root: path).entries(of: "")) ?? [] where entry.isDirectory {
    removeTree(path.appending(entry.name))
  }
  for entry in (try? SourceTree(root: path).entries(of: "")) ?? [] {
    unlink(path.appending(entry.name).string)
  }
  rmdir(path.string)
}

/// Renders what the sources ask for.
func rendered(
  _ files: [String: String], _ arguments: [String: String] = [:],
  ignoring ignored: Set<String> = []
) throws -> RenderedRecipe {
  try withSources(files) { root in
    try RecipeSelection.choose(
      directory: root, buildArguments: arguments, ignores: { ignored.contains($0) }
    ).render(buildArguments: arguments)
  }
}

/// What the sources' refusal says, or an empty text when they are not refused.
func refusal(
  _ files: [String: String], _ arguments: [String: String] = [:],
  ignoring ignored: Set<String> = []
) throws -> String {
  do {
    _ = try rendered(files, arguments, ignoring: ignored)
    return ""
  } catch let error as RecipeError {
    return error.description
  }
}

/// The lines of a Dockerfile, for questions of what is in it.
func lines(_ text: String) -> [String] {
  text.split(separator: "\n").map { line in
    String(line.drop { $0 == " " })
  }
}
