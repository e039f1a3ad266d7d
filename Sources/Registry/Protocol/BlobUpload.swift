internal import OCI
internal import Transport

/// The way of one blob into a repository (distribution-spec, "Pushing Blobs").
///
/// It goes in one request where it can. What is interrupted goes on, in chunks, from where the
/// registry says it stopped; a registry, or a proxy before it, that takes no large requests gets
/// chunks from the start.
struct BlobUpload {
  private let blob: Descriptor
  private let source: UploadSource
  private let repository: RemoteRepository
  fileprivate var session: Session?
  private var chunkSize: Int64?
  /// The most that the registry ever had.
  private var confirmed: Int64 = 0
  /// False once what the registry put together was not the blob.
  private var mayGoOn = true

  /// An upload that the registry has opened.
  fileprivate struct Session: Sendable {
    /// Who opened it, and so knows it.
    let endpoint: RegistryEndpoint?
    /// Where the next request goes.
    var location: HTTPURL
    /// How many bytes the registry has.
    var offset: Int64
    /// The smallest chunk that it takes, but for the last one.
    var smallestChunk: Int64
  }

  /// A chunk that goes through the usual limits of proxies.
  private static let usualChunk: Int64 = 32 << 20
  /// Asking how far an upload got costs a request or two; less than this is sent again instead.
  private static let worthGoingOn: Int64 = 1 << 20

  init(_ blob: Descriptor, _ source: UploadSource, to repository: RemoteRepository) {
    self.blob = blob
    self.source = source
    self.repository = repository
  }

  // MARK: - Opening

  /// Whether the registry took the blob from another of its repositories. Where it did not, it has
  /// opened an upload instead.
  mutating func mount(from other: String) async throws -> Bool {
    let opened: Session?
    do {
      opened = try await open(mountingFrom: other)
    } catch let error as RegistryError where (400..<500).contains(error.status ?? 0) {
      // Somebody else's repository, or nobody's: no reason not to send the blob.
      return false
    }
    session = opened
    return opened == nil
  }

  /// Opens an upload; nil where the blob was mounted and there is nothing to send.
  fileprivate func open(mountingFrom other: String? = nil) async throws -> Session? {
    let (blob, repository, activity) = (blob, repository, activity)
    return try await repository.perform(activity, access: .pullAndPush, mountSource: other) {
      endpoint in
      var url = try endpoint.url(repository.name, "blobs/uploads/")
      if let other {
        url = url.addingQuery("mount", "\(blob.digest)").addingQuery("from", other)
      }
      return HTTPRequest(.post, url)
    } receive: { response -> Session?? in
      if other != nil, response.status == 201 { return .some(nil) }
      guard response.status == 202 else { return nil }
      return .some(try Session(response, repository, activity))
    }
  }

  // MARK: - Sending

  /// Sends the blob.
  mutating func send() async throws {
    var failures = FailureCount()
    while true {
      if session == nil {
        // Opening has retries of its own.
        guard let opened = try await open() else { return }
        session = opened
      }
      do {
        return try await attempt()
      } catch {
        guard let failure = try await remedy(error) else { continue }
        if session == nil, isWorthGoingOn, (try? await repository.has(blob)) == true {
          // It had all of it, and what was lost is the answer.
          return
        }
        failures.add(progress: confirmed)
        guard let pause = repository.client.retries.pause(after: failures, failure) else {
          throw failure.cause
        }
        try await Task.sleep(for: pause)
      }
    }
  }

  private mutating func attempt() async throws {
    guard let session else { return }
    if session.offset == 0, chunkSize == nil { return try await sendWhole(session) }
    try await sendChunks(session)
  }

  /// Everything in one request.
  private func sendWhole(_ session: Session) async throws {
    try await close(session, body: 0..<blob.size)
  }

  private mutating func sendChunks(_ opened: Session) async throws {
    var session = opened
    let size = max(chunkSize ?? BlobUpload.usualChunk, session.smallestChunk)
    while session.offset < blob.size {
      let range = session.offset..<min(session.offset + size, blob.size)
      session = try await patch(session, range)
      self.session = session
      confirmed = max(confirmed, session.offset)
    }
    try await close(session, body: nil)
  }

  private func patch(_ session: Session, _ range: Range<Int64>) async throws -> Session {
    let (repository, activity) = (repository, activity)
    let next = try await transfer(range, .patch, session, to: session.location) {
      response -> Session? in
      guard response.status == 202 else { return nil }
      var next = try Session(response, repository, activity, after: session)
      // Fewer than were sent is allowed; more is not.
      next.offset = min(BlobUpload.received(response) ?? range.upperBound, range.upperBound)
      if range.upperBound == 1 { next.offset = 1 }
      return next
    }
    guard next.offset > session.offset else {
      throw TransientFailure(
        cause: repository.error(activity, .malformed("it took nothing of what was sent")))
    }
    return next
  }

  /// Ends the upload: with the bytes of a range, or with all of them sent already.
  private func close(_ session: Session, body range: Range<Int64>?) async throws {
    try await transfer(
      range, .put, session, to: session.location.addingQuery("digest", "\(blob.digest)")
    ) { response -> Void? in
      response.status == 201 || response.status == 204 ? () : nil
    }
  }

  private func transfer<Result: Sendable>(
    _ range: Range<Int64>?, _ method: HTTPMethod, _ session: Session, to location: HTTPURL,
    _ receive: @escaping @Sendable (HTTPResponse) async throws -> Result?
  ) async throws -> Result {
    let body = try range.map { try self.body($0) }
    defer { body?.stop() }
    var fields: HTTPFields = ["Content-Type": "application/octet-stream"]
    if method == .patch, let range {
      fields["Content-Range"] = "\(range.lowerBound)-\(range.upperBound - 1)"
    }
    let request = HTTPRequest(method, location, fields: fields, body: body?.body ?? .bytes([]))
    do {
      return try await repository.perform(
        activity, access: .pullAndPush, at: session.endpoint, isRepeated: false,
        request: { _ in request }, receive: receive)
    } catch {
      // Where the bytes come from was tried as often as is sensible.
      if let failure = await body?.failure() { throw failure }
      throw error
    }
  }

  // MARK: - When it does not go well

  /// Finds another way after an error; nil where that is a new one, which cannot fail as often. Throws
  /// the error where there is none.
  private mutating func remedy(_ error: any Error) async throws -> TransientFailure? {
    if let failure = error as? TransientFailure {
      await resume()
      return failure
    }
    switch (error as? RegistryError)?.status {
    case 413 where source.isSeekable && (chunkSize ?? .max) > 1 << 20:
      chunkSize = chunkSize.map { $0 / 4 } ?? BlobUpload.usualChunk
      session = nil
      return nil
    case 404:
      // Lost, as when the registry was started anew.
      session = nil
      return TransientFailure(cause: error)
    case 416:
      await resume()
      return TransientFailure(cause: error)
    case 400 where mayGoOn && confirmed > 0:
      // What the registry had of it was not what we had sent.
      mayGoOn = false
      session = nil
      return TransientFailure(cause: error)
    default: throw error
    }
  }

  private var isWorthGoingOn: Bool {
    source.isSeekable && blob.size > BlobUpload.worthGoingOn && mayGoOn
  }

  /// Finds out what the registry has of an upload that was interrupted; it begins anew where that
  /// cannot be known or used.
  private mutating func resume() async {
    guard let interrupted = session.take(), isWorthGoingOn else { return }
    let (repository, activity) = (repository, activity)
    let found = try? await repository.perform(
      activity, access: .pullAndPush, at: interrupted.endpoint
    ) { _ in
      HTTPRequest(.get, interrupted.location)
    } receive: { response -> Session? in
      guard response.status == 204 else { return nil }
      var next = try Session(response, repository, activity, after: interrupted)
      next.offset = BlobUpload.received(response) ?? 0
      return next
    }
    guard let found, found.offset > 0, found.offset <= blob.size else { return }
    session = found
    confirmed = max(confirmed, found.offset)
  }

  /// How many bytes the registry says it has: `Range: 0-<last>`. What says that it has one byte may
  /// mean none, because there is no way to say none.
  private static func received(_ response: HTTPResponse) -> Int64? {
    guard var text = response.fields["Range"]?[...] else { return nil }
    if text.hasPrefix("bytes=") { text = text.dropFirst(6) }
    guard text.hasPrefix("0-"), let last = Int64(text.dropFirst(2)), last >= 0, last < .max else {
      return nil
    }
    return last == 0 ? 0 : last + 1
  }

  // MARK: - Parts

  private var activity: String { "sending the blob `\(blob.digest)`" }

  /// What is sent, how it is given up, and why there is no more of it.
  private struct Body: Sendable {
    let body: HTTPBody
    var stop: @Sendable () -> Void = {}
    var failure: @Sendable () async -> (any Error)? = { nil }
  }

  private func body(_ range: Range<Int64>) throws -> Body {
    let length = range.upperBound - range.lowerBound
    switch source {
    case .store(let store):
      let pieces = StoredBlobPieces(blob: blob, store: store, range: range)
      return Body(body: .stream(length: length) { try pieces.begin() })
    case .repository(let other):
      let pieces = RemoteBlobPieces(blob, in: other)
      return Body(
        body: .stream(length: length) { pieces.begin() }, stop: { pieces.stop() },
        failure: { await pieces.failure })
    }
  }
}

extension BlobUpload.Session {
  /// - Parameter previous: what the session was before; nil where it was opened just now.
  fileprivate init(
    _ response: HTTPResponse, _ repository: RemoteRepository, _ activity: String,
    after previous: BlobUpload.Session? = nil
  ) throws {
    guard let location = response.fields["Location"].flatMap(response.url.resolving),
      !location.isUnixSocket
    else {
      throw repository.error(activity, .malformed("it does not say where the upload goes on"))
    }
    if response.url.isSecure, !location.isSecure {
      throw repository.error(
        activity, .malformed("the upload is to go on at `\(location)`, which has no TLS"))
    }
    self.location = location
    endpoint =
      try previous.map(\.endpoint)
      ?? repository.client.endpoints(for: repository, pulling: false).first {
        $0.isOrigin(of: response.url)
      }
    offset = 0
    let smallest = response.fields["OCI-Chunk-Min-Length"].flatMap { Int64($0) } ?? 0
    smallestChunk = max(0, min(smallest, 1 << 30), previous?.smallestChunk ?? 0)
  }
}
