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
  /// What the registry has for certain.
  private var confirmed: Int64 = 0

  /// An upload that the registry has opened.
  fileprivate struct Session: Sendable {
    /// Where the next request goes.
    var location: HTTPURL
    /// How many bytes the registry has.
    var offset: Int64
    /// The smallest chunk that it takes, but for the last one.
    var smallestChunk: Int64
  }

  /// A chunk that goes through the usual limits of proxies.
  private static let usualChunk: Int64 = 32 << 20

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
    } catch let error as RegistryError where [401, 403, 404].contains(error.status) {
      // Somebody else's repository: no reason not to send the blob.
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
      try await response.drain()
      return .some(try Session(response, repository, activity))
    }
  }

  // MARK: - Sending

  /// Sends the blob.
  mutating func send() async throws {
    var failures = 0
    while true {
      let before = confirmed
      do {
        return try await attempt()
      } catch {
        if try adapt(to: error) { continue }
        guard let failure = RetryPolicy.transient(error) else { throw error }
        await resume()
        failures = confirmed > before ? 1 : failures + 1
        let pause = repository.client.retries.pause(
          afterFailures: failures, requested: failure.requestedPause,
          spread: Double.random(in: 0...1))
        guard let pause else { throw failure.cause }
        try await Task.sleep(for: pause)
      }
    }
  }

  private mutating func attempt() async throws {
    if session == nil {
      guard let opened = try await open() else { return }
      session = opened
    }
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
    let body = try body(range)
    defer { body.stop() }
    return try await repository.perform(activity, access: .pullAndPush, retries: RetryPolicy.once) {
      _ in
      HTTPRequest(
        .patch, session.location,
        fields: [
          "Content-Type": "application/octet-stream",
          "Content-Range": "\(range.lowerBound)-\(range.upperBound - 1)",
        ],
        body: body.body)
    } receive: { response -> Session? in
      guard response.status == 202 else { return nil }
      try await response.drain()
      var next = try Session(response, repository, activity)
      next.smallestChunk = max(next.smallestChunk, session.smallestChunk)
      // Fewer than were sent is allowed; more is not.
      next.offset = min(BlobUpload.received(response) ?? range.upperBound, range.upperBound)
      return next
    }
  }

  /// Ends the upload: with the bytes of a range, or with all of them sent already.
  private func close(_ session: Session, body range: Range<Int64>?) async throws {
    let (blob, repository) = (blob, repository)
    let body = try range.map { try self.body($0) }
    defer { body?.stop() }
    try await repository.perform(activity, access: .pullAndPush, retries: RetryPolicy.once) { _ in
      HTTPRequest(
        .put, session.location.addingQuery("digest", "\(blob.digest)"),
        fields: ["Content-Type": "application/octet-stream"],
        body: body?.body ?? .bytes([]))
    } receive: { response -> Void? in
      guard response.status == 201 || response.status == 204 else { return nil }
      try await response.drain()
      return ()
    }
  }

  // MARK: - When it does not go well

  /// Whether there is another way after an error that would only come again.
  private mutating func adapt(to error: any Error) throws -> Bool {
    guard let status = (error as? RegistryError)?.status else { return false }
    switch status {
    case 413 where source.isSeekable && (chunkSize ?? .max) > 1 << 20:
      chunkSize = chunkSize.map { $0 / 4 } ?? BlobUpload.usualChunk
      session = nil
      return true
    default: return false
    }
  }

  /// Finds out what the registry has of an upload that was interrupted; it begins anew where that
  /// cannot be known or used.
  private mutating func resume() async {
    guard let interrupted = session, source.isSeekable, blob.size > 1 << 20 else {
      session = nil
      return
    }
    session = nil
    let (repository, activity) = (repository, activity)
    let found = try? await repository.perform(
      activity, access: .pullAndPush, retries: RetryPolicy.once
    ) { _ in
      HTTPRequest(.get, interrupted.location)
    } receive: { response -> Session? in
      guard response.status == 204 else { return nil }
      var next = try Session(response, repository, activity)
      next.offset = BlobUpload.received(response) ?? 0
      next.smallestChunk = max(next.smallestChunk, interrupted.smallestChunk)
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

  /// What is sent, and how it is given up.
  private struct Body: Sendable {
    let body: HTTPBody
    let stop: @Sendable () -> Void
  }

  private func body(_ range: Range<Int64>) throws -> Body {
    let length = range.upperBound - range.lowerBound
    switch source {
    case .store(let store):
      let pieces = StoredBlobPieces(blob: blob, store: store, range: range)
      return Body(body: .stream(length: length) { try pieces.begin() }, stop: {})
    case .repository(let other):
      let pieces = RemoteBlobPieces(blob, in: other)
      return Body(body: .stream(length: length) { pieces.begin() }, stop: { pieces.stop() })
    }
  }
}

extension BlobUpload.Session {
  fileprivate init(
    _ response: HTTPResponse, _ repository: RemoteRepository, _ activity: String
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
    offset = 0
    smallestChunk =
      response.fields["OCI-Chunk-Min-Length"].flatMap { Int64($0) }.map { max(0, min($0, 1 << 30)) }
      ?? 0
  }
}
