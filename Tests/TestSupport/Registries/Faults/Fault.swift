/// Something that goes wrong with a request: see `Fault+Requests.swift`, `Fault+Answers.swift` and
/// `Fault+Bodies.swift`.
package struct Fault: Sendable {
  let effect: Effect

  enum Effect: Sendable {
    /// The request is another one.
    case request(@Sendable (inout ServerRequest) -> Void)
    /// The server is not asked.
    case answer(ServerHandler)
    /// The server's answer is another one.
    case response(@Sendable (ServerResponse, ServerRequest) throws -> ServerResponse)
    /// The server itself is not as it should be.
    case registry(RegistryFault)
  }

  static func changing(
    _ change: @escaping @Sendable (ServerResponse, ServerRequest) throws -> ServerResponse
  ) -> Fault {
    Fault(effect: .response(change))
  }
}

/// What only the registry can get wrong.
enum RegistryFault: Equatable, Sendable {
  case forgetsUpload
  case refusesRange
  case expiresTokens
  case redirects(to: ObjectStorage)
}
