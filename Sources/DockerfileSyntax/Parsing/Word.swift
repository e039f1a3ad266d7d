/// A part of an instruction, and where it stands.
struct Word: Hashable, Sendable {
  /// What it says; of a flag, quotes and escape characters are taken away.
  var text: String
  /// Its bytes in the logical line, as they were written.
  var range: Range<Int>

  /// These bytes of a logical line, as they are.
  init(_ bytes: ArraySlice<UInt8>) {
    self.init(text: String(decoding: bytes, as: UTF8.self), range: bytes.indices)
  }

  init(text: String, range: Range<Int>) {
    self.text = text
    self.range = range
  }
}
