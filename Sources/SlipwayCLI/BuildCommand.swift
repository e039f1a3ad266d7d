import ArgumentParser
import BuildGraph
import DockerfileSyntax
import Glibc
import OCI
import Reporting
import Sandbox
import Slipway
import SystemPackage

/// `slipway build`: the flags of `docker buildx build`, and three of our own.
struct BuildCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "Build an image from a Dockerfile, or from a Swift package or Go module without one.")

  @Argument(
    help: """
      The build context: a directory, the URL of a git repository or of a tarball, or - (a tarball or a \
      Dockerfile on standard input).
      """
  )
  var path = "."

  @Option(
    name: [.customShort("f"), .long],
    help: "The Dockerfile: a path, a URL, or - for standard input.")
  var file: String?

  @Option(name: [.customShort("t"), .long], help: "A name for the image; may be repeated.")
  var tag: [String] = []

  @Option(
    name: .customLong("build-arg"), help: "NAME=VALUE for an ARG; NAME alone takes the variable.")
  var buildArgument: [String] = []

  @Option(help: "The stage to build.")
  var target: String?

  @Option(help: "The platforms to build for, such as linux/amd64,linux/arm64; may be repeated.")
  var platform: [String] = []

  @Option(
    name: .customLong("build-context"),
    help: """
      NAME=DIRECTORY, the URL of a git repository or of a file, docker-image://REF, \
      oci-layout://PATH[:NAME] or host: (this machine).
      """)
  var buildContext: [String] = []

  @Option(help: "The toolchain of a recipe: image, or host for this machine's own.")
  var toolchain = BuildRequest.Toolchain.image

  @Flag(name: .customLong("no-cache"), help: "Run every step.")
  var noCache = false

  @Option(name: .customLong("no-cache-filter"), help: "Stages whose steps are run again.")
  var noCacheFilter: [String] = []

  @Option(
    name: .customLong("cache-from"),
    help: "REF, type=registry,ref=REF or type=local,src=DIRECTORY: where results of steps are.")
  var cacheFrom: [String] = []

  @Option(
    name: .customLong("cache-to"),
    help: "type=registry,ref=REF, type=local,dest=DIRECTORY or type=inline; mode=min|max.")
  var cacheTo: [String] = []

  @Option(help: "The network of RUN steps that name none: default (the host's), none or host.")
  var network = "default"

  @Option(name: .customLong("add-host"), help: "NAME:ADDRESS for /etc/hosts of RUN steps.")
  var addHost: [String] = []

  @Option(
    help: "security.insecure: what RUN steps may ask for; network.host is allowed in any case.")
  var allow: [String] = []

  @Option(name: .customLong("shm-size"), help: "The size of /dev/shm of RUN steps, such as 256m.")
  var sharedMemorySize: String?

  @Option(help: "NAME=SOFT[:HARD], a limit of RUN steps, such as nofile=1024.")
  var ulimit: [String] = []

  @Option(help: "KEY=VALUE, a label of the image.")
  var label: [String] = []

  @Option(help: "id=ID,src=FILE or id=ID,env=VARIABLE: a secret for RUN --mount=type=secret.")
  var secret: [String] = []

  @Option(help: "ID[=SOCKET|KEY[,KEY…]]: an SSH agent or private keys, for steps and git.")
  var ssh: [String] = []

  @Option(
    name: [.customShort("o"), .long],
    help: """
      type=image|registry|oci|docker|local|tar[,dest=PATH][,ATTRIBUTE=VALUE…]; PATH alone is \
      type=local, and - a tar on standard output. May be repeated.
      """)
  var output: [String] = []

  @Option(
    help: """
      [TYPE:]KEY=VALUE, an annotation of the image; TYPE is manifest, index, manifest-descriptor or \
      index-descriptor, several with commas, and may have a platform: manifest[linux/arm64]:KEY=VALUE.
      """)
  var annotation: [String] = []

  @Option(help: "false: no provenance is attached to the image, which it is not yet in any case.")
  var provenance: String?

  @Option(help: "false: no SBOM is attached to the image, which it is not yet in any case.")
  var sbom: String?

  @Option(help: "type=KIND,disabled=true: the same for an attestation of any kind.")
  var attest: [String] = []

  @Flag(help: "Load the image into a Docker or Podman engine; like -o type=docker.")
  var load = false

  @Flag(help: "Send the image to the registries that its names are of; like -o type=registry.")
  var push = false

  @Flag(help: "Ask registries for images that the store has, too.")
  var pull = false

  @Option(help: "Times of files: clamped to SOURCE_DATE_EPOCH, or preserve.")
  var timestamps = BuildRequest.Timestamps.clamped

  @Option(help: "Progress: auto, tty, plain, rawjson or quiet.")
  var progress = ProgressMode.auto

  @Option(
    help: """
      METHOD[,format=json]: build, or instead of it check (the lint rules), outline (what the build can \
      be told) or targets (the stages).
      """)
  var call = "build"

  @Flag(help: "Check the Dockerfile instead of building it; like --call=check.")
  var check = false

  @Flag(name: .shortAndLong, help: "Print nothing but the image's digest.")
  var quiet = false

  @Option(help: "Write the image id (the configuration's digest) to a file.")
  var iidfile: String?

  @Option(name: .customLong("metadata-file"), help: "Write the results as JSON to a file.")
  var metadataFile: String?

  func run() async throws {
    let request: BuildRequest
    let home: Home
    do {
      request = try makeRequest()
      let call = try CallArgument(call, checks: check)
      if call.method != .build { return try await DockerfileCall(call, request).run() }
      try Privileges.require()
      home = try Home.ofCaller()
    } catch {
      throw CommandFailure.saying(error)
    }
    let display = ProgressDisplay(quiet ? .quiet : progress)
    do {
      display.receive(.buildStarted())
      let product = try await Interruption.cancelling {
        try await home.build(request, display.reporter)
      }
      display.receive(.imageExported("image \(product.descriptor.digest)"))
      display.receive(.buildFinished(.succeeded))
      display.close()
      if quiet { Terminal.write("\(product.descriptor.digest)") }
    } catch let end as Interruption.Ended {
      display.receive(.buildFinished(.cancelled))
      display.close()
      throw CommandFailure(code: end.exitCode)
    } catch {
      for diagnostic in CommandFailure.diagnostics(of: error) {
        display.receive(.diagnosed(diagnostic))
      }
      display.receive(.buildFinished(.failed))
      display.close()
      throw CommandFailure(code: 1)
    }
  }

  private func makeRequest() throws -> BuildRequest {
    let environment = ProcessEnvironment.current
    var request = BuildRequest(context: try .parse(path))
    request.environment = environment
    try request.take(dockerfile: file, context: path)
    request.tags = try tag.map(Reference.parse(newName:))
    request.buildArguments = try Assignment.table(buildArgument, environment: environment)
    request.target = target
    request.platforms = try Platform.parse(list: platform)
    request.namedContexts = try Dictionary(
      buildContext.map(BuildRequest.NamedContextRequest.parse), uniquingKeysWith: { $1 })
    request.toolchain = toolchain
    request.ignoresCache = noCache
    request.stagesIgnoringCache = noCacheFilter.flatMap {
      $0.split(separator: ",").map(String.init)
    }
    request.cacheSources = try cacheFrom.map(CacheSource.parse)
    request.cacheTargets = try cacheTo.map(CacheTarget.parse)
    if request.asksForInlineCache { request.cacheTargets.append(CacheTarget(.inline)) }
    request.network = try NetworkMode.parse(network)
    request.extraHosts = try addHost.map(ExtraHost.parse)
    request.entitlements = try Set(allow.map(BuildRequest.Entitlement.parse))
    request.sharedMemorySize = try sharedMemorySize.map(ByteCount.parse(sharedMemorySize:))
    request.resourceLimits = try ulimit.map(ResourceLimit.parse)
    request.labels = Assignment.labels(label)
    request.secrets = try Dictionary(
      secret.map(BuildRequest.SecretSource.parse), uniquingKeysWith: { $1 })
    for text in ssh { try request.take(SSHArgument(text, environment)) }
    request.takeAgentForContexts()
    request.timestamps = timestamps
    try AttestationArgument.check(provenance: provenance, sbom: sbom, attest: attest)
    request.outputs = try OutputArguments(
      outputs: output, pushes: push, loads: load, annotations: annotation
    ).parsed()
    if request.outputs.contains(where: \.isStandardOutput) {
      if isatty(STDOUT_FILENO) != 0 { throw OutputProblem.terminal }
      if quiet { throw OutputProblem.quietOnStandardOutput }
    }
    request.asksRegistries = pull
    request.imageIDFile = iidfile.map { FilePath($0) }
    request.metadataFile = metadataFile.map { FilePath($0) }
    return request
  }
}

extension BuildRequest.Toolchain: ExpressibleByArgument {}
extension BuildRequest.Timestamps: ExpressibleByArgument {}
extension ProgressMode: ExpressibleByArgument {}
