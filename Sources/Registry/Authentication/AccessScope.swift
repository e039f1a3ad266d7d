/// What a token is asked to allow (distribution, docs/spec/auth/scope.md).
struct AccessScope: Sendable, Hashable, Comparable {
  let repository: String
  let actions: Actions

  enum Actions: String, Sendable, Hashable, Comparable {
    case pull
    case pullAndPush = "pull,push"

    static func < (a: Actions, b: Actions) -> Bool { a == .pull && b == .pullAndPush }
  }

  var text: String { "repository:\(repository):\(actions.rawValue)" }

  static func < (a: AccessScope, b: AccessScope) -> Bool {
    (a.repository, a.actions) < (b.repository, b.actions)
  }
}
