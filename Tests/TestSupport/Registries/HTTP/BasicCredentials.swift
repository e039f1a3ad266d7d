/// A user and a password, as the Basic scheme carries them (RFC 7617).
package struct BasicCredentials: Hashable, Sendable {
  package let user: String
  package let password: String

  package init(user: String, password: String) {
    self.user = user
    self.password = password
  }

  /// Reads the value of `Authorization` or `Proxy-Authorization`; nil for other schemes.
  init?(header: String?) {
    guard let header, header.lowercased().hasPrefix("basic "),
      let bytes = Base64.decode(header.dropFirst("basic ".count)),
      let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
    else { return nil }
    user = String(decoding: bytes[..<colon], as: UTF8.self)
    password = String(decoding: bytes[(colon + 1)...], as: UTF8.self)
  }

  /// What a client sends.
  package var header: String { "Basic " + Base64.encode(Array("\(user):\(password)".utf8)) }
}
