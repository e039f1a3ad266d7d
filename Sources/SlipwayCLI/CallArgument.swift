/// What `--call` asks for: `METHOD[,format=json|text][,ignorestatus=true]`.
struct CallArgument: Equatable {
  /// What is done with a Dockerfile.
  enum Method: String, CaseIterable {
    case build, check, outline, targets
  }

  /// How the answer is written.
  enum Format: String, CaseIterable {
    case text, json, sarif
  }

  var method = Method.build
  var format = Format.text
  /// Whether findings are no failure.
  var ignoresStatus = false

  init(_ method: Method, format: Format) {
    self.method = method
    self.format = format
  }

  /// - Parameter checks: whether `--check` is given too.
  init(_ text: String, checks: Bool = false) throws(CallProblem) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    method = try Self.method(parts.first ?? "")
    for field in parts.dropFirst() {
      switch field {
      case "format=text": format = .text
      case "format=json": format = .json
      case "ignorestatus=true": ignoresStatus = true
      case "ignorestatus=false": ignoresStatus = false
      default: throw .field(field)
      }
    }
    guard checks else { return }
    guard method == .build || method == .check else { throw .twoMethods(method) }
    method = .check
  }

  private static func method(_ name: String) throws(CallProblem) -> Method {
    // `lint` is what the rules were called before they were checks.
    if name == "lint" { return .check }
    guard let method = Method(rawValue: name.isEmpty ? "build" : name) else {
      throw .method(name)
    }
    return method
  }
}

/// Why a `--call` cannot be understood.
enum CallProblem: Error, Equatable, CustomStringConvertible {
  case method(String)
  case field(String)
  case twoMethods(CallArgument.Method)

  var description: String {
    switch self {
    case .method(let name):
      "`\(name)` is nothing to call; hint: "
        + CallArgument.Method.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
    case .field(let text):
      "`\(text)` is not known to `--call`; hint: `format=json`, `format=text` or `ignorestatus=true`"
    case .twoMethods(let method):
      "`--check` and `--call=\(method.rawValue)` ask for different things; hint: give one of them"
    }
  }
}
