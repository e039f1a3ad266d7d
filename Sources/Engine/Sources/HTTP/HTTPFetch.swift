internal import Archive
internal import BuildGraph
internal import OCI
internal import Snapshots
import Synchronization
internal import Transport

/// Fetches a file for `ADD` or a build context, after BuildKit's `source/http`: the key is made of its
/// content, its name and its time; a server is asked only whether what is here is still right.
struct HTTPFetch: Sendable {
  private let source: HTTPSource
  private let sources: RemoteSources

  init(_ source: HTTPSource, _ sources: RemoteSources) {
    self.source = source
    self.sources = sources
  }

  /// What the address leads to; nothing is asked where the source says what it must be.
  func resolve() async throws -> RemoteState {
    if let checksum = source.checksum {
      let record = sources.record(for: key(of: checksum).digest)
      return state(checksum, record, isPinned: true)
    }
    let (known, record) = try await sources.alone(addressKey) {
      let known = sources.record(for: addressKey.digest)
      return (known, try await fetch(unless: known))
    }
    guard let digest = record.digest else { throw RemoteSourceError.uploadLost }
    var state = state(digest, record, isPinned: false)
    state.isNew = record.layer != known?.layer
    return state
  }

  /// The layer of a source that says what it must be.
  func layer() async throws -> LayerID {
    guard let checksum = source.checksum else { throw RemoteSourceError.uploadLost }
    let key = key(of: checksum)
    return try await sources.alone(key) {
      // Another process may have fetched it meanwhile.
      if let record = sources.record(for: key.digest) { return record.layer }
      return try await fetch(unless: nil).layer
    }
  }

  private func state(_ digest: Digest, _ record: SourceRecord?, isPinned: Bool) -> RemoteState {
    var pinned = source
    pinned.checksum = digest
    var parts: [CacheRecord.KeyPart] = [
      .init("source", "http"), .init("digest", digest.hex), .init("file name", source.fileName),
    ]
    if !isPinned, let time = record?.time { parts.append(.init("last modified", "\(time)")) }
    return RemoteState(
      source: .http(pinned), identity: StepKey(parts).digest, layer: record?.layer,
      time: record?.time)
  }

  /// Where what the server said last is remembered.
  private var addressKey: StepKey {
    StepKey([
      .init("record", "http address"), .init("address", source.address),
      .init("file name", source.fileName),
    ])
  }

  private func key(of digest: Digest) -> StepKey {
    StepKey([
      .init("record", "http content"), .init("address", source.address),
      .init("file name", source.fileName), .init("digest", digest.hex),
    ])
  }

  // MARK: - The exchange

  /// Fetches the file and remembers it, or gives back what is known where that is still right.
  private func fetch(unless known: SourceRecord?) async throws -> SourceRecord {
    let access = try sources.access(source.shown)
    let request = try request(known?.validator)
    let file = try await BlockingWork.run { [source, sources] in
      try FetchedFile(named: source.fileName, in: sources.stores.layers)
    }
    do {
      let answer = try await access.retries.run {
        try await exchange(request, known, file, access)
      }
      guard let answer, let record = try await finish(file, answer) else {
        file.discard()
        guard let known else { throw RemoteSourceError.uploadLost }
        return known
      }
      return record
    } catch {
      file.discard()
      throw error
    }
  }

  /// What the server said besides the file.
  fileprivate struct Answer: Sendable {
    var validator: HTTPValidator?
    var time: Int64?
    var isCompressed: Bool
  }

  /// One attempt; nil where what is known is still right.
  private func exchange(
    _ request: HTTPRequest, _ known: SourceRecord?, _ file: FetchedFile, _ access: RemoteAccess
  ) async throws -> Answer? {
    let source = source
    try file.restart()
    do {
      return try await access.transport.exchange(request) { response in
        if let known, HTTPFetch.isUnchanged(response, known.validator) { return nil as Answer? }
        guard response.isSuccess else {
          throw TransientFailure.wrapping(
            RemoteSourceError.refused(
              source.shown, status: response.status, host: response.url.host), response)
        }
        try await HTTPFetch.receive(response, of: source, into: file, limit: access.largestFile)
        return Answer(response)
      }
    } catch let error as TransportError {
      throw TransientFailure.wrapping(
        error, as: RemoteSourceError.unreachable(source.shown, "\(error)"))
    }
  }

  private static func receive(
    _ response: HTTPResponse, of source: HTTPSource, into file: FetchedFile, limit: Int64
  ) async throws {
    let expected = response.contentLength
    if let expected, expected > limit {
      throw RemoteSourceError.tooLarge(source.shown, limit: limit)
    }
    try await response.forEachBlock { block in
      guard file.size + Int64(block.count) <= limit else {
        throw RemoteSourceError.tooLarge(source.shown, limit: limit)
      }
      // The disk may be slow.
      try await BlockingWork.run { try file.append(block) }
    }
    if let expected, expected != file.size {
      throw TransientFailure(
        cause: RemoteSourceError.truncated(source.shown, expected: expected, actual: file.size))
    }
  }

  /// Not modified; or sent again, as servers do that know no conditions, with the tag that is known.
  private static func isUnchanged(_ response: HTTPResponse, _ known: HTTPValidator?) -> Bool {
    if response.status == 304 { return true }
    guard response.status == 200, let tag = response.fields["ETag"], let known = known?.entityTag
    else { return false }
    return tag.withoutWeakness == known.withoutWeakness
  }

  private func request(_ validator: HTTPValidator?) throws -> HTTPRequest {
    guard var web = WebAddress(source.address) else {
      throw RemoteSourceError.unreachable(source.shown, "it is not an address that can be asked")
    }
    let user = web.userInformation
    web.userInformation = nil
    guard let url = HTTPURL(web.text) else {
      throw RemoteSourceError.unreachable(source.shown, "it is not an address that can be asked")
    }
    var request = HTTPRequest(
      .get, url, fields: ["User-Agent": "slipway", "Accept": "*/*", "Accept-Encoding": "identity"])
    request.fields["Authorization"] = authorization(host: web.host, user: user)
    if let tag = validator?.entityTag {
      request.fields["If-None-Match"] = tag
    } else if let time = validator?.lastModified {
      request.fields["If-Modified-Since"] = time
    }
    return request
  }

  /// What the secrets of the build say for a host, else what is in the address.
  private func authorization(host: String, user: String?) -> String? {
    let secrets = sources.inputs.secrets
    if let token = secrets["HTTP_AUTH_TOKEN_" + host] {
      return "Bearer " + String(decoding: token, as: UTF8.self).withoutLineEnd
    }
    if let header = secrets["HTTP_AUTH_HEADER_" + host] {
      return String(decoding: header, as: UTF8.self).withoutLineEnd
    }
    return user.map { BasicAuthorization.field(userInformation: $0) }
  }

  // MARK: - What came

  /// Checks what came and makes it a layer.
  private func finish(_ received: FetchedFile, _ answer: Answer) async throws -> SourceRecord? {
    try await BlockingWork.run { [self] in
      let file = answer.isCompressed ? try decompressed(received) : received
      do {
        let digest = file.digest
        if let expected = source.checksum, digest != expected {
          throw RemoteSourceError.wrongDigest(source.shown, expected: expected, actual: digest)
        }
        let layer = try file.commit(modified: FileTime(seconds: answer.time ?? 0))
        let record = SourceRecord(
          layer: layer, origin: source.shown, digest: digest, validator: answer.validator,
          time: answer.time)
        sources.remember(record, under: [key(of: digest), addressKey])
        return record
      } catch {
        file.discard()
        throw error
      }
    }
  }

  /// What a server has compressed although nobody asked it to: Go's client, and so BuildKit, undoes
  /// that.
  private func decompressed(_ received: FetchedFile) throws -> FetchedFile {
    defer { received.discard() }
    let limit = try sources.access(source.shown).largestFile
    let file = try FetchedFile(named: source.fileName, in: sources.stores.layers)
    do {
      let contents = try GzipReader(received.contents())
      var buffer = [UInt8](repeating: 0, count: 256 << 10)
      while true {
        let count = try buffer.withUnsafeMutableBytes { try contents.read(into: $0) }
        if count == 0 { return file }
        guard file.size + Int64(count) <= limit else {
          throw RemoteSourceError.tooLarge(source.shown, limit: limit)
        }
        try buffer.withUnsafeBytes {
          try file.append(UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
      }
    } catch let error as ArchiveError {
      file.discard()
      throw RemoteSourceError.notEncoded(source.shown, "\(error)")
    } catch {
      file.discard()
      throw error
    }
  }
}

extension HTTPFetch.Answer {
  fileprivate init(_ response: HTTPResponse) {
    let modified = response.fields["Last-Modified"]
    time = modified.flatMap(HTTPDate.seconds)
    let encoding = response.fields["Content-Encoding"]?.lowercased()
    isCompressed = encoding == "gzip" || encoding == "x-gzip"
    let tag = response.fields["ETag"].flatMap { $0.isEmpty ? nil : $0 }
    // A time alone says nothing of changes within the clock's grain (RFC 9110, 8.8.2.2).
    let answered = response.fields["Date"].flatMap(HTTPDate.seconds)
    var isSettled = false
    if let time, let answered { isSettled = answered - time >= 60 }
    validator = HTTPValidator(entityTag: tag, lastModified: isSettled ? modified : nil)
  }
}

extension String {
  fileprivate var withoutWeakness: Substring { hasPrefix("W/") ? dropFirst(2) : self[...] }

  /// A secret that is kept in a file ends with its line.
  var withoutLineEnd: String {
    var text = self[...]
    while let last = text.last, last.isNewline { text.removeLast() }
    return String(text)
  }
}
