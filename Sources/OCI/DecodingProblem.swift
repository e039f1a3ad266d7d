/// What is wrong with a JSON document, for people: the path and what is wrong there.
package struct DecodingProblem: CustomStringConvertible {
  package let description: String

  package init(_ error: DecodingError) {
    let context: DecodingError.Context
    switch error {
    case .typeMismatch(_, let found), .valueNotFound(_, let found), .keyNotFound(_, let found),
      .dataCorrupted(let found):
      context = found
    @unknown default:
      description = "it does not decode"
      return
    }
    var words = printable(context.debugDescription)
    if words.hasSuffix(".") { words.removeLast() }
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    description = path.isEmpty ? words : "`\(printable(path))`: \(words)"
  }
}
