extension Fault {
  /// Another answer than the server's own, which is not asked.
  package static func respond(
    _ status: Int, _ headers: HTTPHeaders = [:], body: String = ""
  ) -> Fault {
    answering { _ in ServerResponse(status, headers, .bytes(Array(body.utf8))) }
  }

  /// An answer in the registry's own form of errors.
  package static func respond(
    _ status: Int, _ headers: HTTPHeaders = [:], code: String, message: String
  ) -> Fault {
    answering { _ in
      var response = RegistryError(status, code, message).response
      for field in headers.fields { response.headers.add(field.name, field.value) }
      return response
    }
  }

  /// The connection is closed without an answer.
  package static let close = end(.close)
  /// The connection is reset without an answer.
  package static let reset = end(.reset)
  /// There never is an answer.
  package static let stall = end(.silence)

  private static func end(_ end: ConnectionEnd) -> Fault {
    answering { _ in throw end }
  }

  /// What is not HTTP, where the status line should be; then the connection is closed.
  package static let garbage = raw("\u{0}\u{1}SSH-2.0-no HTTP here\r\n\r\n")

  /// These bytes instead of an answer; then the connection is closed.
  package static func raw(_ text: String) -> Fault {
    taking { connection in
      try connection.write(text)
      throw ConnectionEnd.close
    }
  }

  /// Header fields for ever.
  package static let endlessHeaders = taking { connection in
    try connection.write("HTTP/1.1 200 OK\r\n")
    let field = "X-More: " + String(repeating: "m", count: 1000) + "\r\n"
    while true { try connection.write(field) }
  }

  private static func taking(_ body: @escaping @Sendable (HTTPConnection) throws -> Void) -> Fault {
    answering { _ in ServerResponse(200, [:], .takeover(body)) }
  }

  /// The answer with a header field of another value, or without it: `Docker-Content-Digest`,
  /// `Content-Type`, `Location` and so on.
  package static func header(_ name: String, _ value: String?) -> Fault {
    changing { response, _ in
      var response = response
      response.headers[name] = value
      return response
    }
  }

  /// The answer with another body and its right `Content-Length`; all else is as it was, so that the
  /// digest is of the body that it should have been.
  package static func body(_ bytes: [UInt8]) -> Fault {
    changing { response, _ in
      var response = response
      response.headers["Content-Length"] = nil
      response.body = .bytes(bytes)
      return response
    }
  }

  private static func answering(_ answer: @escaping ServerHandler) -> Fault {
    Fault(effect: .answer(answer))
  }
}
