/// Text of unknown origin for people: control and formatting characters are escaped, so that it
/// cannot write to the terminal, and what is very long is cut.
package func printable(_ text: some StringProtocol) -> String {
  var result = ""
  for scalar in text.unicodeScalars.prefix(256) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse:
      result += scalar.escaped(asASCII: true)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return text.unicodeScalars.count > 256 ? result + "…" : result
}

/// The same for bytes that are probably UTF-8.
package func printable(_ bytes: some Collection<UInt8>) -> String {
  printable(String(decoding: bytes, as: UTF8.self))
}
