package import Engine
package import Exporters
package import OCI
package import SystemPackage

/// A destination of an image (`--output`), and what the image is to be like there.
package struct ImageOutput: Sendable, Hashable {
  package var destination: Destination
  /// What the image is called there; none means the names of the build.
  package var names: [Reference] = []
  package var form = ImageForm()

  package init(
    _ destination: Destination, names: [Reference] = [], form: ImageForm = ImageForm()
  ) {
    self.destination = destination
    self.names = names
    self.form = form
  }

  package enum Destination: Sendable, Hashable {
    /// The local store, complete.
    case store
    /// An OCI image layout, as a directory or (with `archive`) as a tar; `-` is standard output.
    case layout(FilePath, archive: Bool)
    /// An archive for `docker load`; `-` is standard output.
    case docker(FilePath)
    /// A Docker or Podman engine of this machine, or the one that the environment names.
    case engine
    /// The files, as a directory.
    case local(FilePath, platformFolders: PlatformFolders = .whenSeveral)
    /// The files, as a tar; `-` is standard output.
    case tar(FilePath, platformFolders: PlatformFolders = .whenSeveral)
    /// The registries that the names are of; with `byDigest` no tag is written there.
    case registry(byDigest: Bool = false)
  }

  /// Whether the image goes to standard output.
  package var isStandardOutput: Bool {
    switch destination {
    case .layout(let path, _), .docker(let path), .tar(let path, _): path == "-"
    case .store, .engine, .local, .registry: false
    }
  }
}
