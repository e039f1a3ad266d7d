import BuildGraph
import DockerfileSyntax
import OCI

/// The arguments outside of stages: those that every build has, and the `ARG`s before the first
/// `FROM`. They serve `FROM` lines, and stages that declare them again.
struct GlobalArguments: Sendable {
  private(set) var environment = EnvironmentList()
  /// The build arguments, `SOURCE_DATE_EPOCH` in them resolved.
  private(set) var buildArguments: [String: String]
  /// Names that were declared, with or without a value.
  private(set) var declared: Set<String> = []
  /// The declarations, by name; the last one of each.
  private(set) var definitions: [String: Definition] = [:]
  /// `SOURCE_DATE_EPOCH` where it is set.
  private(set) var sourceDateEpoch: Int64?

  /// A declaration before the first stage.
  struct Definition: Sendable {
    let argument: ArgumentInstruction.Argument
    let value: String?
    /// The arguments that its default refers to.
    let uses: Set<String>
    let range: SourceRange
  }

  private static let epochName = "SOURCE_DATE_EPOCH"

  init(
    _ dockerfile: Dockerfile, options: FrontendOptions, expander: Expander
  ) throws(FrontendError) {
    buildArguments = options.buildArguments
    let asked = options.target.flatMap { $0.isEmpty ? nil : $0 }
    let target = asked ?? dockerfile.stages.last?.name ?? "default"
    for (name, value) in Self.predefined(options, target: target) {
      environment.set(name, buildArguments[name] ?? value)
    }
    for instruction in dockerfile.metaArguments {
      guard case .arg(let declaration) = instruction.kind else { continue }
      for argument in declaration.arguments {
        try declare(argument, at: instruction.range, expander)
      }
    }
    try resolveEpoch(options, at: dockerfile.metaArguments.last?.range)
  }

  /// `TARGETPLATFORM` and its kin.
  private static func predefined(
    _ options: FrontendOptions, target: String
  ) -> [(name: String, value: String)] {
    var result: [(name: String, value: String)] = []
    for (prefix, platform) in [
      ("BUILD", options.buildPlatform), ("TARGET", options.targetPlatform),
    ] {
      result.append((prefix + "PLATFORM", platform.description))
      result.append((prefix + "OS", platform.os))
      result.append((prefix + "OSVERSION", platform.osVersion ?? ""))
      result.append((prefix + "ARCH", platform.architecture))
      result.append((prefix + "VARIANT", platform.variant ?? ""))
    }
    result.append(("TARGETSTAGE", target))
    return result
  }

  private mutating func declare(
    _ argument: ArgumentInstruction.Argument, at range: SourceRange, _ expander: Expander
  ) throws(FrontendError) {
    declared.insert(argument.name)
    var uses: Set<String> = []
    var value = buildArguments[argument.name]
    if value == nil, let word = argument.defaultValue {
      let known = environment
      do {
        let expansion = try expander.expand(word) { known[$0] }
        value = expansion.text
        uses = expansion.used
      } catch {
        throw FrontendError(.expansion(error, word: word), at: range)
      }
    }
    if let value { environment.set(argument.name, value) }
    // One that goes on from its own earlier value needs what that one needed.
    if uses.remove(argument.name) != nil, let former = definitions[argument.name] {
      uses.formUnion(former.uses)
    }
    definitions[argument.name] = Definition(
      argument: argument, value: value, uses: uses, range: range)
  }

  /// Blank counts as unset; `context` asks the build context.
  private mutating func resolveEpoch(
    _ options: FrontendOptions, at range: SourceRange?
  ) throws(FrontendError) {
    let name = Self.epochName
    guard let text = buildArguments[name] ?? environment[name] else { return }
    if text == "context" {
      sourceDateEpoch = options.contextEpoch
    } else if let seconds = Int64(text) {
      sourceDateEpoch = seconds
    } else if let known = options.namedEpochs[text] {
      sourceDateEpoch = known
    } else if !text.isEmpty {
      let isFromDockerfile = buildArguments[name] == nil
      throw FrontendError(.invalidEpoch(text), at: isFromDockerfile ? range : nil)
    }
    let resolved = sourceDateEpoch.map { String($0) }
    if buildArguments[name] != nil { buildArguments[name] = resolved }
    if environment[name] != nil {
      if let resolved { environment.set(name, resolved) } else { environment.remove(name) }
    }
  }

  /// Proxy settings among the build arguments: every `RUN` gets them, declared or not, in both
  /// spellings.
  var proxies: [String] {
    var values: [String: String] = [:]
    for (name, value) in buildArguments.sorted(by: { $0.key < $1.key }) {
      values[name.lowercased()] = value
    }
    return Self.proxyNames.flatMap { name -> [String] in
      guard let value = values[name], !value.isEmpty else { return [] }
      return ["\(name.uppercased())=\(value)", "\(name)=\(value)"]
    }
  }

  private static let proxyNames = [
    "http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy",
  ]

  /// Whether a build argument of that name is a proxy setting.
  static func isProxy(_ name: String) -> Bool { proxyNames.contains(name.lowercased()) }

  /// Arguments that steer the builder and reach no environment.
  static let withoutEnvironment: Set<String> = [
    "BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE",
  ]
}
