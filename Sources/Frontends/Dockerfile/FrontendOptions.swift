package import BuildGraph
package import OCI

/// What a build is asked for beyond its Dockerfile.
package struct FrontendOptions: Sendable {
  /// A stage's name in any case, or its number; nil is the last stage.
  package var target: String?
  /// `--build-arg`.
  package var buildArguments: [String: String] = [:]
  /// The build arguments that a recipe has looked at, which no `ARG` need declare.
  package var recipeArguments: Set<String> = []
  /// `--platform`; nil builds for `buildPlatform` and leaves the base image's own platform in the
  /// configuration.
  package var platform: Platform?
  /// Whether other platforms are built too, so that labels must tell them apart.
  package var isOneOfSeveral = false
  /// The platform that builds run on.
  package var buildPlatform = Platform.host
  /// `--label`: set last, over those of the Dockerfile.
  package var labels: [String: String] = [:]
  /// What the main build context is.
  package var mainContext = MainContextOrigin.files(.context(ContextSource(name: "")))
  /// `--build-context`: what stands in for a stage or an image of that name.
  package var namedContexts: [String: NamedContext] = [:]
  /// `--no-cache`: no step may be taken from the cache.
  package var ignoresCache = false
  /// `--no-cache-filter`: stages whose steps may not be taken from the cache.
  package var stagesIgnoringCache: [String] = []
  /// `--network`: what a `RUN` gets that does not say.
  package var network = NetworkMode.sandbox
  /// `--add-host`.
  package var extraHosts: [ExtraHost] = []
  /// `--shm-size`, in bytes.
  package var sharedMemorySize: Int64?
  /// What `SOURCE_DATE_EPOCH=context` means: seconds since 1970; nil where the context does not
  /// know.
  package var contextEpoch: Int64?
  /// What a `SOURCE_DATE_EPOCH` means that is the name of a context or a stage; see
  /// `DockerfileFrontend.epochOrigin`.
  package var namedEpochs: [String: Int64?] = [:]
  /// What `FROM` a `host` context starts from, such as its `PATH`.
  package var hostProcess = ProcessConfiguration()
  /// The main context's `.dockerignore`, for the warning that a `COPY` asks for what it leaves out.
  package var ignorePatterns: [String] = []
  /// Whether all stages are looked at, not only those that the target needs.
  package var includesAllStages = false
  /// Whether to go on without what images say that cannot be found. What comes of it can be linted
  /// and outlined, not built.
  package var toleratesMissingImages = false
  /// What the Dockerfile is called in messages.
  package var fileName = "Dockerfile"

  package init() {}

  /// The same build as someone starts it who gives no `--build-arg`.
  var withoutBuildArguments: FrontendOptions {
    var options = self
    options.buildArguments = [:]
    return options
  }

  /// The platform that the image is for.
  var targetPlatform: Platform { platform ?? buildPlatform }
}

/// What a plan copies from where it copies from the main build context.
package enum MainContextOrigin: Hashable, Sendable {
  /// The files of a source.
  case files(Source)
  /// What is in an archive, which is a file of a source.
  case archive(Source, fileName: String)
}

/// What a `--build-context` names, with what only its caller knows already worked out.
package enum NamedContext: Hashable, Sendable {
  /// An image; the resolver is asked for exactly this text (`docker-image://` taken away).
  case image(String)
  /// A local directory, by the name that its `ContextSource` gets.
  case local(String)
  /// This machine's own system (`host:`), which is of the platform that builds run on.
  case host
  /// The files of a repository, or of an address.
  case remote(Source)
}
