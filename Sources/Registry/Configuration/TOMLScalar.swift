/// What the words of TOML mean that are neither strings nor hold other values.
enum TOMLScalar {
  /// Nil for what is no value.
  static func content(of word: String) throws(TOMLFault) -> TOMLValue.Content? {
    switch word {
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    default: break
    }
    if let integer = try integer(word) { return .integer(integer) }
    return isFloat(word) || isDateOrTime(word) ? .other(word) : nil
  }

  /// Nil for what is no integer; throws where it has more than 64 bits.
  private static func integer(_ word: String) throws(TOMLFault) -> Int64? {
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
      let digits = word.dropFirst(2)
      guard isDigits(digits, { $0.isASCII && $0.hexDigitValue.map { $0 < radix } == true })
      else { return nil }
      return try value(String(digits), radix: radix)
    }
    let digits = word.hasPrefix("+") || word.hasPrefix("-") ? word.dropFirst() : word[...]
    guard isDecimal(digits) else { return nil }
    return try value(word, radix: 10)
  }

  private static func value(_ digits: String, radix: Int) throws(TOMLFault) -> Int64 {
    guard let value = Int64(digits.filter { $0 != "_" }, radix: radix) else { throw .integer }
    return value
  }

  /// `[+-]? decimal ( "." digits )? ( [eE] [+-]? digits )?`, and the infinite and undefined.
  private static func isFloat(_ word: String) -> Bool {
    var rest = word.hasPrefix("+") || word.hasPrefix("-") ? word.dropFirst() : word[...]
    if rest == "inf" || rest == "nan" { return true }
    if let exponent = rest.firstIndex(where: { $0 == "e" || $0 == "E" }) {
      var digits = rest[exponent...].dropFirst()
      if digits.hasPrefix("+") || digits.hasPrefix("-") { digits.removeFirst() }
      guard isDigits(digits, isDigit) else { return false }
      rest = rest[..<exponent]
    }
    let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count <= 2 && isDecimal(parts[0])
      && parts.dropFirst().allSatisfy {
        isDigits($0, isDigit)
      }
  }

  /// The shapes of RFC 3339; whether the day exists is not asked.
  static func isDateOrTime(_ word: String) -> Bool {
    let shape = word.map { isDigit($0) ? "0" : $0 }
    let text = String(shape)
    guard text.hasPrefix("0000-00-00") else { return isTime(text[...]) }
    var rest = text.dropFirst(10)
    if rest.isEmpty { return true }
    guard let separator = rest.popFirst(), "Tt ".contains(separator) else { return false }
    for zone in ["Z", "z", "+00:00", "-00:00"] where rest.hasSuffix(zone) {
      return isTime(rest.dropLast(zone.count))
    }
    return isTime(rest)
  }

  /// `00:00:00` and a fraction, of a shape where all digits are 0.
  private static func isTime(_ shape: Substring) -> Bool {
    guard shape.hasPrefix("00:00:00") else { return false }
    let fraction = shape.dropFirst(8)
    return fraction.isEmpty
      || fraction.hasPrefix(".") && fraction.count > 1
        && fraction.dropFirst().allSatisfy { $0 == "0" }
  }

  /// Digits without a zero before others, with single underscores between them.
  private static func isDecimal(_ text: Substring) -> Bool {
    isDigits(text, isDigit) && (text == "0" || !text.hasPrefix("0"))
  }

  private static func isDigits(_ text: Substring, _ isDigit: (Character) -> Bool) -> Bool {
    text.split(separator: "_", omittingEmptySubsequences: false).allSatisfy {
      !$0.isEmpty && $0.allSatisfy(isDigit)
    }
  }

  private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}
