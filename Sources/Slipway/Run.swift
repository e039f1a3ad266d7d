internal import Engine
import Glibc
package import OCI
package import Sandbox
internal import Snapshots
package import SystemPackage

/// What `slipway run` is asked for.
package struct RunRequest: Sendable {
  /// A tag, or the beginning of a digest.
  package var image: String
  /// Which image of an index is meant.
  package var platform = Platform.host
  /// Given after the image: they take the place of the image's command.
  package var arguments: [String] = []
  /// Takes the place of the image's entrypoint.
  package var entrypoint: String?
  /// `NAME=value`; `NAME` alone takes the caller's value.
  package var environment: [String] = []
  package var volumes: [Volume] = []
  package var name: String?
  package var user: String?
  package var workingDirectory: String?
  package var callerEnvironment: [String: String] = [:]

  package init(image: String) {
    self.image = image
  }

  /// A path of the host, seen inside.
  package struct Volume: Sendable, Hashable {
    package var source: FilePath
    package var target: FilePath
    package var readOnly: Bool

    package init(source: FilePath, target: FilePath, readOnly: Bool) {
      self.source = source
      self.target = target
      self.readOnly = readOnly
    }
  }
}

extension Home {
  /// Runs an image's program, as locked down as it can be and still work: read-only root with a
  /// tmpfs at `/tmp`, no capabilities, no new privileges, seccomp, the image's user, namespaces of
  /// its own but for the network. What it writes to the image's volumes is gone when it ends.
  ///
  /// Input and output are the caller's. The process is given to `started`, so that signals can be
  /// passed on; the result is how it ended. Throws `ImageError.foreignProgram` where the image is for
  /// another platform and no emulator is registered for it.
  package func run(
    _ request: RunRequest, started: @Sendable (any RunningProcess) -> Void
  ) async throws -> ExitStatus {
    let image = try find(request.image, platform: request.platform)
    let lease = try request.name.map { try ContainerName($0, home: self) }
    defer { lease?.release() }
    let (specification, volumes) = try await whileInUse {
      try await BlockingWork.run { try self.specification(for: image, request) }
    }
    defer { for volume in volumes { volume.discard() } }
    do {
      let process = try BuiltInSandbox().start(specification) { _, _ in }
      started(process)
      return try await process.result().status
    } catch SandboxError.wrongFormat(let command) {
      let foreign = ImageError(
        unknownFormatOf: command, of: try image.configuration().platform)
      throw foreign ?? SandboxError.wrongFormat(command)
    }
  }

  /// Also what the volumes write to, which the caller discards.
  private func specification(for image: Image, _ request: RunRequest) throws -> (
    SandboxSpecification, volumes: [ScratchLayer]
  ) {
    let process = try image.configuration().process
    let layers = try stores.layerStack(of: image)
    let lower = try stores.layers.lowerDirectories(of: layers)
    let files = try stores.layers.tree(ofStack: layers)
    let user = try files.userDatabase().identity(
      for: request.user ?? process.user.flatMap { $0.isEmpty ? nil : $0 } ?? "root")

    var specification = SandboxSpecification(
      root: .readOnlyOverlay(lower: lower),
      arguments: try arguments(process, request))
    specification.environment = environment(process, request, home: user.home)
    specification.workingDirectory = FilePath(
      request.workingDirectory ?? process.workingDirectory ?? "/")
    specification.user = SandboxUser(
      userID: user.userID, groupID: user.groupID, supplementaryGroups: user.supplementaryGroups)
    specification.hostname = request.name ?? "slipway"
    specification.capabilities = []
    specification.noNewPrivileges = true
    specification.rootReadOnly = true
    specification.mounts = networkFiles() + [.temporary(at: "/tmp")]
    var scratches: [ScratchLayer] = []
    for path in imageVolumes(process, request) {
      let scratch = try ScratchLayer(in: stores.layers)
      scratches.append(scratch)
      specification.mounts.append(try volume(at: path, in: files, lower: lower, scratch))
    }
    for volume in request.volumes {
      specification.mounts.append(
        .bind(volume.source, at: volume.target, readOnly: volume.readOnly, recursive: true))
    }
    // Nothing is hidden by what it lies in.
    specification.mounts.sort { $0.target.components.count < $1.target.components.count }
    specification.standardInput = .descriptor(STDIN_FILENO)
    specification.standardOutput = .descriptor(STDOUT_FILENO)
    specification.standardError = .descriptor(STDERR_FILENO)
    specification.ownSession = isatty(STDIN_FILENO) == 0
    return (specification, scratches)
  }

  /// The image's `VOLUME`s that nothing else is mounted at, each behind those that it lies in.
  private func imageVolumes(_ process: ProcessConfiguration, _ request: RunRequest) -> [FilePath] {
    let taken = Set(request.volumes.map { $0.target.lexicallyNormalized() } + ["/", "/tmp"])
    let paths = Set(
      process.volumes.map { FilePath("/").pushing(FilePath($0)).lexicallyNormalized() })
    return paths.subtracting(taken).sorted { $0.string < $1.string }
  }

  /// What the image has at `path`, with writes going to `scratch`; an empty directory where it has none.
  private func volume(
    at path: FilePath, in files: any FileTree, lower: [FilePath], _ scratch: ScratchLayer
  ) throws -> SandboxMount {
    if try files.resolve(TreePath(cleaning: path.string)) == nil {
      return .bind(scratch.upper, at: path, readOnly: false)
    }
    return .layers(
      lower, path: path, at: path,
      scratch: OverlayScratch(upper: scratch.upper, work: scratch.work))
  }

  /// Docker's rules: arguments take the command's place; a new entrypoint drops the command.
  private func arguments(_ process: ProcessConfiguration, _ request: RunRequest) throws -> [String]
  {
    // An empty entrypoint means none.
    let entrypoint = request.entrypoint.map { $0.isEmpty ? [] : [$0] } ?? process.entrypoint ?? []
    let command =
      request.arguments.isEmpty && request.entrypoint == nil
      ? process.command ?? [] : request.arguments
    let arguments = entrypoint + command
    guard !arguments.isEmpty else { throw RequestError.noCommand(request.image) }
    return arguments
  }

  private func environment(
    _ process: ProcessConfiguration, _ request: RunRequest, home: String?
  ) -> [String] {
    var values = EnvironmentVariables(process.environment)
    for setting in request.environment {
      if let equals = setting.firstIndex(of: "=") {
        values[String(setting[..<equals])] = String(setting[setting.index(after: equals)...])
      } else if let value = request.callerEnvironment[setting] {
        values[setting] = value
      }
    }
    if values["HOME"] == nil { values["HOME"] = home ?? "/" }
    if values["PATH"] == nil {
      values["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    }
    return values.list
  }

  private func networkFiles() -> [SandboxMount] {
    let hosts = (try? SmallFile.read("/etc/hosts")) ?? Array("127.0.0.1 localhost\n".utf8)
    var mounts: [SandboxMount] = [.file(hosts, at: "/etc/hosts", mode: 0o644)]
    if let resolver = try? SmallFile.read("/etc/resolv.conf") {
      mounts.append(.file(resolver, at: "/etc/resolv.conf", mode: 0o644))
    }
    return mounts
  }
}

/// Variables in the order in which they were first set.
private struct EnvironmentVariables {
  private(set) var list: [String]

  init(_ list: [String]) {
    self.list = list
  }

  subscript(name: String) -> String? {
    get { list.last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) } }
    set {
      let setting = name + "=" + (newValue ?? "")
      if let index = list.firstIndex(where: { $0.hasPrefix(name + "=") }) {
        list[index] = setting
      } else {
        list.append(setting)
      }
    }
  }
}

/// A name that one running container has at a time.
private struct ContainerName {
  private let lock: FileLock
  private let path: FilePath

  init(_ name: String, home: Home) throws {
    let allowed = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
        UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard allowed, let first = name.utf8.first, first != UInt8(ascii: "."),
      first != UInt8(ascii: "-"), name.utf8.count <= 63
    else { throw RequestError.malformedContainerName(name) }
    path = home.path.appending("locks").appending("container-\(name)")
    guard let lock = try FileLock(ifFree: path) else { throw RequestError.nameInUse(name) }
    self.lock = lock
  }

  func release() {
    lock.releaseRemoving(path)
  }
}
