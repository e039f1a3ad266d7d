extension Fault {
  /// The server does not know ranges: it answers 200 with everything.
  package static let ignoreRange = Fault(effect: .request { $0.headers["Range"] = nil })

  /// The blob is not mounted: the answer is 202 and an upload.
  package static let refuseMount = Fault(
    effect: .request { request in
      request.query["mount"] = nil
      request.query["from"] = nil
    })

  /// The connection is reset when `count` bytes of the request's body have arrived; an upload keeps
  /// them.
  package static func reset(afterReceiving count: Int64) -> Fault {
    Fault(effect: .request { $0.body.cut(after: count, with: .reset) })
  }

  /// Nothing more is read and nothing said when `count` bytes of the request's body have arrived.
  package static func stall(afterReceiving count: Int64) -> Fault {
    Fault(effect: .request { $0.body.cut(after: count, with: .silence) })
  }

  /// The upload is lost: 404 and `BLOB_UPLOAD_UNKNOWN`, now and later.
  package static let forgetUpload = Fault(effect: .registry(.forgetsUpload))

  /// 416, to a chunk of an upload or to a request with a range.
  package static let refuseRange = Fault(effect: .registry(.refusesRange))

  /// All tokens given so far are good no more, this request's own first.
  package static let expireTokens = Fault(effect: .registry(.expiresTokens))

  /// 307 to the object storage, which has the blob.
  package static func redirect(to storage: ObjectStorage) -> Fault {
    Fault(effect: .registry(.redirects(to: storage)))
  }
}
