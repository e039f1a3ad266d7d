/// Knows how to build one kind of source tree that has no Dockerfile: by rendering one.
///
/// A recipe is a value that holds what `detect` found, so `render` is a pure function. The
/// Dockerfile it renders is an ordinary one: any BuildKit builds it, and nothing downstream knows
/// that it was not written by hand.
package protocol Recipe: Sendable {
  /// The word that names it in `--build-arg SLIPWAY_RECIPE=`.
  static var word: String { get }

  /// The file that gives such a source tree away, for messages.
  static var landmark: String { get }

  /// Reads what rendering needs to know, or gives `nil` when the tree is of another kind.
  static func detect(in tree: SourceTree) throws(RecipeError) -> Self?

  /// Renders the Dockerfile for these build arguments.
  ///
  /// Most arguments are left to the builder, which hands them to the `ARG` of their name; only those
  /// that change the text (which product, which package) are looked at here.
  func render(buildArguments: [String: String]) throws(RecipeError) -> RenderedRecipe
}

/// A Dockerfile that a recipe made, and what belongs beside it.
package struct RenderedRecipe: Hashable, Sendable {
  /// The word of the recipe that made it.
  package var recipe: String

  /// What the program is called, fit for the repository part of an image name.
  package var name: String

  /// The build arguments that rendering looks at.
  package var arguments: Set<String>

  /// The text of the Dockerfile.
  package var dockerfile: String

  /// The text of a `.dockerignore`, for a tree that has none.
  package var dockerIgnore: String

  /// What of the caller's home compiles for other platforms than the builder's: paths below it, by the
  /// names of the build contexts that they fill where nobody gives these.
  package var crossContexts: [String: String] = [:]
}

extension RenderedRecipe {
  /// A name as image references allow it: lower case, and a dash for every run of other characters.
  package static func imageName(for name: String) -> String {
    var result = ""
    for character in name.lowercased() {
      let isPlain = character.isASCII && (character.isLetter || character.isNumber)
      if isPlain {
        result.append(character)
      } else if !result.isEmpty, result.last != "-" {
        result.append("-")
      }
    }
    if result.last == "-" { result.removeLast() }
    return result.isEmpty ? "app" : result
  }
}
