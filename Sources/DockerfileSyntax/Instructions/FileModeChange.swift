/// What `--chmod` asks: a mode, or changes to one.
package struct FileModeChange: Hashable, Sendable {
  /// Reads `0755` or `u=rwX,go=rX`.
  package static func parse(_ text: String) throws(InstructionError) -> FileModeChange {
    throw InstructionError("not yet")
  }

  /// The octal mode, if that is what was asked.
  package var octal: UInt32? { nil }

  /// The permission bits (07777) that a file with `mode` gets.
  package func apply(to mode: UInt32, isDirectory: Bool) -> UInt32 { mode }
}
