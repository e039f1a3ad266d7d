import BuildGraph
import DockerfileSyntax
import OCI

/// What is known of a stage after the instructions so far.
struct StageState: Sendable {
  /// Its file system.
  var vertex: Int
  var configuration: ImageConfiguration
  /// What `RUN` sees and words expand to: `ENV` and `ARG` alike, the last one wins.
  var environment = EnvironmentList()
  /// The configuration's `Env` while the stage's `ENV`s change it.
  private var changedEnvironment: EnvironmentList?
  /// Every `ARG` so far, those of the base stage included.
  private(set) var arguments: [DeclaredArgument] = []
  private var argumentNames: Set<String> = []
  var platform: Platform
  /// The image below all of it.
  var base: ImageSource?
  /// For each vertex that adds a layer, its entry in the history.
  var layerHistory: [Int: Int] = [:]
  /// Whether a `WORKDIR` of this Dockerfile set the working directory.
  var hasWorkingDirectory = false
  /// Whether the image below could not be found, so that nobody knows what it says.
  var isBaseUnknown = false
  /// Whether this very stage has a `CMD`; if so, `ENTRYPOINT` leaves it alone.
  var hasOwnCommand = false

  struct DeclaredArgument: Hashable, Sendable {
    var name: String
    var value: String?
  }

  init(vertex: Int, configuration: ImageConfiguration, platform: Platform) {
    self.vertex = vertex
    self.configuration = configuration
    self.platform = platform
  }

  mutating func declare(_ argument: DeclaredArgument) {
    arguments.append(argument)
    argumentNames.insert(argument.name)
  }

  func declaresArgument(_ name: String) -> Bool { argumentNames.contains(name) }

  /// Sets a variable for what runs the image, and for all that follows.
  mutating func setEnvironment(_ pairs: [(String, String)]) {
    // Taken out, so that it is changed in place.
    var changed =
      changedEnvironment.take() ?? EnvironmentList(configuration.process.environment)
    for (name, value) in pairs {
      changed.set(name, value)
      environment.append(name, value)
    }
    changedEnvironment = changed
  }

  /// Brings the configuration up to date, at the end of the stage.
  mutating func finish() {
    guard let changed = changedEnvironment.take() else { return }
    configuration.process.environment = changed.entries
  }

  /// Where `RUN` starts and relative paths begin.
  var workingDirectory: String {
    ImagePath.clean(configuration.process.workingDirectory ?? "/")
  }

  /// The user as an owner of files; nil is root.
  var user: String? {
    configuration.process.user.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A shell form as words.
  func shellWords(_ text: String) -> [String] {
    let shell = configuration.process.shell ?? []
    return (shell.isEmpty ? defaultShell : shell) + [text]
  }

  private var defaultShell: [String] {
    configuration.platform.os == "windows" ? ["cmd", "/S", "/C"] : ["/bin/sh", "-c"]
  }

  /// A command as words; the shell form gets its shell.
  func words(_ command: CommandLine) -> [String] {
    switch command {
    case .exec(let words): words
    case .shell(let text): shellWords(text)
    }
  }

  /// Adds to the history.
  mutating func record(_ createdBy: String, emptyLayer: Bool = true) {
    configuration.history.append(
      ImageConfiguration.HistoryEntry(
        createdBy: createdBy, comment: "buildkit.dockerfile.v0", emptyLayer: emptyLayer))
  }

  /// Adds to the history for a vertex that makes a layer and is now the stage's file system.
  mutating func record(_ createdBy: String, layerOf vertex: Int) {
    self.vertex = vertex
    layerHistory[vertex] = configuration.history.count
    record(createdBy, emptyLayer: false)
  }
}
