/// How the faults of one request come together: first the request is changed, then it is answered,
/// then the answer is changed.
struct FaultyExchange {
  private let faults: [Fault]

  init(_ faults: [Fault]) {
    self.faults = faults
  }

  func answer(
    _ request: ServerRequest,
    with handler: (ServerRequest, [RegistryFault]) throws -> ServerResponse
  ) throws -> ServerResponse {
    var request = request
    for case .request(let change) in faults.map(\.effect) { change(&request) }
    var response = try answered(request, with: handler)
    for case .response(let change) in faults.map(\.effect) {
      response = try change(response, request)
    }
    return response
  }

  private func answered(
    _ request: ServerRequest,
    with handler: (ServerRequest, [RegistryFault]) throws -> ServerResponse
  ) throws -> ServerResponse {
    for case .answer(let answer) in faults.map(\.effect) { return try answer(request) }
    return try handler(request, faults.compactMap(\.registryFault))
  }
}

extension Fault {
  fileprivate var registryFault: RegistryFault? {
    if case .registry(let fault) = effect { fault } else { nil }
  }
}
