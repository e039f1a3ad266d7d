/// What a token is given for.
struct TokenGrant: Hashable, Sendable {
  /// Empty where nobody said who they are.
  let account: String
  let service: String
  let scopes: [RegistryScope]
}
