/// An image's configuration (image-spec, config.md) with Docker's extensions.
package struct ImageConfiguration: Hashable, Sendable {
  package var created: Timestamp?
  package var author: String?
  package var platform: Platform
  package var process: ProcessConfiguration
  package var rootFileSystem: RootFileSystem
  package var history: [HistoryEntry]

  package init(platform: Platform, process: ProcessConfiguration = ProcessConfiguration()) {
    self.platform = platform
    self.process = process
    rootFileSystem = RootFileSystem()
    history = []
  }

  /// The layers, as digests of their uncompressed tars, bottom first.
  package struct RootFileSystem: Hashable, Sendable, Codable {
    package var type = "layers"
    package var diffIDs: [Digest] = []

    enum CodingKeys: String, CodingKey {
      case type
      case diffIDs = "diff_ids"
    }
  }

  /// One step of how the image was made; those without `emptyLayer` stand for one diff id each.
  package struct HistoryEntry: Hashable, Sendable, Codable {
    package var created: Timestamp?
    package var createdBy: String?
    package var author: String?
    package var comment: String?
    package var emptyLayer: Bool?

    package init(
      created: Timestamp? = nil, createdBy: String? = nil, comment: String? = nil,
      emptyLayer: Bool = false
    ) {
      self.created = created
      self.createdBy = createdBy
      self.comment = comment
      self.emptyLayer = emptyLayer ? true : nil
    }

    /// What says nothing is absent, however it is written.
    package init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      func text(_ key: CodingKeys) throws -> String? {
        try values.decodeIfPresent(String.self, forKey: key).flatMap { $0.isEmpty ? nil : $0 }
      }
      created = try values.decodeIfPresent(Timestamp.self, forKey: .created)
      createdBy = try text(.createdBy)
      author = try text(.author)
      comment = try text(.comment)
      emptyLayer = try values.decodeIfPresent(Bool.self, forKey: .emptyLayer) == true ? true : nil
    }

    enum CodingKeys: String, CodingKey {
      case created, author, comment
      case createdBy = "created_by"
      case emptyLayer = "empty_layer"
    }
  }
}

/// How to run the image's program: the `config` object, with Docker's extensions `Healthcheck`,
/// `OnBuild`, `Shell` and `ArgsEscaped`.
package struct ProcessConfiguration: Hashable, Sendable {
  package var user: String?
  /// Ports such as `8080/tcp`.
  package var exposedPorts: Set<String> = []
  /// `NAME=value`, in order.
  package var environment: [String] = []
  package var entrypoint: [String]?
  package var command: [String]?
  package var volumes: Set<String> = []
  package var workingDirectory: String?
  package var labels: [String: String] = [:]
  package var stopSignal: String?
  package var argumentsEscaped: Bool?
  package var healthcheck: Healthcheck?
  package var onBuild: [String] = []
  package var shell: [String]?

  package init() {}

  /// Docker's health check; durations in nanoseconds, absent means inherited.
  package struct Healthcheck: Hashable, Sendable, Codable {
    package var test: [String]?
    package var interval: Int64?
    package var timeout: Int64?
    package var startPeriod: Int64?
    package var startInterval: Int64?
    package var retries: Int?

    package init(test: [String]?) {
      self.test = test
    }

    enum CodingKeys: String, CodingKey {
      case test = "Test"
      case interval = "Interval"
      case timeout = "Timeout"
      case startPeriod = "StartPeriod"
      case startInterval = "StartInterval"
      case retries = "Retries"
    }
  }

  /// The value of an environment variable; the last one set counts.
  package func environmentValue(_ name: String) -> String? {
    environment.last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
  }
}

extension ProcessConfiguration: Codable {
  /// The specifications write sets as objects with empty values.
  private struct Empty: Codable {}

  private enum CodingKeys: String, CodingKey {
    case user = "User"
    case exposedPorts = "ExposedPorts"
    case environment = "Env"
    case entrypoint = "Entrypoint"
    case command = "Cmd"
    case volumes = "Volumes"
    case workingDirectory = "WorkingDir"
    case labels = "Labels"
    case stopSignal = "StopSignal"
    case argumentsEscaped = "ArgsEscaped"
    case healthcheck = "Healthcheck"
    case onBuild = "OnBuild"
    case shell = "Shell"
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    user = try values.decodeIfPresent(String.self, forKey: .user)
    exposedPorts = Set(
      (try values.decodeIfPresent([String: Empty].self, forKey: .exposedPorts) ?? [:]).keys)
    environment = try values.decodeIfPresent([String].self, forKey: .environment) ?? []
    entrypoint = try values.decodeIfPresent([String].self, forKey: .entrypoint)
    command = try values.decodeIfPresent([String].self, forKey: .command)
    volumes = Set((try values.decodeIfPresent([String: Empty].self, forKey: .volumes) ?? [:]).keys)
    workingDirectory = try values.decodeIfPresent(String.self, forKey: .workingDirectory)
    labels = try values.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
    stopSignal = try values.decodeIfPresent(String.self, forKey: .stopSignal)
    argumentsEscaped = try values.decodeIfPresent(Bool.self, forKey: .argumentsEscaped)
    healthcheck = try values.decodeIfPresent(Healthcheck.self, forKey: .healthcheck)
    onBuild = try values.decodeIfPresent([String].self, forKey: .onBuild) ?? []
    shell = try values.decodeIfPresent([String].self, forKey: .shell)
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    func set(_ names: Set<String>) -> [String: Empty]? {
      names.isEmpty ? nil : Dictionary(uniqueKeysWithValues: names.map { ($0, Empty()) })
    }
    func filled<Value: Collection>(_ value: Value?) -> Value? {
      value.flatMap { $0.isEmpty ? nil : $0 }
    }
    try values.encodeIfPresent(filled(user), forKey: .user)
    try values.encodeIfPresent(set(exposedPorts), forKey: .exposedPorts)
    try values.encodeIfPresent(filled(environment), forKey: .environment)
    try values.encodeIfPresent(filled(entrypoint), forKey: .entrypoint)
    try values.encodeIfPresent(filled(command), forKey: .command)
    try values.encodeIfPresent(set(volumes), forKey: .volumes)
    try values.encodeIfPresent(filled(workingDirectory), forKey: .workingDirectory)
    try values.encodeIfPresent(filled(labels), forKey: .labels)
    try values.encodeIfPresent(filled(stopSignal), forKey: .stopSignal)
    if argumentsEscaped == true { try values.encode(true, forKey: .argumentsEscaped) }
    try values.encodeIfPresent(healthcheck, forKey: .healthcheck)
    try values.encodeIfPresent(filled(onBuild), forKey: .onBuild)
    try values.encodeIfPresent(filled(shell), forKey: .shell)
  }
}

extension ImageConfiguration: Codable {
  private enum CodingKeys: String, CodingKey {
    case created, author, config, history
    case rootFileSystem = "rootfs"
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    created = try values.decodeIfPresent(Timestamp.self, forKey: .created)
    author = try values.decodeIfPresent(String.self, forKey: .author).flatMap {
      $0.isEmpty ? nil : $0
    }
    platform = try Platform(from: decoder)
    process =
      try values.decodeIfPresent(ProcessConfiguration.self, forKey: .config)
      ?? ProcessConfiguration()
    rootFileSystem = try values.decode(RootFileSystem.self, forKey: .rootFileSystem)
    history = try values.decodeIfPresent([HistoryEntry].self, forKey: .history) ?? []
  }

  package func encode(to encoder: any Encoder) throws {
    try platform.encode(to: encoder)
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encodeIfPresent(created, forKey: .created)
    try values.encodeIfPresent(author, forKey: .author)
    try values.encode(process, forKey: .config)
    try values.encode(rootFileSystem, forKey: .rootFileSystem)
    try values.encode(history, forKey: .history)
  }
}
