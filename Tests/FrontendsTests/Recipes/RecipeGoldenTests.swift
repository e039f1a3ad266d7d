import Frontends
import Glibc
import SystemPackage
import Testing

@Suite("Rendered Dockerfiles")
struct RecipeGoldenTests {
  static let hello = """
    // swift-tools-version: 6.2
    import PackageDescription
    let package = Package(name: "hello", targets: [.executableTarget(name: "hello")])
    """

  static let cases: [(name: String, files: [String: String])] = [
    ("swift-hello", ["Package.swift": hello]),
    (
      "swift-local-packages",
      [
        "Package.swift": """
        // swift-tools-version: 6.4
        import PackageDescription
        let package = Package(
          name: "Shop",
          products: [.executable(name: "shop", targets: ["Shop"])],
          dependencies: [.package(path: "Libraries/Cart")],
          targets: [.executableTarget(name: "Shop", dependencies: ["Cart"])])
        """,
        "Libraries/Cart/Package.swift": """
        // swift-tools-version: 6.2
        import PackageDescription
        let package = Package(name: "Cart", dependencies: [.package(path: "../Money")])
        """,
        "Libraries/Money/Package.swift": "// swift-tools-version: 6.2",
        ".swiftpm/configuration/mirrors.json": "{}",
      ]
    ),
    (
      "swift-computed",
      [
        "Package.swift": """
        // swift-tools-version: 6.2
        import PackageDescription
        let names = ["one"]
        let package = Package(
          name: "computed",
          dependencies: [.package(path: "Libraries/" + names[0])],
          targets: names.map { .executableTarget(name: $0) })
        """
      ]
    ),
    (
      "go-modules",
      [
        "go.mod": "module example.com/shop/v2\n\ngo 1.27.9\n\nreplace example.com/cart => ./cart\n",
        "cmd/shop/main.go": "package main\n\nfunc main() {}\n",
        "cart/go.mod": "module example.com/cart\n",
      ]
    ),
    (
      "go-vendored",
      [
        "go.mod": "module example.com/shop\n\ngo 1.19\n",
        "main.go": "package main\n\nfunc main() {}\n",
        "vendor/modules.txt": "# example.com/cart v1.0.0\n",
      ]
    ),
  ]

  @Test("each kind of source tree has the Dockerfile that is on record", arguments: cases)
  func golden(name: String, files: [String: String]) throws {
    let result = try rendered(files)
    try expect(result.dockerfile, isOnRecordAs: "\(name).dockerfile")
    try expect(result.dockerIgnore, isOnRecordAs: "\(result.recipe).dockerignore")
  }

  @Test(
    "the examples have a recipe",
    arguments: [
      ("swift-server", "swift"), ("go-server", "go"), ("go-server-vendored", "go"),
    ])
  func example(name: String, word: String) throws {
    // Tests/FrontendsTests/Recipes/RecipeGoldenTests.swift
    let root = (0..<4).reduce(FilePath(#filePath)) { path, _ in path.removingLastComponent() }
    let directory = root.appending("Examples").appending(name)
    let result = try RecipeSelection.choose(directory: directory).render(buildArguments: [:])
    #expect(result.recipe == word)
    #expect(result.name == name)
    #expect(!SourceTree(root: directory).isFile("Dockerfile"), "its recipe would not be used")
  }

  @Test("rendering twice gives the same text", arguments: cases)
  func pure(name: String, files: [String: String]) throws {
    #expect(try rendered(files) == rendered(files))
  }

  @Test("no rendered line is longer than people read", arguments: cases)
  func readable(name: String, files: [String: String]) throws {
    for line in try rendered(files).dockerfile.split(separator: "\n") {
      #expect(line.count <= 110, "\(line)")
    }
  }

  /// Compares with the file in `Golden`; `UPDATE_GOLDEN=1` in the environment writes it instead.
  private func expect(_ text: String, isOnRecordAs name: String) throws {
    let file = FilePath(#filePath).removingLastComponent().appending("Golden").appending(name)
    if getenv("UPDATE_GOLDEN") != nil {
      let output = try FileDescriptor.open(
        file, .writeOnly, options: [.create, .truncate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      _ = try output.closeAfter { try output.writeAll(text.utf8) }
      return
    }
    let record = try SourceTree(root: file.removingLastComponent()).contents(of: name)
    #expect(text == String(decoding: record ?? [], as: UTF8.self))
  }
}
