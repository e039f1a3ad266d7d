internal import Frontends
package import SystemPackage

/// Writes what the recipe that fits `directory` renders, and returns the paths written.
///
/// Throws `RecipeError`; `RequestError.fileExists` where a file is there and `replacing` is false.
/// Nothing is written unless everything can be.
package func initialize(
  _ directory: FilePath, buildArguments: [String: String], replacing: Bool
) throws -> [FilePath] {
  guard FileStatus(directory)?.isDirectory == true else { throw RequestError.noContext(directory) }
  let rendered = try RecipeSelection.choose(
    directory: directory, buildArguments: buildArguments
  ).render(buildArguments: buildArguments)
  let files = [
    (directory.appending("Dockerfile"), rendered.dockerfile),
    (directory.appending(".dockerignore"), rendered.dockerIgnore),
  ]
  for (path, _) in files where !replacing && FileStatus(path) != nil {
    throw RequestError.fileExists(path)
  }
  for (path, text) in files { try OutputFile.write(Array(text.utf8), to: path) }
  return files.map { path, _ in path }
}
