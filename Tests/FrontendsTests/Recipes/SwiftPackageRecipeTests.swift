import Frontends
import Testing

@Suite("Swift package recipe")
struct SwiftPackageRecipeTests {
  private func manifest(_ body: String, tools: String = "6.2") -> [String: String] {
    ["Package.swift": "// swift-tools-version: \(tools)\nimport PackageDescription\n\(body)\n"]
  }

  private func entrypoint(_ files: [String: String], _ arguments: [String: String] = [:]) throws
    -> String?
  {
    lines(try rendered(files, arguments).dockerfile).last
  }

  @Test("the only executable target is the product")
  func oneTarget() throws {
    let files = manifest(
      #"let package = Package(name: "p", targets: [.executableTarget(name: "hi")])"#)
    #expect(try entrypoint(files) == #"ENTRYPOINT ["/app/hi"]"#)
    #expect(try rendered(files).name == "hi")
  }

  @Test("a declared product takes the place of its target's own")
  func declared() throws {
    let files = manifest(
      #"""
      let package = Package(
        name: "p",
        products: [.executable(name: "my-server", targets: ["Server"]), .library(name: "L", targets: ["L"])],
        targets: [.target(name: "L"), .executableTarget(name: "Server", dependencies: ["L"])])
      """#)
    #expect(try entrypoint(files) == #"ENTRYPOINT ["/app/my-server"]"#)
  }

  private static let two = #"""
    let package = Package(
      name: "p",
      products: [.executable(name: "web", targets: ["Web"])],
      targets: [.executableTarget(name: "Web"), .executableTarget(name: "worker")])
    """#

  @Test("several products are listed, with what to type")
  func several() throws {
    #expect(
      try refusal(manifest(Self.two)) == """
        the package has several executable products: `web` and `worker`
        hint: choose with `--build-arg PRODUCT=web` or `--build-arg PRODUCT=worker`
        """)
  }

  @Test("PRODUCT chooses, and must be there")
  func chosen() throws {
    #expect(
      try entrypoint(manifest(Self.two), ["PRODUCT": "worker"]) == #"ENTRYPOINT ["/app/worker"]"#)
    #expect(
      try refusal(manifest(Self.two), ["PRODUCT": "Web"]) == """
        the package has no executable product `Web`
        hint: there is `web` and `worker`
        """)
  }

  @Test("a library is refused")
  func library() throws {
    let files = manifest(#"let package = Package(name: "p", targets: [.target(name: "p")])"#)
    #expect(
      try refusal(files) == """
        the package has no executable product, so there is no program to ship
        hint: add an `executableTarget`, or write a Dockerfile
        """)
  }

  @Test(
    "words in comments and strings are not products",
    arguments: [
      #"// .executableTarget(name: "no")"#,
      #"/* /* .executableTarget(name: "no") */ .executableTarget(name: "no") */"#,
      ##"let a = #".executableTarget(name: "no")"#"##,
      #"let a = ".executableTarget(name: \"no\")""#,
      "let a = \"\"\"\n  .executableTarget(name: \"no\")\n  \"\"\"",
      #"let a = "\(["("].first ?? ")") .executableTarget(name: 1)""#.replacing("?? ", with: ""),
    ])
  func hidden(noise: String) throws {
    let files = manifest(
      noise + "\n" + #"let package = Package(name: "p", targets: [.executableTarget(name: "yes")])"#
    )
    #expect(try entrypoint(files) == #"ENTRYPOINT ["/app/yes"]"#)
  }

  @Test(
    "a manifest that computes its products leaves the question to SwiftPM",
    arguments: [
      #"let package = Package(name: "p", targets: names.map { .executableTarget(name: $0) })"#,
      #"let package = Package(name: "p", targets: [.executableTarget(name: "a\(1)")])"#,
      "#if os(Linux)\n#endif\nlet package = Package(name: \"p\", targets: [.executableTarget(name: \"a\"), .executableTarget(name: \"b\")])",
    ])
  func computed(body: String) throws {
    let text = try rendered(manifest(body)).dockerfile
    #expect(lines(text).contains("ARG PRODUCT="))
    #expect(lines(text).last == #"ENTRYPOINT ["/app/program"]"#)
    #expect(text.contains("show-executables"))
    #expect(
      try entrypoint(manifest(body), ["PRODUCT": "chosen"]) == #"ENTRYPOINT ["/app/chosen"]"#)
  }

  @Test("a computing manifest with one executable is taken at its word")
  func computedButClear() throws {
    let files = manifest(
      #"""
      let package = Package(name: "p", targets: [.executableTarget(name: "a")])
      for target in package.targets { target.swiftSettings = [] }
      """#)
    #expect(try entrypoint(files) == #"ENTRYPOINT ["/app/a"]"#)
  }

  @Test("before tools version 5.4 a plain target may be the program")
  func oldTools() throws {
    let files = manifest(
      #"let package = Package(name: "p", targets: [.target(name: "p")])"#, tools: "5.3")
    #expect(try entrypoint(files) == #"ENTRYPOINT ["/app/program"]"#)
  }

  @Test(
    "a name that would need quoting is refused", arguments: ["a b", "a\"b", "$(x)", "-x", ".."])
  func oddName(name: String) throws {
    let files = manifest(
      "let package = Package(name: \"p\", targets: [.executableTarget(name: n)])")
    #expect(
      try refusal(files, ["PRODUCT": name]).hasPrefix("`\(name)` cannot be the name of a product"))
  }

  @Test("the dependencies' layer sees manifests and pins alone")
  func layering() throws {
    let all = lines(
      try rendered([
        "Package.swift": #"""
        // swift-tools-version: 6.2
        let package = Package(name: "p", dependencies: [.package(name: "b", path: "./Local/B")],
          targets: [.executableTarget(name: "p")])
        """#,
        "Local/B/Package.swift": #"let package = Package(name: "B")"#,
      ]).dockerfile)
    let copies = all.filter { $0.hasPrefix("COPY") }
    #expect(
      copies == [
        "COPY Package*.swift Package.resolve[d] ./",
        "COPY Local/B/Package*.swift Local/B/",
        "COPY . /tmp/sources/",
        "COPY --from=build /out/ /",
      ])
  }

  @Test("what compiles runs where the build does, with SDKs from a context or the caller's home")
  func platforms() throws {
    let files = manifest(
      #"let package = Package(name: "p", targets: [.executableTarget(name: "p")])"#)
    let recipe = try rendered(files)
    #expect(recipe.crossContexts == ["swift-sdk": ".swiftpm/swift-sdks"])
    let text = lines(recipe.dockerfile)
    #expect(text.contains("FROM scratch AS swift-sdk"))
    #expect(
      text.contains("FROM --platform=$BUILDPLATFORM swift:${SWIFT_VERSION}-bookworm AS toolchain"))
    let target = try #require(text.firstIndex { $0.hasPrefix("ARG TARGET") })
    #expect(text[..<target].allSatisfy { !$0.contains("TARGET") })
    #expect(text[..<target].contains("COPY . /tmp/sources/"))
    #expect(text[target...].count { $0.hasPrefix("RUN") } == 2)
  }

  @Test("a local package outside the source is refused")
  func outside() throws {
    let files = manifest(
      #"let package = Package(name: "p", dependencies: [.package(path: "../b")], targets: [.executableTarget(name: "p")])"#
    )
    #expect(
      try refusal(files) == """
        `Package.swift` depends on `../b`, which lies outside the build context
        hint: build in the directory that holds both, with a Dockerfile named by `-f`
        """)
  }

  @Test("a local package that is not there is refused")
  func missing() throws {
    let files = manifest(
      #"let package = Package(name: "p", dependencies: [.package(path: "b")], targets: [.executableTarget(name: "p")])"#
    )
    #expect(
      try refusal(files) == """
        `Package.swift` depends on the package at `b`, which has no `Package.swift`
        hint: add the package to the source, perhaps it is a submodule that was not checked out
        """)
  }

  @Test("a hidden manifest is refused")
  func hiddenManifest() throws {
    let files = manifest(
      #"let package = Package(name: "p", targets: [.executableTarget(name: "p")])"#)
    #expect(
      try refusal(files, ignoring: ["Package.swift"]) == """
        `.dockerignore` hides `Package.swift` from the build, but the build starts with it
        hint: take the pattern that matches `Package.swift` out of `.dockerignore`, or add `!Package.swift` to its end
        """)
  }

  @Test("hidden pins are refused, for the newest versions would be taken in silence")
  func hiddenPins() throws {
    let files = manifest(
      #"let package = Package(name: "p", targets: [.executableTarget(name: "p")])"#)
    #expect(
      try refusal(
        files.merging(["Package.resolved": "{}"]) { $1 }, ignoring: ["Package.resolved"]
      ).hasPrefix("`.dockerignore` hides `Package.resolved` from the build"))
  }

  @Test("any bytes are read to their end", arguments: 0..<200)
  func total(seed: Int) throws {
    var generator = SplitMix(state: UInt64(seed))
    let pieces = [
      "\"", "#", "\"\"\"", "\\(", ")", "(", "/*", "*/", "//", "\n", ".executable(", "name:", "[",
      "]", ",", "`", "\\", "Package(", "targets:", "é",
    ]
    let text = (0..<60).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
    _ = try refusal(["Package.swift": text])
  }
}

/// A small seeded generator, so that a failing case can be had again.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
