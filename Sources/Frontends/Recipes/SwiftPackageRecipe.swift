/// Builds a Swift package into one static executable.
///
/// The executable product comes from `--build-arg PRODUCT=`, else from the manifest's text where that
/// is sure, else the rendered script asks SwiftPM.
package struct SwiftPackageRecipe: Recipe {
  package static let word = "swift"
  package static let landmark = "Package.swift"

  /// The toolchain that a rendered Dockerfile names, unless the package asks for a newer one.
  static let defaultSwiftVersion = "6.3.1"

  /// What stands in for the program in an image whose product only SwiftPM knows: a link to it.
  static let unnamedProgram = "program"

  let manifest: SwiftManifestScan

  /// The directories of the local packages it depends on, however indirectly.
  let localPackages: [String]

  /// Whether the sources must be there before the dependencies can be resolved, because a manifest
  /// computes where its local dependencies are.
  let resolvesWithSources: Bool

  /// Whether the package carries SwiftPM configuration, such as mirrors.
  let hasConfiguration: Bool

  package static func detect(in tree: SourceTree) throws(RecipeError) -> SwiftPackageRecipe? {
    guard let bytes = try tree.contents(of: landmark) else { return nil }
    guard !tree.ignores(landmark) else {
      throw .hiddenFromBuild(path: landmark, because: "the build starts with it")
    }
    if tree.isFile("Package.resolved"), tree.ignores("Package.resolved") {
      throw .hiddenFromBuild(
        path: "Package.resolved", because: "it pins the versions of the dependencies")
    }
    let manifest = SwiftManifestScan(bytes)
    let local = try LocalPackages(of: manifest, in: tree)
    return SwiftPackageRecipe(
      manifest: manifest,
      localPackages: local.directories,
      resolvesWithSources: local.hasComputedPath,
      hasConfiguration: tree.isDirectory(".swiftpm/configuration"))
  }

  package func render(
    buildArguments: [String: String]
  ) throws(RecipeError) -> RenderedRecipe {
    let product = try product(asked: buildArguments["PRODUCT"])
    let name = product ?? manifest.packageName ?? "app"
    return RenderedRecipe(
      recipe: Self.word,
      name: RenderedRecipe.imageName(for: name),
      arguments: [RecipeSelection.buildArgument, "PRODUCT"],
      dockerfile: dockerfile(product: product, name: name),
      dockerIgnore: Self.dockerIgnore,
      crossContexts: ["swift-sdk": ".swiftpm/swift-sdks"])
  }

  /// The product to build, or `nil` when only SwiftPM can tell.
  private func product(asked: String?) throws(RecipeError) -> String? {
    let known = manifest.executables
    if let asked, !asked.isEmpty {
      guard manifest.isComputed || known.contains(asked) else {
        throw .unknownProduct(asked, known: known)
      }
      return try DockerfileText.plainName(asked, kind: "product")
    }
    if known.count == 1, let only = known.first {
      return try DockerfileText.plainName(only, kind: "product")
    }
    guard manifest.isComputed else {
      throw known.isEmpty ? .noExecutableProduct : .severalProducts(known)
    }
    return nil
  }
}

extension SwiftPackageRecipe {
  /// The packages inside the source tree that a package depends on, found by following manifests.
  private struct LocalPackages {
    var directories: [String] = []
    var hasComputedPath: Bool

    init(of manifest: SwiftManifestScan, in tree: SourceTree) throws(RecipeError) {
      hasComputedPath = manifest.hasComputedPath
      var queue = manifest.localDependencies.map { (path: $0, directory: "") }
      var seen: Set<String> = [""]
      while let (path, directory) = queue.popLast() {
        let file = directory.isEmpty ? "Package.swift" : "\(directory)/Package.swift"
        guard let found = SourceTree.resolve(path, in: directory) else {
          throw .outsideSource(path: path, namedIn: file)
        }
        guard seen.insert(found).inserted else { continue }
        guard let bytes = try tree.contents(of: "\(found)/Package.swift") else {
          throw .missingLocalPackage(path: path, namedIn: file)
        }
        guard !tree.ignores("\(found)/Package.swift") else {
          throw .hiddenFromBuild(path: found, because: "`\(file)` depends on the package there")
        }
        // Such a name would need quoting in a COPY; the sources come first then.
        if found.utf8.contains(where: { $0 <= 0x20 || "\"'\\$*?[".utf8.contains($0) }) {
          hasComputedPath = true
        } else {
          directories.append(found)
        }
        let scan = SwiftManifestScan(bytes)
        hasComputedPath = hasComputedPath || scan.hasComputedPath
        queue += scan.localDependencies.map { (path: $0, directory: found) }
      }
      directories.sort()
    }
  }
}
