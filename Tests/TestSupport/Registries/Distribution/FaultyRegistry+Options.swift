extension FaultyRegistry {
  /// What kind of registry it is when nothing goes wrong.
  package struct Options: Sendable {
    package var authentication = Authentication.none
    /// Whether it lists referrers; without, clients have to keep a list under a tag.
    package var offersReferrers = true
    package var allowsDeletion = true
    /// Whether a POST may bring the whole blob; without, its body is ignored and an upload begins.
    package var acceptsMonolithicPost = true
    /// What `OCI-Chunk-Min-Length` says, in bytes; enforced.
    package var minimumChunk: Int64?
    package var uploadLocation = UploadLocation.absolute

    package init(authentication: Authentication = .none) {
      self.authentication = authentication
    }
  }

  /// What the `Location` of an upload looks like; it always has a query that is to be sent back.
  package enum UploadLocation: Sendable {
    case absolute
    case relative
    /// On a host that must not see the registry's credentials.
    case otherHost(ObjectStorage)
  }

  /// Who may do what.
  package enum Authentication: Sendable {
    case none
    case basic(user: String, password: String)
    case bearer(Bearer)
  }

  /// Tokens, for one user who may do everything.
  package struct Bearer: Sendable {
    package var credentials: BasicCredentials
    /// Where tokens are to be had; nil is this registry's own `/token`.
    package var realm: String?
    package var service = "registry.test"
    /// Whether one may pull without a user.
    package var allowsAnonymousPull = false
    package var lifetime = Lifetime.seconds(300)
    /// What `expires_in` says, in seconds; nil leaves it out.
    package var declaredLifetime: Int? = 300
    package var offersRefreshTokens = true
    /// Whether tokens can be had by POST; without, such a request gets 405.
    package var acceptsPost = true

    package init(user: String, password: String) {
      credentials = BasicCredentials(user: user, password: password)
    }
  }

  /// How long a token is good.
  package enum Lifetime: Hashable, Sendable {
    case seconds(Int)
    /// For so many requests that it was sent with.
    case requests(Int)
  }
}
