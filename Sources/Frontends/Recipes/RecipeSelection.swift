package import SystemPackage

/// Chooses the recipe for a directory.
package enum RecipeSelection {
  /// The build argument that decides between recipes where several fit.
  ///
  /// It is meant for this choice alone: no rendered Dockerfile declares it.
  package static let buildArgument = "SLIPWAY_RECIPE"

  private static let recipes: [any Recipe.Type] = [SwiftPackageRecipe.self, GoModuleRecipe.self]

  /// The recipe that fits the directory; an error says what to do when none does, or several do.
  ///
  /// - Parameters:
  ///   - ignores: whether the `.dockerignore` in force hides a path (relative, `/` between its
  ///     parts) from the build.
  package static func choose(
    directory: FilePath,
    buildArguments: [String: String] = [:],
    ignores: @escaping @Sendable (String) -> Bool = { _ in false }
  ) throws(RecipeError) -> any Recipe {
    let tree = SourceTree(root: directory, ignores: ignores)
    var candidates = recipes
    if let word = buildArguments[buildArgument], !word.isEmpty {
      candidates = recipes.filter { $0.word == word }
      guard !candidates.isEmpty else {
        throw .unknownRecipe(word, known: recipes.map { $0.word })
      }
    } else {
      candidates = recipes.filter { tree.isFile($0.landmark) }
      guard candidates.count < 2 else {
        throw .severalRecipes(
          landmarks: candidates.map { $0.landmark }, words: candidates.map { $0.word })
      }
      // Without a landmark a recipe may still know why the tree is not quite its own.
      if candidates.isEmpty { candidates = recipes }
    }
    for candidate in candidates {
      if let recipe = try candidate.detect(in: tree) { return recipe }
    }
    throw .noRecipe(directory: directory.string, landmarks: candidates.map { $0.landmark })
  }
}
