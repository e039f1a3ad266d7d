/// Why no Dockerfile can be rendered for a source tree.
package enum RecipeError: Error, Hashable, Sendable {
  case noRecipe(directory: String, landmarks: [String])
  case severalRecipes(landmarks: [String], words: [String])
  case unknownRecipe(String, known: [String])
  case unreadable(path: String, reason: String)
  case tooLarge(path: String, limit: Int)
  case hiddenFromBuild(path: String, because: String)
  case outsideSource(path: String, namedIn: String)

  case noExecutableProduct
  case severalProducts([String])
  case unknownProduct(String, known: [String])
  case missingLocalPackage(path: String, namedIn: String)

  case depLockFile
  case noMainPackage
  case severalMainPackages([String])
  case unknownPackage(String, known: [String])

  case unusableName(String, kind: String)
}

extension RecipeError: CustomStringConvertible {
  /// What is wrong, in one line.
  package var summary: String {
    switch self {
    case .noRecipe(let directory, let landmarks):
      "`\(directory)` has no Dockerfile, and no recipe fits it: there is no \(Self.list(landmarks))"
    case .severalRecipes(let landmarks, _):
      "several recipes fit: the source has a \(Self.list(landmarks, with: "and"))"
    case .unknownRecipe(let word, _):
      "there is no recipe `\(word)`"
    case .unreadable(let path, let reason):
      "cannot read `\(path)`: \(reason)"
    case .tooLarge(let path, let limit):
      "`\(path)` is larger than \(limit) bytes"
    case .hiddenFromBuild(let path, let because):
      "`.dockerignore` hides `\(path)` from the build, but \(because)"
    case .outsideSource(let path, let file):
      "`\(file)` depends on `\(path)`, which lies outside the build context"
    case .noExecutableProduct:
      "the package has no executable product, so there is no program to ship"
    case .severalProducts(let products):
      "the package has several executable products: \(Self.list(products, with: "and"))"
    case .unknownProduct(let product, _):
      "the package has no executable product `\(product)`"
    case .missingLocalPackage(let path, let file):
      "`\(file)` depends on the package at `\(path)`, which has no `Package.swift`"
    case .depLockFile:
      "the dependencies are locked by dep (`Gopkg.lock`), which current Go does not read"
    case .noMainPackage:
      "the module has no main package, so there is no program to ship"
    case .severalMainPackages(let packages):
      "the module has several main packages: \(Self.list(packages, with: "and"))"
    case .unknownPackage(let package, _):
      "the module has no main package at `\(package)`"
    case .unusableName(let name, let kind):
      "`\(name)` cannot be the name of a \(kind) here"
    }
  }

  /// What to do about it.
  package var hint: String? {
    switch self {
    case .noRecipe:
      "write a Dockerfile, or name one with `-f`"
    case .severalRecipes(_, let words):
      "choose with \(Self.arguments(RecipeSelection.buildArgument, words)), "
        + "or write a Dockerfile and name it with `-f`"
    case .unknownRecipe(_, let known):
      "the recipes are \(Self.list(known, with: "and"))"
    case .unreadable, .tooLarge:
      nil
    case .hiddenFromBuild(let path, _):
      "take the pattern that matches `\(path)` out of `.dockerignore`, or add `!\(path)` to its end"
    case .outsideSource:
      "build in the directory that holds both, with a Dockerfile named by `-f`"
    case .noExecutableProduct:
      "add an `executableTarget`, or write a Dockerfile"
    case .severalProducts(let products):
      "choose with \(Self.arguments("PRODUCT", products))"
    case .unknownProduct(_, let known), .unknownPackage(_, let known):
      known.isEmpty ? nil : "there is \(Self.list(known, with: "and"))"
    case .missingLocalPackage:
      "add the package to the source, perhaps it is a submodule that was not checked out"
    case .depLockFile:
      "move to modules with `go mod init MODULE && go mod tidy`: "
        + "it takes the versions over from `Gopkg.lock`"
    case .noMainPackage:
      "add a package that says `package main`, or write a Dockerfile"
    case .severalMainPackages(let packages):
      "choose with \(Self.arguments("PACKAGE", packages))"
    case .unusableName:
      "use letters, digits, `.`, `_`, `+` and `-`"
    }
  }

  package var description: String {
    guard let hint else { return summary }
    return "\(summary)\nhint: \(hint)"
  }

  private static func list(_ words: [String], with conjunction: String = "or") -> String {
    joined(words.map { "`\($0)`" }, with: conjunction)
  }

  private static func arguments(_ name: String, _ values: [String]) -> String {
    joined(values.map { "`--build-arg \(name)=\($0)`" }, with: "or")
  }

  private static func joined(_ words: [String], with conjunction: String) -> String {
    guard words.count > 1, let last = words.last else { return words.first ?? "none" }
    return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }
}
