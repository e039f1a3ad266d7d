internal import DockerfileSyntax
internal import Frontends
import Glibc
internal import OCI
internal import Reporting
internal import SystemPackage

/// The Dockerfile of a build: the user's, or the one that a recipe renders.
struct BuildSource {
  /// What it is called in messages.
  let name: String
  let bytes: [UInt8]
  /// The text of the `.dockerignore` that counts.
  let ignore: [UInt8]
  /// The recipe that rendered it; nil for the user's own.
  let recipe: RenderedRecipe?

  init(_ request: BuildRequest) throws {
    guard let context = FileStatus(request.context) else {
      throw RequestError.noContext(request.context)
    }
    guard context.isDirectory else { throw RequestError.contextNotDirectory(request.context) }
    switch request.dockerfile {
    case .standardInput(let bytes):
      name = "-"
      self.bytes = bytes
      ignore = try BuildSource.ignoreFile(in: request.context, for: nil)
      recipe = nil
    case .file(let path):
      name = path.string
      // As with Docker, a relative path is one of the working directory.
      guard FileStatus(path) != nil else { throw RequestError.noDockerfile(path) }
      bytes = try SmallFile.read(path)
      ignore = try BuildSource.ignoreFile(in: request.context, for: path)
      recipe = nil
    case .inContext:
      let candidates = ["Dockerfile", "dockerfile"].map { request.context.appending($0) }
      if let path = candidates.first(where: { FileStatus($0) != nil }) {
        name = path.lastComponent?.string ?? "Dockerfile"
        bytes = try SmallFile.read(path)
        ignore = try BuildSource.ignoreFile(in: request.context, for: path)
        recipe = nil
      } else {
        let own = try BuildSource.ignoreFile(in: request.context, for: nil)
        let ignored = IgnoredFiles(try DockerIgnore.parse(own).matcher())
        let rendered = try RecipeSelection.choose(
          directory: request.context, buildArguments: request.buildArguments,
          ignores: ignored.ignores
        ).render(buildArguments: request.buildArguments)
        name = "Dockerfile of the \(rendered.recipe) recipe"
        bytes = Array(rendered.dockerfile.utf8)
        ignore = own.isEmpty ? Array(rendered.dockerIgnore.utf8) : own
        recipe = rendered
      }
    }
  }

  /// `<Dockerfile>.dockerignore` beside the Dockerfile wins over the context's own.
  private static func ignoreFile(in context: FilePath, for dockerfile: FilePath?) throws -> [UInt8]
  {
    var candidates = [context.appending(".dockerignore")]
    if let dockerfile, let name = dockerfile.lastComponent {
      let own = dockerfile.removingLastComponent().appending(name.string + ".dockerignore")
      candidates.insert(own, at: 0)
    }
    guard let path = candidates.first(where: { FileStatus($0) != nil }) else { return [] }
    return try SmallFile.read(path)
  }

  /// Reports warnings; throws all errors together.
  func report(_ diagnostics: [SyntaxDiagnostic], to reporter: Reporter) throws {
    let shown = diagnostics.map(diagnostic)
    let errors = shown.filter { $0.severity == .error }
    guard errors.isEmpty else { throw BuildFailure(diagnostics: errors) }
    shown.forEach(reporter.diagnose)
  }

  func diagnostic(_ found: SyntaxDiagnostic) -> Diagnostic {
    Diagnostic(found, in: bytes, named: name)
  }

  func excerpt(_ range: SourceRange) -> SourceExcerpt {
    SourceExcerpt(file: name, source: bytes, marking: range)
  }

  func excerpt(lines: ClosedRange<Int>, columns: Range<Int>? = nil) -> SourceExcerpt {
    SourceExcerpt(file: name, source: bytes, marking: lines, columns: columns)
  }
}
