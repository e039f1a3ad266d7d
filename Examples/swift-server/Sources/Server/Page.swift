import AsyncHTTPClient
import FoundationEssentials
import Hummingbird
import NIOCore
import NIOPosix
import NIOSSL

/// What a fetch found out about a page.
struct Page: ResponseEncodable {
  var url: String
  var status: UInt
  var bytes: Int

  /// Larger pages are refused, so that nobody can keep the server reading for ever.
  static let maximumBytes = 10 << 20

  static func fetched(from text: String?) async throws -> Page {
    let url = try checked(text)
    do {
      let response = try await HTTPClient.shared.execute(
        HTTPClientRequest(url: url), timeout: .seconds(10))
      var bytes = 0
      for try await chunk in response.body {
        bytes += chunk.readableBytes
        guard bytes <= maximumBytes else {
          throw HTTPError(.badGateway, message: "`\(url)` is larger than \(maximumBytes) bytes")
        }
      }
      return Page(url: url, status: response.status.code, bytes: bytes)
    } catch let error as HTTPError {
      throw error
    } catch {
      throw HTTPError(.badGateway, message: "cannot fetch `\(url)`: \(cause(of: error))")
    }
  }

  private static func checked(_ text: String?) throws(HTTPError) -> String {
    guard let text, !text.isEmpty else {
      throw HTTPError(.badRequest, message: "say what to fetch: `/fetch?url=https://example.com/`")
    }
    guard let url = URL(string: text), url.scheme?.lowercased() == "https",
      url.host()?.isEmpty == false
    else {
      throw HTTPError(.badRequest, message: "`\(text)` is not an `https://` address")
    }
    return text
  }

  /// The errors of the libraries below name their own parts; these words name the user's.
  private static func cause(of error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError where error.connectionErrors.isEmpty:
      "the name `\(error.host)` cannot be resolved"
    case let error as NIOConnectionError:
      "nothing answers at `\(error.host)` port \(error.port)"
    case NIOSSLError.handshakeFailed, is NIOSSLExtraError:
      "the TLS handshake failed, perhaps the certificate is not trusted (\(error))"
    case NIOSSLError.uncleanShutdown:
      "the answer broke off: the server ended the connection without saying so"
    case is BoringSSLError, is NIOSSLError:
      "TLS cannot be set up: is there a CA bundle at `/etc/ssl/certs/ca-certificates.crt`?"
    case let error as HTTPClientError
    where [.connectTimeout, .readTimeout, .deadlineExceeded].contains(error):
      "no answer in time"
    default:
      "\(error)"
    }
  }
}
