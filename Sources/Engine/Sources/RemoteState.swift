package import BuildGraph
package import OCI
package import Snapshots

/// What is known of a source on another machine.
package struct RemoteState: Sendable {
  /// The same source, pinned: it means the same content from now on, whatever the other machine says.
  package var source: Source
  /// What stands for its files in the keys of steps.
  package var identity: Digest
  /// Its files; nil where they are not here yet.
  package var layer: LayerID?
  /// When its content was made, in seconds since 1970: of a commit, or as the server says; nil where
  /// nobody knows.
  package var time: Int64?
  /// Whether it was fetched just now.
  var isNew = false
}
