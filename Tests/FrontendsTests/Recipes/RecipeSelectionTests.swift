import Frontends
import SystemPackage
import Testing

@Suite("Recipe selection")
struct RecipeSelectionTests {
  private static let both = [
    "Package.swift": #"let package = Package(name: "p", targets: [.executableTarget(name: "s")])"#,
    "go.mod": "module example.com/g\n", "main.go": "package main\n",
  ]

  @Test("a tree that no recipe fits is refused, with what to do")
  func none() throws {
    try withSources(["main.py": ""]) { root -> Void in
      #expect(
        throws: RecipeError.noRecipe(
          directory: root.string, landmarks: ["Package.swift", "go.mod"])
      ) {
        _ = try RecipeSelection.choose(directory: root)
      }
    }
    #expect(
      RecipeError.noRecipe(directory: "/x", landmarks: ["Package.swift", "go.mod"]).description
        == """
        `/x` has no Dockerfile, and no recipe fits it: there is no `Package.swift` or `go.mod`
        hint: write a Dockerfile, or name one with `-f`
        """)
  }

  @Test("where two recipes fit, the user chooses")
  func two() throws {
    #expect(
      try refusal(Self.both) == """
        several recipes fit: the source has a `Package.swift` and `go.mod`
        hint: choose with `--build-arg SLIPWAY_RECIPE=swift` or `--build-arg SLIPWAY_RECIPE=go`, or write a Dockerfile and name it with `-f`
        """)
    #expect(try rendered(Self.both, ["SLIPWAY_RECIPE": "go"]).recipe == "go")
    #expect(try rendered(Self.both, ["SLIPWAY_RECIPE": "swift"]).recipe == "swift")
  }

  @Test("a recipe that does not exist, or does not fit, is refused")
  func unknown() throws {
    #expect(
      try refusal(Self.both, ["SLIPWAY_RECIPE": "rust"]) == """
        there is no recipe `rust`
        hint: the recipes are `swift` and `go`
        """)
    #expect(
      try refusal(["go.mod": "module m\n"], ["SLIPWAY_RECIPE": "swift"])
        .contains("there is no `Package.swift`"))
  }

  @Test("a directory that bears a landmark's name is no landmark")
  func directory() throws {
    #expect(try refusal(["Package.swift/x": "", "go.mod/x": ""]).contains("no recipe fits it"))
  }

  @Test("a manifest of any size is bounded")
  func bounded() throws {
    let large = String(repeating: "a", count: SourceTree.sizeLimit + 1)
    #expect(
      try refusal(["Package.swift": large])
        == "`Package.swift` is larger than \(SourceTree.sizeLimit) bytes")
  }

  @Test(
    "a path is followed inside the tree and never out of it",
    arguments: [
      ("a", "", "a"), ("./a/../b", "", "b"), ("../c", "a/b", "a/c"), ("..", "a", ""),
      ("..", "", nil), ("a/../../x", "", nil), ("/etc", "", nil), ("~/x", "", nil),
    ] as [(String, String, String?)])
  func resolving(path: String, directory: String, expected: String?) {
    #expect(SourceTree.resolve(path, in: directory) == expected)
  }

  @Test(
    "image names are lower case with dashes",
    arguments: [("Shop", "shop"), ("my_App.v2", "my-app-v2"), ("--", "app"), ("Ünï", "n")])
  func imageName(name: String, expected: String) {
    #expect(RenderedRecipe.imageName(for: name) == expected)
  }
}
