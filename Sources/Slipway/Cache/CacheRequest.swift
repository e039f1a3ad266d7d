package import OCI
package import Snapshots
package import SystemPackage

/// A shared cache that a build may use (`--cache-from`).
package enum CacheSource: Sendable, Hashable {
  /// Steps under tags that begin with the reference's, and an image under the reference itself that lists
  /// its steps.
  case registry(Reference)
  /// An image layout with a step an entry.
  case local(FilePath)

  /// For people.
  package var name: String {
    switch self {
    case .registry(let reference): reference.familiar
    case .local(let path): path.string
    }
  }
}

/// A shared cache that a build writes (`--cache-to`).
package struct CacheTarget: Sendable, Hashable {
  package var place: Place
  package var mode = Mode.min
  /// How layers are compressed; nil takes blobs that there are as they are.
  package var compression: LayerEncoding.Compression?
  /// Whether the build succeeds although the cache cannot be written.
  package var ignoresErrors = false

  package init(_ place: Place) {
    self.place = place
  }

  package enum Place: Sendable, Hashable {
    case registry(Reference)
    case local(FilePath)
    /// The image itself.
    case inline
  }

  /// Which steps are put there.
  package enum Mode: String, Sendable, Hashable, CaseIterable {
    /// Those whose layers are in the image.
    case min
    /// All.
    case max
  }
}
