package import DockerfileSyntax

/// What a build of a target can be told: arguments, secrets, agents.
package struct DockerfileOutline: Hashable, Sendable {
  /// The target's name; absent where it has none.
  package var name: String?
  /// The comment above the target that describes it.
  package var description: String?
  /// In the order of their lines.
  package var arguments: [Argument] = []
  /// In the order of their lines.
  package var secrets: [Credential] = []
  /// SSH agents, in the order of their lines.
  package var agents: [Credential] = []

  /// An `ARG` that the target or what it needs makes use of.
  package struct Argument: Hashable, Sendable {
    package var name: String
    /// The comment above it that describes it.
    package var description: String?
    /// The value that it has in this build; empty where it has none.
    package var value: String
    package var range: SourceRange
  }

  /// A secret or an agent that a `RUN` mounts.
  package struct Credential: Hashable, Sendable {
    package var id: String
    package var isRequired: Bool
    /// The first line that asks for it.
    package var range: SourceRange
  }
}
