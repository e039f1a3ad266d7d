package import OCI
internal import Registry
package import Reporting

extension Home {
  /// Sends an image of the store to a registry. What is there is not sent again; what the store lacks of
  /// the image is passed on from where it is.
  ///
  /// - Parameter target: nil means the image's own name.
  ///
  /// Returns where it is now. Throws `RegistryError`, and `RequestError` for an image that has no name.
  package func push(
    _ text: String, to target: Reference?, _ reporter: Reporter
  ) async throws -> PushedImage {
    let image = try descriptor(of: text)
    guard let target = target ?? (try? Reference(text)), target.digest == nil else {
      throw RequestError.nothingToPush
    }
    try await whileInUse { try await push(image, to: target, source: nil, step: 1, reporter) }
    return PushedImage(name: target, descriptor: image)
  }

  /// Shows the sending as a step.
  func push(
    _ image: Descriptor, to target: Reference, source: Reference?, step number: Int,
    _ reporter: Reporter
  ) async throws {
    let step = TransferStep(
      StepID(number), name: "pushing \(target.familiar)", reporter: reporter)
    let pusher = try registries.pusher(to: target) { step.receive($0) }
    try await step.covering { try await pusher.push(image, source: source) }
  }
}

/// An image that is in a registry now.
package struct PushedImage: Sendable {
  package let name: Reference
  package let descriptor: Descriptor
}
