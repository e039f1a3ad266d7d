internal import CLinux
import Glibc
package import OCI
import SystemPackage
internal import Transport

/// A container engine that images are loaded into: Docker, or Podman, which speaks Docker's API (Docker
/// Engine API, "Images").
package struct EngineDestination: Sendable {
  package let endpoint: EngineEndpoint
  /// As it calls itself, such as `Docker 20.10.24`.
  package let name: String
  /// What it runs on.
  package let platform: Platform
  /// Whether it reads layers that are compressed with zstd. Docker does since version 23; before, it
  /// takes them for broken tars.
  package let takesZstd: Bool
  private let transport: HTTPTransport

  /// How long an engine may do nothing that can be seen. It may have to write gigabytes to a slow disk
  /// in the meantime.
  private static let patience = StallLimit(period: .seconds(300), minimum: 1)
  /// The first to knock may be whom systemd starts the engine for, on a busy machine.
  private static let probePatience = StallLimit(period: .seconds(15), minimum: 1)
  private static let answerLimit = 1 << 20

  /// The engine that the environment means: the first that answers of
  /// ``EngineEndpoint/candidates(environment:)``. Throws ``EngineDestinationError``.
  package static func find(environment: [String: String]) async throws -> EngineDestination {
    let prober = HTTPTransport(environment: environment, stallLimit: probePatience)
    var attempts: [EngineDestinationError.Attempt] = []
    for endpoint in try EngineEndpoint.candidates(environment: environment) {
      switch try await probe(endpoint, prober) {
      case .success(let version):
        return EngineDestination(
          endpoint: endpoint, name: version.name, platform: version.platform,
          takesZstd: version.isPodman || version.apiVersion >= 42,
          transport: HTTPTransport(environment: environment, stallLimit: patience))
      case .failure(let refusal):
        attempts.append(
          EngineDestinationError.Attempt(endpoint: endpoint, finding: refusal.finding))
      }
    }
    throw EngineDestinationError.noEngine(attempts)
  }

  /// Gives images to the engine under their names; every blob of theirs must be in the store.
  ///
  /// Of an index it gets the image for its own platform. `progress` is told the bytes that were sent.
  /// When this returns, the engine has said that it is done. Throws ``EngineDestinationError``,
  /// ``ExportError``, `ImageError.noPlatform`, `ContentError`, `SystemCallError`.
  package func load(
    _ images: [NamedImage], from store: ContentStore,
    progress: @escaping TransferProgress = { _ in }
  ) async throws {
    let chosen = try images.map { image in
      let name = image.names.first?.familiar ?? "\(image.descriptor.digest)"
      let own = try store.image(image.descriptor, platform: platform, name: name)
      return NamedImage(descriptor: own.descriptor, names: image.names)
    }
    let queue = PieceQueue()
    async let written: Void = BlockingWork.run {
      do {
        let contents = try chosen.map { try ImageContent(of: $0, in: store) }
        let archive = LayoutArchive(contents: contents, store: store, isDockerArchive: true)
        try archive.write(to: CountingSink(queue, progress: progress))
        queue.finish()
      } catch {
        // Whoever reads the pieces is told, and says it.
        queue.finish(error)
      }
    }
    do {
      try await send(queue)
    } catch {
      queue.abandon()
      try? await written
      throw error
    }
    // The engine may have said that it is done before it has read the end of the archive.
    queue.abandon()
    try await written
  }

  private func send(_ queue: PieceQueue) async throws {
    // Not quiet: its progress shows that the engine is alive.
    var request = try endpoint.request(.post, "/images/load?quiet=0")
    request.fields["Content-Type"] = "application/x-tar"
    request.body = .stream(length: nil) { { try await queue.next() } }
    let name = name
    do {
      try await transport.exchange(request) { response in
        guard response.isSuccess else {
          let body = try await response.collect(limit: EngineDestination.answerLimit)
          throw EngineDestinationError.refused(
            engine: name, EngineMessages.failure(in: body, status: response.status))
        }
        var messages = EngineMessages()
        do {
          try await response.forEachPiece { try messages.receive($0) }
          try messages.finish()
        } catch let error as EngineMessages.ArrivalError {
          throw EngineDestinationError.malformedAnswer(engine: name, error.problem)
        }
        if let words = messages.failure {
          throw EngineDestinationError.refused(engine: name, words)
        }
      }
    } catch let error as TransportError {
      throw EngineDestinationError.interrupted(engine: name, EngineDestination.words(for: error))
    }
  }

  /// What went wrong, without the address and without advice that is for registries.
  private static func words(for error: TransportError) -> String {
    switch error.problem {
    case .connectionLost(let reason): "the connection was lost: \(reason)"
    case .unreachable(let reason): reason
    case .connectTimeout: "nothing has come back"
    case .stalled(let time): "nothing has come or gone for \(time)"
    case .notTLS: "it does not speak TLS"
    case .certificate(let reason): "its certificate, or ours, is not accepted: \(reason)"
    default: error.description
    }
  }

  // MARK: - Finding it

  /// What `GET /version` says.
  private struct Version: Decodable {
    let version: String
    let os: String
    let architecture: String
    let components: [Component]?
    /// Such as `1.41`.
    let apiVersionText: String?

    struct Component: Decodable {
      let name: String

      enum CodingKeys: String, CodingKey {
        case name = "Name"
      }
    }

    enum CodingKeys: String, CodingKey {
      case version = "Version"
      case os = "Os"
      case architecture = "Arch"
      case components = "Components"
      case apiVersionText = "ApiVersion"
    }

    /// The number behind `1.`; 0 where there is none.
    var apiVersion: Int {
      apiVersionText.flatMap { $0.split(separator: ".").last }.flatMap { Int($0) } ?? 0
    }

    var platform: Platform {
      Platform("\(os)/\(architecture)") ?? Platform(os: os, architecture: architecture)
    }

    /// Docker's first component is "Engine", Podman's "Podman Engine".
    var isPodman: Bool { components?.contains { $0.name.hasPrefix("Podman") } ?? false }

    var name: String { "\(isPodman ? "Podman" : "Docker") \(printable(version))" }
  }

  private struct Refusal: Error {
    let finding: EngineDestinationError.Finding
  }

  private static func probe(
    _ endpoint: EngineEndpoint, _ transport: HTTPTransport
  ) async throws -> Result<Version, Refusal> {
    if case .socket(let path) = endpoint.address, let finding = finding(at: path) {
      return .failure(Refusal(finding: finding))
    }
    do {
      return .success(
        try await transport.exchange(endpoint.request(.get, "/version")) { response in
          let body = try await response.collect(limit: answerLimit)
          guard response.isSuccess else {
            let words = EngineMessages.failure(in: body, status: response.status)
            throw Refusal(finding: .silent(words))
          }
          guard let version = try? JSON.decode(Version.self, from: body) else {
            throw Refusal(finding: .silent("what is there is no container engine"))
          }
          return version
        })
    } catch let refusal as Refusal {
      return .failure(refusal)
    } catch let error as TransportError {
      return .failure(Refusal(finding: .silent(words(for: error))))
    }
  }

  /// Why there can be no engine at a socket; nil where there may be one.
  private static func finding(at path: FilePath) -> EngineDestinationError.Finding? {
    var status = stat()
    guard stat(path.string, &status) == 0 else { return errno == EACCES ? .forbidden : .nothing }
    guard status.st_mode & S_IFMT == S_IFSOCK else { return .notASocket }
    // sockaddr_un has 108 bytes for the path and the zero behind it.
    guard path.string.utf8.count < 108 else {
      return .silent("the path of a socket has at most 107 bytes")
    }
    // connect(2) wants to write.
    return access(path.string, W_OK) == 0 ? nil : .forbidden
  }
}
