/// A heredoc: `<<EOF` and its body.
package struct Heredoc: Hashable, Sendable {
  /// The delimiter, without quotes; the file's name for `COPY` and `ADD`.
  package var name: String
  /// The file descriptor before `<<`; 0 where it is absent.
  package var fileDescriptor: UInt
  /// Whether variables in the body are to be expanded: not if any of the delimiter was quoted.
  package var expands: Bool
  /// Whether it was `<<-`, which drops leading tabs from each line.
  package var trimsTabs: Bool
  /// The lines between, as they stand in the file, line ends included.
  package var content: [UInt8]
  /// Where the body and its terminator stand.
  package var range: SourceRange

  /// The body: `content`, without leading tabs where `<<-` asks so.
  package var body: [UInt8] { trimsTabs ? Heredoc.trimmingLeadingTabs(content) : content }
}

extension Heredoc {
  init(_ opening: HeredocScanner.Opening, content: [UInt8], range: SourceRange) {
    self.init(
      name: opening.name, fileDescriptor: opening.fileDescriptor, expands: opening.expands,
      trimsTabs: opening.trimsTabs, content: content, range: range)
  }

  /// The text without the tabs at the start of each line.
  static func trimmingLeadingTabs(_ content: [UInt8]) -> [UInt8] {
    var trimmed: [UInt8] = []
    trimmed.reserveCapacity(content.count)
    var atLineStart = true
    for byte in content {
      if atLineStart && byte == UInt8(ascii: "\t") { continue }
      atLineStart = byte == UInt8(ascii: "\n")
      trimmed.append(byte)
    }
    return trimmed
  }
}
