package import BuildGraph
package import OCI

/// The one question that a frontend asks the world: what does this image's configuration say?
package protocol ImageResolver: Sendable {
  /// Pins an image. References of a Dockerfile come in their full form,
  /// `docker.io/library/alpine:latest`; those of named contexts come as they were given. Each
  /// reference is asked for once a platform, several at a time.
  func resolve(_ reference: String, platform: Platform) async throws -> ResolvedImage
}

/// An image, pinned, with its configuration.
package struct ResolvedImage: Hashable, Sendable {
  package var source: ImageSource
  package var configuration: ImageConfiguration

  package init(source: ImageSource, configuration: ImageConfiguration) {
    self.source = source
    self.configuration = configuration
  }
}

/// A question for the resolver.
struct ImageRequest: Hashable, Sendable {
  var reference: String
  var platform: Platform
}
