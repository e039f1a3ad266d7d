import OCI
import Synchronization
import SystemPackage

/// Storage on another port that registries redirect to: one gets in with the signature in the URL,
/// and, as with S3, credentials besides it are refused. Its log shows whether any came.
package final class ObjectStorage: Sendable, Equatable {
  private struct State: Sendable {
    var objects: [String: StoredBlob] = [:]
    var uploads: ServerHandler?
  }

  private final class Shelf: Sendable {
    let state = Mutex(State())
  }

  package let server: ScriptedServer
  /// What its URLs say: `127.0.0.1` or another name of this machine, with the port.
  package let host: String
  private let shelf: Shelf

  package init(name: String = "127.0.0.1") throws {
    let shelf = Shelf()
    self.shelf = shelf
    server = try ScriptedServer { request in try ObjectStorage.answer(request, from: shelf) }
    host = "\(name):\(server.port)"
  }

  package static func == (a: ObjectStorage, b: ObjectStorage) -> Bool { a === b }

  /// What was asked so far, in the order of arrival.
  package var requests: [LoggedRequest] { server.requests }

  /// Ends everything and waits until it has ended.
  package func stop() { server.stop() }

  /// A URL that gives the blob to whoever has it.
  func offer(_ blob: StoredBlob) -> String {
    let signature = RandomText.digits(32)
    shelf.state.withLock { $0.objects[signature] = blob }
    return "http://\(host)/objects/\(blob.digest.hex)?X-Expires=300&X-Signature=\(signature)"
  }

  /// Hands uploads to whoever began them.
  func acceptUploads(_ handler: @escaping ServerHandler) {
    shelf.state.withLock { $0.uploads = handler }
  }

  private static func answer(_ request: ServerRequest, from shelf: Shelf) throws -> ServerResponse {
    guard request.headers["Authorization"] == nil else {
      return .text(400, "InvalidArgument: only one auth mechanism allowed\n")
    }
    if request.path.hasPrefix("/v2/") {
      return try shelf.state.withLock(\.uploads)?(request) ?? ServerResponse(404)
    }
    let signature = request.query["X-Signature"] ?? ""
    guard let blob = shelf.state.withLock({ $0.objects[signature] }),
      request.path == "/objects/\(blob.digest.hex)"
    else { return .text(403, "SignatureDoesNotMatch\n") }
    var response = blob.response(to: request)
    // It is no registry.
    response.headers["Docker-Content-Digest"] = nil
    return response
  }
}
