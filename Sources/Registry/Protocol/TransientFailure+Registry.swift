internal import Transport

extension TransientFailure {
  /// The error of a request without an answer, in the words of what was being done.
  static func wrapping(
    _ error: TransportError, _ describe: (RegistryError.Cause) -> RegistryError
  ) -> any Error {
    wrapping(error, as: describe(.transport(error)))
  }
}
