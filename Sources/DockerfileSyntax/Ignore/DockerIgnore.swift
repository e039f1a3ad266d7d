/// A `.dockerignore`, read.
package struct DockerIgnore: Hashable, Sendable {
  /// Its patterns, cleaned, in order; `!` in front of those that take back.
  package var patterns: [String]

  /// Reads a `.dockerignore`. Any bytes will do.
  package static func parse(_ bytes: [UInt8]) -> DockerIgnore { DockerIgnore(patterns: []) }
}
