import OCI

/// Reads JSON documents of unknown origin.
enum Document {
  /// Throws `ContentError.malformedDocument` with the place and the problem.
  static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], origin: String
  ) throws -> Value {
    do {
      return try JSON.decode(type, from: bytes)
    } catch let error as DecodingError {
      throw ContentError.malformedDocument(origin, words(for: error))
    }
  }

  private static func words(for error: DecodingError) -> String {
    let context: DecodingError.Context
    switch error {
    case .typeMismatch(_, let found), .valueNotFound(_, let found), .keyNotFound(_, let found),
      .dataCorrupted(let found):
      context = found
    @unknown default: return "it does not decode"
    }
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    let place = path.isEmpty ? "" : "`\(printable(path))`: "
    return place + printable(context.debugDescription)
  }
}
