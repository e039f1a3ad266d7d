/// Turns the bytes of a stream into lines that are harmless to a terminal.
///
/// Output of a build step is hostile until shown otherwise: an escape sequence can move the cursor
/// over what we printed, set the window title, or answer into the user's shell. Every sequence of
/// ECMA-48 is left out whole, so are other controls, and what is not UTF-8 becomes U+FFFD.
///
///     ESC [ parameters final            control sequence
///     ESC ] P X ^ _ … (BEL | ESC \)     command strings; ended by a newline here, or an
///                                       unterminated one would swallow all that follows
///     ESC intermediates final           the rest
///
/// A lone carriage return starts the line over and a backspace takes a character back, so that a
/// progress bar comes out as its last state.
struct LineAssembler: Sendable {
  /// A longer line is broken in two, so that a stream without newlines takes bounded memory.
  static let longestLine = 16 * 1024

  private enum State {
    case text
    case escape
    case intermediate
    case controlSequence
    case commandString
    case commandStringEscape
  }

  private var state = State.text
  private var line: [UInt8] = []
  private var repair = UTF8Repair()
  private var sawReturn = false
  private var wasBroken = false

  /// The line that has begun but not ended; nil where there is none.
  var unfinishedLine: String? {
    line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
  }

  /// The lines that `bytes` complete.
  mutating func lines(completedBy bytes: [UInt8]) -> [String] {
    var lines: [String] = []
    var index = 0
    while index < bytes.count {
      if state == .text {
        index = takeText(bytes, from: index, into: &lines)
      } else if takeEscaped(bytes[index]) {
        index += 1
      }
    }
    return lines
  }

  /// The unfinished line, if any, once no more bytes come.
  mutating func finish() -> String? {
    var lines: [String] = []
    append(decoded: repair.finish(), into: &lines)
    state = .text
    if !line.isEmpty { endLine(into: &lines) }
    return lines.isEmpty ? nil : lines.joined()
  }

  // MARK: Text

  /// Takes one run of like bytes; returns the index behind it.
  private mutating func takeText(_ bytes: [UInt8], from start: Int, into lines: inout [String])
    -> Int
  {
    func end(where isLike: (UInt8) -> Bool) -> Int {
      bytes[start...].firstIndex { !isLike($0) } ?? bytes.count
    }
    let first = bytes[start]
    if first >= 0x80 {
      let end = end { $0 >= 0x80 }
      append(decoded: repair.decode(bytes[start..<end]), into: &lines)
      return end
    }
    if !repair.isEmpty { append(decoded: repair.finish(), into: &lines) }
    if Self.isPrintable(first) {
      let end = end(where: Self.isPrintable)
      append(ascii: bytes[start..<end], into: &lines)
      return end
    }
    takeControl(first, into: &lines)
    return start + 1
  }

  private static func isPrintable(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F || byte == 0x09
  }

  private mutating func takeControl(_ byte: UInt8, into lines: inout [String]) {
    switch byte {
    case 0x0A: endLine(into: &lines)
    case 0x0D: sawReturn = true
    case 0x08: removeLastScalar()
    case 0x1B: state = .escape
    default: break
    }
  }

  private mutating func append(ascii run: ArraySlice<UInt8>, into lines: inout [String]) {
    startOverAfterReturn()
    var rest = run
    while !rest.isEmpty {
      let piece = rest.prefix(Self.longestLine - line.count)
      line.append(contentsOf: piece)
      rest = rest.dropFirst(piece.count)
      breakIfTooLong(into: &lines)
    }
  }

  private mutating func append(decoded text: String, into lines: inout [String]) {
    guard !text.isEmpty else { return }
    startOverAfterReturn()
    for scalar in text.unicodeScalars {
      guard let harmless = TerminalText.harmless(scalar) else { continue }
      line.append(contentsOf: UTF8.encode(harmless).map(Array.init) ?? [])
      breakIfTooLong(into: &lines)
    }
  }

  private mutating func startOverAfterReturn() {
    guard sawReturn else { return }
    sawReturn = false
    line.removeAll(keepingCapacity: true)
  }

  private mutating func removeLastScalar() {
    while let byte = line.popLast(), byte & 0xC0 == 0x80 {}
  }

  private mutating func breakIfTooLong(into lines: inout [String]) {
    guard line.count >= Self.longestLine else { return }
    endLine(into: &lines)
    wasBroken = true
  }

  private mutating func endLine(into lines: inout [String]) {
    // The newline right behind a break ends the line that was broken, not an empty one.
    if !(wasBroken && line.isEmpty) {
      lines.append(String(decoding: line, as: UTF8.self))
    }
    line.removeAll(keepingCapacity: true)
    sawReturn = false
    wasBroken = false
  }

  // MARK: Escape sequences

  /// Moves on within an escape sequence; false where `byte` is not of it and is to be read as text.
  private mutating func takeEscaped(_ byte: UInt8) -> Bool {
    switch state {
    case .text: return false
    case .escape: return takeAfterEscape(byte)
    case .intermediate: return takeSequence(byte, parameters: 0x20...0x2F, finals: 0x30...0x7E)
    case .controlSequence: return takeSequence(byte, parameters: 0x20...0x3F, finals: 0x40...0x7E)
    case .commandString:
      switch byte {
      case 0x07: state = .text
      case 0x1B: state = .commandStringEscape
      case 0x0A:
        state = .text
        return false
      default: break
      }
      return true
    case .commandStringEscape:
      state = byte == UInt8(ascii: "\\") ? .text : .escape
      return state == .text
    }
  }

  private mutating func takeAfterEscape(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x1B: break
    case UInt8(ascii: "["): state = .controlSequence
    case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"),
      UInt8(ascii: "_"):
      state = .commandString
    case 0x20...0x2F: state = .intermediate
    case 0x30...0x7E: state = .text
    default:
      state = .text
      return false
    }
    return true
  }

  private mutating func takeSequence(
    _ byte: UInt8, parameters: ClosedRange<UInt8>, finals: ClosedRange<UInt8>
  ) -> Bool {
    if parameters.contains(byte) { return true }
    state = .text
    return finals.contains(byte)
  }
}
