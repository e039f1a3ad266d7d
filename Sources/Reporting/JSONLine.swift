/// Writes one flat JSON object (RFC 8259) on one line.
///
/// Besides what must be escaped, whatever is not harmless on a terminal is: a person may well look
/// at the stream.
struct JSONLine {
  private var text = "{"

  mutating func add(_ key: String, _ value: String) {
    addKey(key)
    addString(value)
  }

  mutating func add(_ key: String, _ value: Int64) {
    addKey(key)
    text += String(value)
  }

  mutating func add(_ key: String, _ value: Int) {
    add(key, Int64(value))
  }

  /// In seconds, with three decimals.
  mutating func add(_ key: String, _ value: Duration) {
    addKey(key)
    text += HumanFormat.seconds(value)
  }

  mutating func add(_ key: String, _ values: [String]) {
    addKey(key)
    text += "["
    for (index, value) in values.enumerated() {
      if index > 0 { text += "," }
      addString(value)
    }
    text += "]"
  }

  /// The object, ending in a newline.
  consuming func finish() -> String {
    text + "}\n"
  }

  private mutating func addKey(_ key: String) {
    if text != "{" { text += "," }
    addString(key)
    text += ":"
  }

  private mutating func addString(_ value: String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case " "..."~": text.unicodeScalars.append(scalar)
      default:
        if scalar.value > 0x7F, TerminalText.harmless(scalar) == scalar {
          text.unicodeScalars.append(scalar)
        } else {
          // All of these are in the basic plane: no surrogates.
          let digits = String(scalar.value, radix: 16)
          text += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }
      }
    }
    text += "\""
  }
}
