/// `EXPOSE`: each argument is to be expanded, split into words, and read by `ExposedPorts`.
package struct ExposeInstruction: Hashable, Sendable {
  /// The arguments as written, split at blanks.
  package var ports: [String]
}
