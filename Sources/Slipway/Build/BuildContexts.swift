internal import BuildGraph
internal import Engine
internal import Frontends
internal import OCI
internal import Reporting
internal import Snapshots
internal import SystemPackage

/// The directories, layouts and systems that a build reads from.
struct BuildContexts {
  private var trees: [String: any FileTree] = [:]
  private var caches: [StatCache] = []
  private var named: [String: NamedContext] = [:]
  /// The layouts that stand in for images, by the text that the resolver is asked for.
  private(set) var layouts: [String: ImageLayout] = [:]
  private var host: HostSystem?
  private let ignorePatterns: [String]
  private let main: MainContextOrigin
  /// What `SOURCE_DATE_EPOCH=context` means.
  let epoch: Int64?

  /// A layout and the name of the image in it; nil takes the only one.
  struct ImageLayout {
    let path: FilePath
    let name: String?
  }

  init(
    _ request: BuildRequest, _ source: BuildSource, _ context: MainContext, home: Home
  ) throws {
    main = context.origin
    epoch = try request.asksContextForTime(source) ? context.time() : nil
    let ignored = try source.ignore.files()
    ignorePatterns = source.ignore.patterns
    switch context.files {
    case .directory(let path): try add(path, as: "", ignoring: ignored, home: home)
    case .nothing: trees[""] = StackTree(layers: [])
    case .fetched: break
    }
    for (name, context) in request.namedContexts {
      switch context {
      case .directory(let path):
        guard FileStatus(path)?.isDirectory == true else { throw RequestError.noContext(path) }
        let own = path.appending(".dockerignore")
        let ignore = IgnoreFile(bytes: FileStatus(own) == nil ? [] : try SmallFile.readRegular(own))
        try add(path, as: name, ignoring: ignore.files(), home: home)
        named[name] = .local(name)
      case .image(let reference): named[name] = .image(reference)
      case .layout(let path, let image):
        let text = "oci-layout://\(path)" + (image.map { ":\($0)" } ?? "")
        layouts[text] = ImageLayout(path: path, name: image)
        named[name] = .image(text)
      case .host: named[name] = .host
      case .git(let address): named[name] = .remote(.git(GitSource(address)))
      case .http(let address):
        named[name] = .remote(
          .http(HTTPSource(address: address, fileName: ContextArchive.fileName)))
      }
    }
    if request.toolchain == .host {
      guard source.recipe != nil else { throw RequestError.toolchainWithoutRecipe }
      if named["toolchain"] == nil { named["toolchain"] = .host }
    }
    try addCrossContexts(request, source, home: home)
    if named.values.contains(.host) {
      host = try HostSystem.discover(
        path: request.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
        home: request.environment["HOME"].map { FilePath($0) }, state: home.path)
    }
  }

  /// What a recipe takes from the caller's home to compile for platforms that are not this machine's.
  private mutating func addCrossContexts(
    _ request: BuildRequest, _ source: BuildSource, home: Home
  ) throws {
    guard let user = request.environment["HOME"],
      request.platforms.contains(where: { !Platform.host.satisfies($0) })
    else { return }
    for (name, path) in source.recipe?.crossContexts ?? [:] where named[name] == nil {
      let directory = FilePath(user).appending(path)
      guard FileStatus(directory)?.isDirectory == true else { continue }
      try add(directory, as: name, ignoring: IgnoreFile().files(), home: home)
      named[name] = .local(name)
    }
  }

  private mutating func add(
    _ path: FilePath, as name: String, ignoring ignored: IgnoredFiles, home: Home
  ) throws {
    let root = path.absolute
    let cache = StatCache(loading: StatCache.file(forRoot: root, home: home.path))
    caches.append(cache)
    let files = try DirectoryTree(
      root,
      DirectoryTree.Options(readsExtendedAttributes: true, showsSockets: true, cache: cache))
    trees[name] = ignored.isEmpty ? files : FilteredTree(files, ignored.filter)
  }

  func frontendOptions(
    _ request: BuildRequest, _ source: BuildSource, platform: Platform?
  ) throws -> FrontendOptions {
    var options = FrontendOptions()
    options.target = request.target
    options.buildArguments = request.buildArguments
    options.recipeArguments = source.recipe?.arguments ?? []
    options.platform = platform
    options.isOneOfSeveral = request.targetPlatforms.count > 1
    options.labels = request.labels
    options.mainContext = main
    options.contextEpoch = epoch
    options.namedContexts = named
    options.ignoresCache = request.ignoresCache
    options.stagesIgnoringCache = request.stagesIgnoringCache
    options.network = request.network
    options.extraHosts = request.extraHosts
    options.sharedMemorySize = request.sharedMemorySize
    options.ignorePatterns = ignorePatterns
    options.fileName = source.name
    if let host {
      options.hostProcess.environment = host.environment.map { "\($0.name)=\($0.value)" }
    }
    for name in ProxyVariables.names {
      if let value = request.environment[name], options.buildArguments[name] == nil {
        options.buildArguments[name] = value
      }
    }
    return options
  }

  func inputs(_ request: BuildRequest, epoch: Int64?, _ reporter: Reporter) throws -> BuildInputs {
    var inputs = BuildInputs(
      contexts: trees, host: host, secrets: try request.secretValues(),
      sshSockets: request.sshSockets, latestTime: epoch,
      compression: request.outputs.first?.form.compression ?? ImageForm().compression,
      reporter: reporter)
    inputs.remote = request.remoteAccess()
    inputs.allowsInsecure = request.entitlements.contains(.insecure)
    inputs.resourceLimits = request.resourceLimits
    return inputs
  }

  /// Remembers what was hashed; a failure costs the next build time.
  func save() {
    for cache in caches { try? cache.save() }
  }
}

extension BuildRequest {
  /// Whether somebody may want to know the time of the context, which can cost a look at all its files.
  fileprivate func asksContextForTime(_ source: BuildSource) -> Bool {
    let name = "SOURCE_DATE_EPOCH"
    return [buildArguments[name], environment[name]].contains("context")
      || source.bytes.firstRange(of: Array(name.utf8)) != nil
  }
}

/// The variables that hold proxies: passed on to steps, never part of a key.
enum ProxyVariables {
  static let names = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"]
    .flatMap { [$0, $0.lowercased()] }
}
