/// Why a part of an instruction cannot be understood.
package struct InstructionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong: lower case, no full stop, things in backquotes.
  package var message: String
  /// What to do about it, in the same style.
  package var hint: String?

  /// An error, perhaps with advice.
  package init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }

  package var description: String {
    hint.map { "\(message)\nhint: \($0)" } ?? message
  }
}
