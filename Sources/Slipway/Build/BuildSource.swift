internal import Archive
internal import BuildGraph
internal import DockerfileSyntax
internal import Engine
internal import Frontends
internal import OCI
internal import Reporting
internal import Snapshots
internal import SystemPackage

/// The Dockerfile of a build: the user's, or the one that a recipe renders.
struct BuildSource {
  let text: SourceText
  /// The `.dockerignore` that counts; none does in a context that was fetched.
  let ignore: IgnoreFile
  /// The recipe that rendered it; nil for the user's own.
  let recipe: RenderedRecipe?

  /// How many steps may be reported while it is read.
  static let stepCount = 1

  private init(
    name: String, bytes: [UInt8], ignore: IgnoreFile = IgnoreFile(),
    recipe: RenderedRecipe? = nil
  ) {
    text = SourceText(named: name, bytes)
    self.ignore = ignore
    self.recipe = recipe
  }

  /// What it is called in messages.
  var name: String { text.name }
  var bytes: [UInt8] { text.bytes }

  /// Reads the Dockerfile that a request is about.
  static func load(
    _ request: BuildRequest, _ context: MainContext, home: Home, _ reporter: Reporter
  ) async throws -> BuildSource {
    switch (request.dockerfile, context.files) {
    case (.standardInput(let bytes), let files):
      return BuildSource(name: "-", bytes: bytes, ignore: try ignoreFile(in: files, for: nil))
    case (.http(let address), let files):
      let bytes = try await home.fetch(dockerfile: address, request, context, reporter)
      // Without user and query: they let in whoever reads a message.
      let shown = HTTPSource(address: address, fileName: "Dockerfile").shown
      return BuildSource(name: shown, bytes: bytes, ignore: try ignoreFile(in: files, for: nil))
    case (.file(let path), .fetched(_, let tree)) where !path.isAbsolute:
      return try inTree(tree, named: context.onlyFile ?? path.string)
    case (.file(let path), let files):
      // As with Docker, a relative path is one of the working directory.
      guard let found = dockerfile(at: path) else { throw RequestError.noDockerfile(path) }
      return BuildSource(
        name: path.string, bytes: try SmallFile.read(found),
        ignore: try ignoreFile(in: files, for: found))
    case (.inContext, .directory(let directory)):
      let usual = directory.appending("Dockerfile")
      guard let path = dockerfile(at: usual) else {
        return try recipe(
          for: directory, request, ignoring: ignoreFile(in: context.files, for: nil))
      }
      return BuildSource(
        name: path.lastComponent?.string ?? "Dockerfile", bytes: try SmallFile.readRegular(path),
        ignore: try ignoreFile(in: context.files, for: path))
    case (.inContext, .fetched(let fetched, let tree)):
      let name = context.onlyFile ?? "Dockerfile"
      if try found(name, in: tree) != nil { return try inTree(tree, named: name) }
      if let link = try tree.linkThatMayLeadOut() { throw RequestError.linkOutOfContext(link) }
      let engine = BuildEngine(stores: home.stores)
      guard let directory = try await engine.directory(of: fetched) else {
        throw RequestError.noDockerfileInContext(name)
      }
      do {
        return try recipe(for: directory, request, ignoring: nil)
      } catch RecipeError.noRecipe {
        // It would name a folder that means nothing to people.
        throw RequestError.noDockerfileInContext(name)
      }
    case (.inContext, .nothing): throw RequestError.noDockerfileInContext("Dockerfile")
    }
  }

  // MARK: - In a directory

  /// The file at a path; for `Dockerfile`, `dockerfile` where that is not there.
  private static func dockerfile(at path: FilePath) -> FilePath? {
    if FileStatus(path) != nil { return path }
    guard path.lastComponent?.string == "Dockerfile" else { return nil }
    let lower = path.removingLastComponent().appending("dockerfile")
    return FileStatus(lower) == nil ? nil : lower
  }

  /// `<Dockerfile>.dockerignore` beside the Dockerfile wins over the context's own.
  private static func ignoreFile(
    in files: MainContext.Files, for dockerfile: FilePath?
  ) throws -> IgnoreFile {
    guard case .directory(let context) = files else { return IgnoreFile() }
    var candidates = [context.appending(".dockerignore")]
    if let dockerfile, let name = dockerfile.lastComponent {
      let own = dockerfile.removingLastComponent().appending(name.string + ".dockerignore")
      candidates.insert(own, at: 0)
    }
    guard let path = candidates.first(where: { FileStatus($0) != nil }) else {
      return IgnoreFile()
    }
    return IgnoreFile(
      name: path.lastComponent?.string ?? ".dockerignore", bytes: try SmallFile.readRegular(path))
  }

  /// - Parameter ignore: the context's `.dockerignore`; nil where none counts.
  private static func recipe(
    for directory: FilePath, _ request: BuildRequest, ignoring ignore: IgnoreFile?
  ) throws -> BuildSource {
    let ignored = try (ignore ?? IgnoreFile()).files()
    let rendered = try RecipeSelection.choose(
      directory: directory, buildArguments: request.buildArguments, ignores: ignored.ignores
    ).render(buildArguments: request.buildArguments)
    var ignore = ignore
    if ignore?.bytes.isEmpty == true { ignore?.bytes = Array(rendered.dockerIgnore.utf8) }
    return BuildSource(
      name: "Dockerfile of the \(rendered.recipe) recipe", bytes: Array(rendered.dockerfile.utf8),
      ignore: ignore ?? IgnoreFile(), recipe: rendered)
  }

  // MARK: - In a context that was fetched

  private static func inTree(_ tree: any FileTree, named name: String) throws -> BuildSource {
    guard let file = try found(name, in: tree) else {
      throw RequestError.noDockerfileInContext(name)
    }
    return BuildSource(name: file.name, bytes: file.bytes)
  }

  private static func found(
    _ name: String, in tree: any FileTree
  ) throws -> (name: String, bytes: [UInt8])? {
    let path = TreePath(cleaning: name)
    if let bytes = try SmallTreeFile.read(path, in: tree) { return (name, bytes) }
    guard path.name.elementsEqual("Dockerfile".utf8) else { return nil }
    let lower = path.parent.appending("dockerfile".utf8)
    return try SmallTreeFile.read(lower, in: tree).map { (lower.description, $0) }
  }
}

extension Home {
  /// Fetches a Dockerfile by its address.
  fileprivate func fetch(
    dockerfile address: String, _ request: BuildRequest, _ context: MainContext,
    _ reporter: Reporter
  ) async throws -> [UInt8] {
    let engine = BuildEngine(stores: stores)
    var inputs = try request.inputsForFetching(reporter)
    inputs.firstStep = context.stepCount + 1
    let source = HTTPSource(address: address, fileName: "Dockerfile")
    let fetched = try await engine.fetch(
      .http(source), inputs, label: "[internal] load build definition from \(source.shown)")
    let tree = try await engine.files(of: fetched)
    guard let bytes = try SmallTreeFile.read(TreePath(cleaning: "Dockerfile"), in: tree) else {
      throw RequestError.noDockerfileInContext(source.shown)
    }
    return bytes
  }
}

extension FileTree {
  /// A link that does not surely stay inside, for who follows links without care: a target that is
  /// absolute, or goes up further than the link is deep, or goes up after it has gone down.
  fileprivate func linkThatMayLeadOut() throws -> String? {
    var pending = [TreePath.root]
    while let folder = pending.popLast() {
      let depth = folder.components.count
      for child in try children(of: folder) {
        let path = folder.appending(child.name)
        if child.node.isDirectory { pending.append(path) }
        guard child.node.metadata.kind == .symbolicLink else { continue }
        let target = child.node.metadata.linkTarget
        let parts = target.split(separator: UInt8(ascii: "/"))
        let isUp = parts.map { $0.elementsEqual("..".utf8) }
        let ups = isUp.prefix { $0 }.count
        let staysInside =
          target.first != UInt8(ascii: "/") && ups <= depth && !isUp.dropFirst(ups).contains(true)
        if !staysInside { return String(decoding: path.bytes, as: UTF8.self) }
      }
    }
    return nil
  }
}

// MARK: - Messages

extension BuildSource {
  /// Reports warnings, then throws all errors together.
  func report(_ diagnostics: [SyntaxDiagnostic], to reporter: Reporter) throws {
    let shown = diagnostics.map(diagnostic)
    shown.filter { $0.severity != .error }.forEach(reporter.diagnose)
    let errors = shown.filter { $0.severity == .error }
    guard errors.isEmpty else { throw BuildFailure(diagnostics: errors) }
  }

  func diagnostic(_ found: SyntaxDiagnostic) -> Diagnostic {
    Diagnostic(found, in: text)
  }

  func excerpt(_ range: SourceRange) -> SourceExcerpt {
    text.excerpt(marking: range)
  }

  func excerpt(lines: ClosedRange<Int>) -> SourceExcerpt {
    text.excerpt(marking: lines)
  }
}
