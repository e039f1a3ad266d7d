import BuildGraph
import DockerfileSyntax
import OCI
import Reporting

/// The lint rules that need expanded values, the base image or the context's `.dockerignore`.
extension StageLowering {
  /// `UndefinedVar`: a variable is used that is neither set nor declared.
  mutating func warn(ofUnset names: Set<String>, _ step: StageGraph.Step) {
    guard !names.isEmpty else { return }
    let declared = Set(state.arguments.map(\.name)).union(GlobalArguments.withoutEnvironment)
    for name in names.subtracting(declared).sorted() {
      let similar = Suggestion.closest(to: name, among: state.environment.names)
      warn(
        .undefinedVar, "the variable `$\(name)` is not set and counts as empty",
        hint: similar.map { "did you mean `$\($0)`?" }
          ?? "declare it in this stage with `ARG \(name)` or `ENV \(name)=…`", step.range)
    }
  }

  /// `InvalidBaseImagePlatform`.
  mutating func warn(ofPlatform image: ResolvedImage, wanted: Platform) {
    let own = image.configuration.platform.normalized
    let wanted = wanted.normalized
    guard own.os != wanted.os || own.architecture != wanted.architecture else { return }
    warn(
      .invalidBaseImagePlatform,
      "`\(image.source.reference)` is for `\(own)`, but `\(wanted)` was asked for",
      hint: "name the platform that is meant with `FROM --platform=…`", node.stage.fromRange)
  }

  /// `WorkdirRelativePath`: only the first `WORKDIR` counts, since it mends those that follow.
  mutating func warn(ofWorkingDirectory path: String, _ step: StageGraph.Step) {
    let isFirst = !state.hasWorkingDirectory
    state.hasWorkingDirectory = true
    guard isFirst, !path.hasPrefix("/") else { return }
    warn(
      .workdirRelativePath,
      "the relative path `\(path)` depends on the working directory of the base image",
      hint: "write an absolute path", step.range)
  }

  /// `ExposeInvalidFormat` and `ExposeProtoCasing`.
  mutating func warn(ofPort text: String, _ step: StageGraph.Step) {
    if text.contains(":") {
      warn(
        .exposeInvalidFormat, "`EXPOSE` takes no address and no port of the host: `\(text)`",
        hint: "name the container's port alone", step.range)
    }
    let networkProtocol = text.drop { $0 != "/" }.dropFirst()
    if networkProtocol != networkProtocol.lowercased() {
      warn(
        .exposeProtoCasing, "the protocol of `EXPOSE \(text)` should be in lower case",
        hint: "write `\(networkProtocol.lowercased())`", step.range)
    }
  }

  /// `CopyIgnoredFile`. As in BuildKit, silent where the ignore file takes anything back.
  mutating func warn(ofIgnored sources: [String], _ step: StageGraph.Step) {
    guard !options.ignorePatterns.isEmpty,
      !options.ignorePatterns.contains(where: { $0.hasPrefix("!") }),
      let matcher = try? PatternMatcher(options.ignorePatterns)
    else { return }
    for source in sources {
      let path = ImagePath.clean(source).dropFirst()
      guard !path.isEmpty, matcher.matches(Array(path.utf8)) else { continue }
      warn(
        .copyIgnoredFile, "`\(source)` is left out by `.dockerignore`, so it cannot be copied",
        hint: "take it out of `.dockerignore`, or do not copy it", step.range)
    }
  }

  private mutating func warn(
    _ rule: LintRule, _ message: String, hint: String, _ range: SourceRange
  ) {
    warnings.append(SyntaxDiagnostic(.warning, message, hint: hint, rule: rule, at: range))
  }
}
