import FoundationEssentials
package import SystemPackage

/// Where a request goes: an absolute URL of `http`, `https`, or HTTP over a Unix socket.
package struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
  private let url: URL

  /// Reads an absolute URL; nil for what is none, or is of another scheme, or has no host. A fragment
  /// is not part of what is asked for.
  package init?(_ text: String) {
    guard let url = URL(string: String(text.prefix { $0 != "#" })) else { return nil }
    self.init(url)
  }

  private init?(_ url: URL) {
    guard ["http", "https", "http+unix"].contains(url.scheme?.lowercased()),
      let host = url.host(percentEncoded: true), !host.isEmpty
    else { return nil }
    self.url = url
  }

  /// A target, such as `/images/load`, of a server that listens at a Unix socket.
  package init?(unixSocket path: FilePath, target: String) {
    var host = ""
    for byte in Array(path.string.utf8) {
      let digits = String(byte, radix: 16, uppercase: true)
      host += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
    }
    self.init("http+unix://\(host)\(target)")
  }

  /// What a `Location` field means that came from here; nil for what is no URL of ours.
  package func resolving(_ location: String) -> HTTPURL? {
    let target = String(location.prefix { $0 != "#" })
    guard let resolved = URL(string: target, relativeTo: url)?.absoluteURL else { return nil }
    return HTTPURL(resolved)
  }

  /// The same with a further parameter in its query; those that are there stay as they are.
  package func addingQuery(_ name: String, _ value: String) -> HTTPURL {
    let text = url.absoluteString
    let separator =
      text.contains("?") ? (text.hasSuffix("?") || text.hasSuffix("&") ? "" : "&") : "?"
    let parameter = HTTPURL.escapedForQuery(name) + "=" + HTTPURL.escapedForQuery(value)
    return HTTPURL(text + separator + parameter) ?? self
  }

  /// Every byte escaped that is not a letter, a digit or one of `-._~/:`.
  package static func escapedForQuery(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"), UInt8(ascii: ":"):
        result.unicodeScalars.append(UnicodeScalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
      }
    }
    return result
  }

  package var scheme: String { url.scheme?.lowercased() ?? "" }
  package var isSecure: Bool { scheme == "https" }
  package var isUnixSocket: Bool { scheme == "http+unix" }

  /// The host without its port, in lower case.
  package var host: String { (url.host(percentEncoded: false) ?? "").lowercased() }

  package var port: Int { url.port ?? (isSecure ? 443 : 80) }

  /// Host and port as a URL has them; the port is left out where it is the scheme's own.
  package var authority: String {
    let host = self.host.contains(":") && !self.host.hasPrefix("[") ? "[\(self.host)]" : self.host
    return url.port.map { "\(host):\($0)" } ?? host
  }

  /// Scheme, host and port: what credentials belong to.
  package var origin: Origin { Origin(scheme: scheme, host: host, port: port) }

  /// Scheme, host and port.
  package struct Origin: Sendable, Hashable {
    let scheme: String
    let host: String
    let port: Int
  }

  /// The whole URL, with a query that may hold what is secret: not for messages.
  var absoluteText: String { url.absoluteString }

  /// Scheme, host, port and path: queries of object storage hold signatures, which are credentials.
  package var description: String {
    isUnixSocket
      ? "unix:\(url.host(percentEncoded: false) ?? "")"
      : "\(scheme)://\(authority)\(url.path(percentEncoded: true))"
  }
}
