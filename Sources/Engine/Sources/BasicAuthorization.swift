internal import BuildGraph
internal import Transport

/// The `Basic` scheme (RFC 7617).
enum BasicAuthorization {
  static func field(user: String, password: String) -> String {
    "Basic " + Base64.encode((user + ":" + password).utf8)
  }

  /// What the `user:password` of an address stands for, with its percent escapes read.
  static func field(userInformation: String) -> String {
    let parts = userInformation.split(
      separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let words = parts.map { WebAddress.decodingPercents($0) ?? String($0) }
    return field(user: words[0], password: words.count == 2 ? words[1] : "")
  }
}
