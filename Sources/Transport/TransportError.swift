internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import SystemPackage

/// Why there is no answer, or no whole one.
package struct TransportError: Error, Sendable, CustomStringConvertible {
  package let problem: Problem
  /// Where the request went, without its query.
  package let place: String

  package enum Problem: Sendable, Hashable {
    case malformedURL
    case unresolvable(host: String)
    /// The connection was refused, or there is no way to the host.
    case unreachable(String)
    case connectTimeout
    /// What was taken for TLS is none.
    case notTLS
    /// The server went away before TLS was agreed on.
    case handshakeEnded
    /// The server's certificate, or ours, was not accepted.
    case certificate(String)
    case unreadableCertificate(path: String, String)
    /// The connection ended in the middle.
    case connectionLost(String)
    /// Next to nothing came or went for so long.
    case stalled(Duration)
    case malformedResponse(String)
    case tooLarge(limit: Int)
    case tooManyRedirects(Int)
    case redirectWithoutTarget
    /// A redirect from `https` to something that can be read and changed on the way.
    case insecureRedirect(to: String)
    case proxy(String)
    /// An environment variable names no proxy that can be used.
    case unusableProxy(variable: String)
    case other(String)
  }

  init(_ problem: Problem, _ url: HTTPURL) {
    self.problem = problem
    place = url.description
  }

  /// Whether the same request may succeed when it is tried again.
  package var isTransient: Bool {
    switch problem {
    case .unreachable, .connectTimeout, .handshakeEnded, .connectionLost, .stalled,
      .malformedResponse:
      true
    case .unresolvable, .malformedURL, .notTLS, .certificate, .unreadableCertificate, .tooLarge,
      .tooManyRedirects, .redirectWithoutTarget, .insecureRedirect, .proxy, .unusableProxy, .other:
      false
    }
  }

  /// Whether no request reached the server.
  package var isFailureToConnect: Bool {
    switch problem {
    case .unresolvable, .unreachable, .connectTimeout, .notTLS, .handshakeEnded: true
    default: false
    }
  }

  package var description: String {
    switch problem {
    case .malformedURL: "`\(place)` is not a URL that can be asked"
    case .unresolvable(let host):
      "`\(host)` has no address; hint: check the name, the network, and the proxy settings"
    case .unreachable(let reason): "cannot connect to `\(place)`: \(reason)"
    case .connectTimeout: "`\(place)` does not answer"
    case .notTLS:
      "`\(place)` does not speak TLS; hint: a registry without TLS must be called insecure"
    case .handshakeEnded: "`\(place)` ends the connection instead of speaking TLS"
    case .certificate(let reason): "no TLS with `\(place)`: \(reason)"
    case .unreadableCertificate(let path, let reason):
      "`\(path)` cannot be used for TLS: \(reason)"
    case .connectionLost(let reason): "the connection to `\(place)` was lost: \(reason)"
    case .stalled(let time): "`\(place)` has sent or taken next to nothing for \(time)"
    case .malformedResponse(let reason): "`\(place)` does not answer in HTTP: \(reason)"
    case .tooLarge(let limit): "the answer of `\(place)` is larger than \(limit) bytes"
    case .tooManyRedirects(let limit): "`\(place)` redirects more than \(limit) times"
    case .redirectWithoutTarget: "`\(place)` redirects to nowhere"
    case .insecureRedirect(let target): "`\(place)` redirects to `\(target)`, which has no TLS"
    case .proxy(let reason): "the proxy on the way to `\(place)` refuses: \(reason)"
    case .unusableProxy(let variable):
      "`\(variable)` names no proxy that can be used; "
        + "hint: it is `http://HOST:PORT` or `socks5://HOST:PORT`"
    case .other(let reason): "`\(place)`: \(reason)"
    }
  }
}

extension TransportError {
  /// Puts the words of the HTTP client's errors into ours; what is ours already stays.
  static func describing(_ error: any Error, _ url: HTTPURL) -> any Error {
    switch error {
    case is TransportError, is CancellationError: error
    case let error as HTTPClientError: describing(error, url)
    case let error as NIOConnectionError: TransportError(problem(of: error), url)
    case let error as NIOSSLExtraError: TransportError(problem(of: error), url)
    case let error as NIOSSLError: TransportError(problem(of: error), url)
    case let error as BoringSSLError: TransportError(problem(ofTLS: "\(error)"), url)
    case let error as IOError: TransportError(problem(of: error), url)
    case let error as ChannelError: TransportError(problem(of: error), url)
    case HTTPParserError.invalidEOFState:
      TransportError(.connectionLost("it ended in the middle of the answer"), url)
    case let error as HTTPParserError: TransportError(.malformedResponse("\(error)"), url)
    // Errors of a body that a caller sends come through as they are.
    default: error
    }
  }

  private static func describing(_ error: HTTPClientError, _ url: HTTPURL) -> any Error {
    switch error {
    case .cancelled, .requestStreamCancelled: CancellationError()
    case .invalidURL, .emptyHost, .emptyScheme: TransportError(.malformedURL, url)
    case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout,
      .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
      TransportError(.connectTimeout, url)
    case .remoteConnectionClosed: TransportError(.connectionLost("the server closed it"), url)
    case .uncleanShutdown: TransportError(.connectionLost("TLS ended without a farewell"), url)
    case .invalidProxyResponse: TransportError(.proxy("it does not open a tunnel"), url)
    case .proxyAuthenticationRequired:
      TransportError(.proxy("it wants a user and a password"), url)
    default: TransportError(.other(error.shortDescription), url)
    }
  }

  private static func problem(of error: NIOConnectionError) -> Problem {
    if let failure = error.connectionErrors.last?.error {
      if let failure = failure as? IOError { return .unreachable(words(for: failure)) }
      if case ChannelError.connectTimeout = failure { return .connectTimeout }
      return .unreachable("\(failure)")
    }
    return .unresolvable(host: error.host)
  }

  /// Numeric addresses fail to connect without a `NIOConnectionError` around the reason.
  private static func problem(of error: IOError) -> Problem {
    switch Errno(rawValue: error.errnoCode) {
    case .connectionRefused, .noRouteToHost, .networkUnreachable, .hostIsDown, .permissionDenied,
      .noSuchFileOrDirectory, .addressNotAvailable:
      .unreachable(words(for: error))
    default: .connectionLost(words(for: error))
    }
  }

  private static func problem(of error: NIOSSLExtraError) -> Problem {
    error == .failedToValidateHostname
      ? .certificate(
        "its certificate is for other names; hint: call the registry by a name that it is for")
      : .certificate("\(error)")
  }

  private static func problem(of error: NIOSSLError) -> Problem {
    switch error {
    case .uncleanShutdown: .connectionLost("TLS ended without a farewell")
    case .handshakeFailed(let cause): problem(ofTLS: "\(cause)")
    default: .certificate("\(error)")
    }
  }

  /// BoringSSL's reasons, which it gives as text.
  private static func problem(ofTLS text: String) -> Problem {
    for sign in ["WRONG_VERSION_NUMBER", "HTTP_REQUEST", "INVALID_OUTER_RECORD_TYPE"]
    where text.contains(sign) {
      return .notTLS
    }
    if text.contains("eofDuringHandshake") { return .handshakeEnded }
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      return .certificate(
        "its certificate has expired, or is not signed by a known authority; "
          + "hint: a registry's own CA belongs into `/etc/docker/certs.d/HOST:PORT/ca.crt`")
    }
    for sign in ["CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA"] where text.contains(sign)
    {
      return .certificate(
        "it wants a client certificate that it knows; hint: that belongs, as `client.cert` and "
          + "`client.key`, into `/etc/docker/certs.d/HOST:PORT`")
    }
    return .certificate(text)
  }

  private static func problem(of error: ChannelError) -> Problem {
    switch error {
    case .connectTimeout: .connectTimeout
    case .ioOnClosedChannel, .alreadyClosed, .eof, .inputClosed, .outputClosed:
      .connectionLost("it was closed")
    default: .other("\(error)")
    }
  }

  private static func words(for error: IOError) -> String {
    Errno(rawValue: error.errnoCode).description.lowercased()
  }
}
