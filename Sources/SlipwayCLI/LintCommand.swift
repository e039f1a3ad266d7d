import ArgumentParser
import OCI
import Slipway
import SystemPackage

/// `slipway lint`: `slipway build --check` with the flags that matter to it, and SARIF.
struct LintCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint",
    abstract: "Check a Dockerfile with BuildKit's lint rules; findings end in exit code 1.",
    discussion: """
      All stages are looked at, or those that --target needs. A line `# check=skip=RULE` at the head of \
      the Dockerfile, or above an instruction, silences a rule.
      """)

  @Argument(help: "The build context, as for `slipway build`.")
  var path = "."

  @Option(name: [.customShort("f"), .long], help: "The Dockerfile (`-` reads standard input).")
  var file: String?

  @Option(
    name: .customLong("build-arg"), help: "NAME=VALUE for an ARG; NAME alone takes the variable.")
  var buildArgument: [String] = []

  @Option(help: "The stage to look at, with those that it needs.")
  var target: String?

  @Option(help: "The platforms to look at, such as linux/amd64,linux/arm64; may be repeated.")
  var platform: [String] = []

  @Option(
    name: .customLong("build-context"),
    help: "NAME=CONTEXT, as for `slipway build`.")
  var buildContext: [String] = []

  @Option(help: "text, json (the shape of --call=check,format=json) or sarif (2.1.0).")
  var format = CallArgument.Format.text

  func run() async throws {
    let request = try CommandFailure.explaining { try makeRequest() }
    try await DockerfileCall(CallArgument(.check, format: format), request).run()
  }

  private func makeRequest() throws -> BuildRequest {
    let environment = ProcessEnvironment.current
    var request = BuildRequest(context: try .parse(path))
    request.environment = environment
    try request.take(dockerfile: file, context: path)
    request.buildArguments = try Assignment.table(buildArgument, environment: environment)
    request.target = target
    request.platforms = try Platform.parse(list: platform)
    request.namedContexts = try Dictionary(
      buildContext.map(BuildRequest.NamedContextRequest.parse), uniquingKeysWith: { $1 })
    return request
  }
}

extension CallArgument.Format: ExpressibleByArgument {}
