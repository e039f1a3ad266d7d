/// What a token is for: `repository:NAME:ACTION,…` (distribution, docs/spec/auth/scope.md).
struct RegistryScope: Hashable, Sendable, CustomStringConvertible {
  let type: String
  let name: String
  var actions: Set<String>

  init(repository name: String, _ actions: Set<String>) {
    type = "repository"
    self.name = name
    self.actions = actions
  }

  /// Nil where it is malformed.
  init?(_ text: some StringProtocol) {
    guard let first = text.firstIndex(of: ":"), let last = text.lastIndex(of: ":"), first < last
    else { return nil }
    type = String(text[..<first])
    name = String(text[text.index(after: first)..<last])
    let rest = String(text[text.index(after: last)...])
    actions = Set(rest.split(separator: ",").map(String.init))
  }

  var description: String { "\(type):\(name):\(actions.sorted().joined(separator: ","))" }

  /// Whether this allows all of `other`.
  func covers(_ other: RegistryScope) -> Bool {
    type == other.type && name == other.name
      && (actions.contains("*") || actions.isSuperset(of: other.actions))
  }
}
