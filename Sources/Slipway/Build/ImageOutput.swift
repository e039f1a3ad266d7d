package import OCI
package import Snapshots
package import SystemPackage

/// A destination of an image (`--output`), and what the image is to be like there.
package struct ImageOutput: Sendable, Hashable {
  package var destination: Destination
  package var form = ImageForm()

  package init(_ destination: Destination, form: ImageForm = ImageForm()) {
    self.destination = destination
    self.form = form
  }

  package enum Destination: Sendable, Hashable {
    /// The local store, under the names of the build, complete.
    case store
    /// An OCI image layout, as a directory or (with `archive`) as a tar.
    case layout(FilePath, archive: Bool)
    /// An archive for `docker load`.
    case docker(FilePath)
    /// The files, as a directory.
    case local(FilePath)
    /// The files, as a tar.
    case tar(FilePath)
    /// Registries: under these names, or under those of the build where there are none.
    case registry([Reference])
  }
}

/// What besides its files decides the bytes of an image.
package struct ImageForm: Sendable, Hashable {
  package var compression = LayerEncoding.Compression.gzip(level: 6)
  package var annotations = ImageAnnotations()

  package init() {}
}

/// The annotations of an image (image-spec, annotations.md), by what they are put on.
package struct ImageAnnotations: Sendable, Hashable {
  /// On the manifest of each platform.
  package var manifest: [String: String] = [:]
  /// On the index, where there is one.
  package var index: [String: String] = [:]
  /// On the entries of the index, where there is one.
  package var manifestDescriptor: [String: String] = [:]

  package init() {}
}
