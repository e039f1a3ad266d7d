/// Builds a Go module into one static executable.
///
/// The main package comes from `--build-arg PACKAGE=`, else it is the only one there is. A tree with
/// `vendor/modules.txt` is built from `vendor/` alone and needs no network at any step.
package struct GoModuleRecipe: Recipe {
  package static let word = "go"
  package static let landmark = "go.mod"

  /// The toolchain that a rendered Dockerfile names, unless the module asks for a newer one.
  static let defaultGoVersion = "1.27.3"

  let module: GoModuleFile

  /// The main packages, as paths such as `./cmd/server`; `.` is the module's root.
  let mainPackages: [String]

  let isVendored: Bool

  /// The directories of the modules inside the tree that `replace` puts in the place of others.
  let localModules: [String]

  /// Whether a workspace (`go.work`) makes the modules depend on more than `go.mod` says.
  let hasWorkspace: Bool

  package static func detect(in tree: SourceTree) throws(RecipeError) -> GoModuleRecipe? {
    guard let bytes = try tree.contents(of: landmark) else {
      if tree.isFile("Gopkg.lock") { throw .depLockFile }
      return nil
    }
    guard !tree.ignores(landmark) else {
      throw .hiddenFromBuild(path: landmark, because: "the build starts with it")
    }
    if tree.isFile("go.sum"), tree.ignores("go.sum") {
      throw .hiddenFromBuild(path: "go.sum", because: "it holds the checksums of the dependencies")
    }
    let isVendored = tree.isFile("vendor/modules.txt")
    if isVendored, tree.ignores("vendor") || tree.ignores("vendor/modules.txt") {
      throw .hiddenFromBuild(
        path: "vendor", because: "`vendor/modules.txt` says that the dependencies are there")
    }
    let module = GoModuleFile(bytes)
    return GoModuleRecipe(
      module: module,
      mainPackages: try GoMainPackages.find(in: tree),
      isVendored: isVendored,
      localModules: try localModules(of: module, in: tree),
      hasWorkspace: tree.isFile("go.work"))
  }

  private static func localModules(
    of module: GoModuleFile, in tree: SourceTree
  ) throws(RecipeError) -> [String] {
    var directories: Set<String> = []
    for path in module.localReplacements {
      guard let directory = SourceTree.resolve(path, in: "") else {
        throw .outsideSource(path: path, namedIn: landmark)
      }
      directories.insert(directory)
    }
    return directories.sorted()
  }

  package func render(
    buildArguments: [String: String]
  ) throws(RecipeError) -> RenderedRecipe {
    let package = try mainPackage(asked: buildArguments["PACKAGE"])
    let name = try DockerfileText.plainName(programName(of: package), kind: "program")
    return RenderedRecipe(
      recipe: Self.word,
      name: RenderedRecipe.imageName(for: name),
      arguments: [RecipeSelection.buildArgument, "PACKAGE"],
      dockerfile: dockerfile(package: package, name: name),
      dockerIgnore: Self.dockerIgnore)
  }

  private func mainPackage(asked: String?) throws(RecipeError) -> String {
    guard let asked, !asked.isEmpty else {
      guard let only = mainPackages.first else { throw .noMainPackage }
      guard mainPackages.count == 1 else { throw .severalMainPackages(mainPackages) }
      return only
    }
    let package = normalized(asked)
    guard mainPackages.contains(package) else {
      throw .unknownPackage(asked, known: mainPackages)
    }
    return package
  }

  /// `cmd/x`, `./cmd/x/` and `example.com/module/cmd/x` are all `./cmd/x`.
  private func normalized(_ package: String) -> String {
    var path = package[...]
    if let module = module.path, path == module || path.hasPrefix(module + "/") {
      path = path.dropFirst(module.count)
      while path.hasPrefix("/") { path = path.dropFirst() }
    }
    let parts = path.split(separator: "/").filter { $0 != "." }
    return parts.isEmpty ? "." : "./" + parts.joined(separator: "/")
  }

  /// What `go build` would call it: the last part of the import path that is not a major version.
  private func programName(of package: String) -> String {
    let path = (module.path ?? "app") + (package == "." ? "" : package.dropFirst())
    let parts = path.split(separator: "/")
    let isVersion = { (part: Substring) in
      part.first == "v" && part.count > 1 && part.dropFirst().allSatisfy(\.isNumber)
    }
    return String(parts.last { !isVersion($0) } ?? "app")
  }
}
