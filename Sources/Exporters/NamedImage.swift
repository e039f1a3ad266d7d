package import OCI

/// An image, or an index of images, and the names that it goes by; none where it has no tag.
package struct NamedImage: Hashable, Sendable {
  package var descriptor: Descriptor
  package var names: [Reference]

  package init(descriptor: Descriptor, names: [Reference] = []) {
    self.descriptor = descriptor
    self.names = names
  }
}
