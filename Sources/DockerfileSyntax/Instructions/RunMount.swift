/// A `--mount` of a `RUN`, understood.
package struct RunMount: Hashable, Sendable {
  /// What is mounted.
  package enum Kind: String, CaseIterable, Hashable, Sendable {
    case bind, cache, tmpfs, secret, ssh
  }

  /// Who may use a cache at once.
  package enum Sharing: String, CaseIterable, Hashable, Sendable {
    case shared, `private`, locked
  }

  /// What is mounted.
  package var kind: Kind
  /// The image, stage or context that it comes from; absent means the build context for `bind`,
  /// nothing for the others.
  package var from: String?
  /// The path inside `from`.
  package var source: String?
  /// Where it goes, as written; absent where it was not given. It is not checked: a relative one
  /// joins the working directory, and `/` is to be refused after that.
  package var target: String?
  /// Whether the command cannot write to it.
  package var isReadOnly: Bool
  /// The `id` of a cache, a secret or an agent.
  package var id: String?
  /// `sharing`, for `cache`; absent means shared.
  package var sharing: Sharing?
  /// Whether the build fails if the secret or the agent is missing.
  package var isRequired: Bool
  /// The environment variable that holds the secret; absent means a file.
  package var environment: String?
  /// The size limit of a `tmpfs`, in bytes; absent means none.
  package var size: Int64?
  /// Permission bits, for `cache`, `secret` and `ssh`.
  package var mode: UInt32?
  /// The owner, for `cache`, `secret` and `ssh`.
  package var uid: UInt32?
  /// The group, for `cache`, `secret` and `ssh`.
  package var gid: UInt32?
}
