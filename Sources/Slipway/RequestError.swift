package import OCI
package import Registry
package import SystemPackage

/// What is wrong with what was asked for.
package enum RequestError: Error, CustomStringConvertible {
  case noContext(FilePath)
  case contextNotDirectory(FilePath)
  case noDockerfile(FilePath)
  /// In a context that was fetched.
  case noDockerfileInContext(String)
  /// Both the context and `--file` are one.
  case twoDockerfiles
  /// A recipe reads no context with such a link.
  case linkOutOfContext(String)
  case toolchainWithoutRecipe
  case malformedEpoch(String)
  case secretVariableUnset(id: String, name: String)
  /// Neither the store nor the registry has it.
  case imageNotFound(RegistryError)
  case nothingToPush
  /// None of several platforms is the one that an engine runs on.
  case notForEngine(String, Platform, [Platform])
  case unknownImage(String)
  case ambiguousImage(String, [String])
  case fileExists(FilePath)
  case noCommand(String)
  case nameInUse(String)
  case malformedContainerName(String)
  case layoutNeedsDirectory
  /// A cache that was to be written, and why that failed.
  case cacheNotWritten(String, String)

  package var description: String {
    switch self {
    case .noContext(let path):
      "`\(path)` does not exist; hint: give the directory to build, or an address"
    case .contextNotDirectory(let path):
      "`\(path)` is not a directory; hint: give the directory to build, and the Dockerfile with `-f`"
    case .noDockerfile(let path): "there is no Dockerfile at `\(path)`"
    case .noDockerfileInContext(let path):
      "there is no `\(path)` in the build context; hint: name the Dockerfile with `--file`, which may "
        + "be one of this machine with its whole path"
    case .twoDockerfiles:
      "ambiguous Dockerfile source: both standard input and `--file` are a Dockerfile; "
        + "hint: leave one of them out"
    case .linkOutOfContext(let path):
      "there is no Dockerfile in the build context, and for a recipe `\(path)` must not lead out of it; "
        + "hint: write a Dockerfile, as `slipway init` does"
    case .toolchainWithoutRecipe:
      "`--toolchain host` is for recipes, and this directory has a Dockerfile; "
        + "hint: `--build-context NAME=host:` puts this machine in the place of a stage or image"
    case .malformedEpoch(let text):
      "`SOURCE_DATE_EPOCH` is `\(text)`, which is not a number of seconds since 1970"
    case .secretVariableUnset(let id, let name):
      "the secret `\(id)` comes from the variable `\(name)`, which is not set"
    case .imageNotFound(let error):
      "it is not in the local store, and its registry does not give it: \(error.problem); "
        + "hint: \(error.hint ?? "check the network"); `slipway load` reads an image from an archive, "
        + "and `--build-context` puts something else in its place"
    case .nothingToPush:
      "the image has no name to push it under; hint: name it with `--tag REGISTRY/REPOSITORY:TAG`"
    case .notForEngine(let engine, let platform, let built):
      "\(engine) takes one image of several, the one for `\(platform)`, and there are "
        + built.map { "`\($0)`" }.joined(separator: ", ")
        + "; hint: add it to `--platform`, or build for one platform alone"
    case .unknownImage(let text):
      "there is no image `\(text)` in the store; hint: `slipway images` lists them"
    case .ambiguousImage(let text, let names):
      "`\(text)` could be any of " + names.map { "`\($0)`" }.joined(separator: ", ")
        + "; hint: give more digits"
    case .fileExists(let path):
      "`\(path)` exists already; hint: move it away, or use `--force` to replace it"
    case .noCommand(let name):
      "`\(name)` has no entrypoint and no command; hint: name a program after the image"
    case .layoutNeedsDirectory:
      "a layout is a directory; hint: give it with `--output DIRECTORY`"
    case .cacheNotWritten(let name, let problem):
      "the cache `\(name)` cannot be written: \(problem)"
    case .nameInUse(let name):
      "a container named `\(name)` is running; hint: choose another `--name`"
    case .malformedContainerName(let name):
      "`\(name)` is no name for a container; hint: letters, digits, `_`, `.` and `-`, at most 63"
    }
  }
}
