internal import CCrypto

/// An incremental SHA-256 on OpenSSL's code, which uses the processor's SHA instructions.
///
/// libcrypto is linked statically from the distribution: it costs no compile time and pulls in a few
/// kilobytes, because only the digest itself is reached.
package struct SHA256Hasher: Sendable {
  private var context: SHA256_CTX

  package init() {
    context = SHA256_CTX()
    slipway_sha256_init(&context)
  }

  /// Adds the bytes of `buffer`.
  package mutating func update(_ buffer: UnsafeRawBufferPointer) {
    slipway_sha256_update(&context, buffer.baseAddress, buffer.count)
  }

  /// Adds `bytes`.
  package mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// The digest of everything added; the hasher can go on afterwards.
  package func finish() -> Digest {
    var copy = context
    return Digest(
      unchecked: [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
        slipway_sha256_final(buffer.baseAddress, &copy)
        count = 32
      })
  }
}
