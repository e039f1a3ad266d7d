/// Why a server of the tests cannot go on with a request.
enum HTTPServerError: Error, CustomStringConvertible {
  case malformed(String)
  /// The client left in the middle of a message.
  case interrupted
  case tooLarge

  var description: String {
    switch self {
    case .malformed(let what): "malformed \(what)"
    case .interrupted: "the client left in the middle of a message"
    case .tooLarge: "the message is larger than this server reads"
    }
  }
}
