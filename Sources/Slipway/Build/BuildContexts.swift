internal import BuildGraph
internal import DockerfileSyntax
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

  /// A layout and the name of the image in it; nil takes the only one.
  struct ImageLayout {
    let path: FilePath
    let name: String?
  }

  init(_ request: BuildRequest, _ source: BuildSource, home: Home) throws {
    let ignore = DockerIgnore.parse(source.ignore)
    ignorePatterns = ignore.patterns
    let ignored = IgnoredFiles(
      try ignore.matcher(), from: Self.ignoreFileName(request, source))
    try add(request.context, as: "", ignoring: ignored, home: home)
    for (name, context) in request.namedContexts {
      switch context {
      case .directory(let path):
        guard FileStatus(path)?.isDirectory == true else { throw RequestError.noContext(path) }
        let own = path.appending(".dockerignore")
        let ignore = DockerIgnore.parse(FileStatus(own) == nil ? [] : try SmallFile.read(own))
        try add(path, as: name, ignoring: IgnoredFiles(ignore.matcher()), home: home)
        named[name] = .local(name)
      case .image(let reference): named[name] = .image(reference)
      case .layout(let path, let image):
        let text = "oci-layout://\(path)" + (image.map { ":\($0)" } ?? "")
        layouts[text] = ImageLayout(path: path, name: image)
        named[name] = .image(text)
      case .host: named[name] = .host
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

  /// The name of the `.dockerignore` that counts: one of the Dockerfile's own, or the context's.
  private static func ignoreFileName(_ request: BuildRequest, _ source: BuildSource) -> String {
    var dockerfile = request.context.appending(source.name)
    if case .file(let path) = request.dockerfile { dockerfile = path }
    let own = FilePath(dockerfile.string + ".dockerignore")
    return FileStatus(own) == nil ? ".dockerignore" : own.lastComponent?.string ?? ".dockerignore"
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
      try add(directory, as: name, ignoring: IgnoredFiles(PatternMatcher([])), home: home)
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
    options.platform = platform
    options.isOneOfSeveral = request.targetPlatforms.count > 1
    options.labels = request.labels
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
    var secrets: [String: [UInt8]] = [:]
    for (id, source) in request.secrets {
      switch source {
      case .file(let path): secrets[id] = try SmallFile.read(path)
      case .environment(let name):
        guard let value = request.environment[name] else {
          throw RequestError.secretVariableUnset(id: id, name: name)
        }
        secrets[id] = Array(value.utf8)
      }
    }
    var inputs = BuildInputs(
      contexts: trees, host: host, secrets: secrets, sshSockets: request.sshSockets,
      latestTime: epoch,
      compression: request.outputs.first?.form.compression ?? ImageForm().compression,
      reporter: reporter)
    inputs.allowsInsecure = request.entitlements.contains(.insecure)
    inputs.resourceLimits = request.resourceLimits
    return inputs
  }

  /// Remembers what was hashed; a failure costs the next build time.
  func save() {
    for cache in caches { try? cache.save() }
  }
}

/// The variables that hold proxies: passed on to steps, never part of a key.
enum ProxyVariables {
  static let names = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"]
    .flatMap { [$0, $0.lowercased()] }
}

/// What a `.dockerignore` leaves out.
struct IgnoredFiles {
  private let matcher: PatternMatcher
  /// What the file is called that the patterns are from.
  private let file: String

  init(_ matcher: PatternMatcher, from file: String = ".dockerignore") {
    self.matcher = matcher
    self.file = file
  }

  var isEmpty: Bool { matcher.isEmpty }

  var filter: TreeFilter {
    let (matcher, file) = (matcher, file)
    var filter = TreeFilter { path, isDirectory in
      guard matcher.matches(path.bytes) else { return .include }
      guard isDirectory, !matcher.canSkipDirectory(path.bytes, state(of: path)) else {
        return .exclude
      }
      return .excludeButDescend
    }
    filter.explain = { path in
      matcher.decidingPattern(path.bytes).map { "`\($0)` in `\(file)`" } ?? "`\(file)`"
    }
    return filter
  }

  /// Whether a path, with `/` between its parts, is left out.
  func ignores(_ path: String) -> Bool { matcher.matches(Array(path.utf8)) }

  private func state(of path: TreePath) -> PatternMatcher.State {
    var state = matcher.rootState
    for end in path.bytes.indices where path.bytes[end] == UInt8(ascii: "/") {
      state = matcher.state(ofPath: Array(path.bytes[..<end]), in: state)
    }
    return matcher.state(ofPath: path.bytes, in: state)
  }
}
