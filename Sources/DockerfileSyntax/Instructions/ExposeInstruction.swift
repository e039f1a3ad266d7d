/// `EXPOSE`: its text, to be expanded and then split into words.
package struct ExposeInstruction: Hashable, Sendable {
  /// The arguments as written, split at blanks.
  package var ports: [String]
}
