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
      throw ContentError.malformedDocument(origin, DecodingProblem(error).description)
    }
  }
}
