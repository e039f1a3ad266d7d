package import OCI
package import Snapshots

/// A place outside of this machine where the results of steps are kept, for others to find.
///
/// What it says is checked as far as that goes without running the step. Whether the step would really
/// make that layer, nobody can check: whoever can write to it decides what builds contain.
package protocol BuildCache: Sendable {
  /// For people, such as `example.com/app:cache`.
  var name: String { get }

  /// The step that is kept under a key; nil where there is none.
  ///
  /// Throws `SharedStepProblem` for one that makes no sense; anything else means that the cache cannot
  /// be asked.
  func step(_ key: Digest) async throws -> SharedStep?

  /// Sees to it that the layer's blob can be had when it is needed: it is in the content store
  /// afterwards, or the store's supply knows where it is.
  func provide(_ layer: PortableLayer) async throws
}

/// Why what a cache has under a key is of no use.
package struct SharedStepProblem: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
