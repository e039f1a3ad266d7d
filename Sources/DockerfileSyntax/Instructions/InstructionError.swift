/// Why a part of an instruction cannot be understood.
package struct InstructionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong: lower case, no full stop, things in backquotes.
  package var message: String
  /// What to do about it, in the same style.
  package var hint: String?
  /// The bytes of the logical line that are to blame; absent where it is all of it.
  var span: Range<Int>?

  /// An error, perhaps with advice.
  package init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }

  /// The same, and these bytes of the logical line are to blame.
  func blaming(_ span: Range<Int>?) -> InstructionError {
    var error = self
    error.span = span ?? self.span
    return error
  }

  package var description: String {
    hint.map { "\(message)\nhint: \($0)" } ?? message
  }
}
