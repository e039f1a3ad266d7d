/// A number with a decimal point, kept exact: `whole` and a fraction.
struct DecimalNumber {
  private var whole: Int64
  private var fraction: Int64 = 0
  private var scale: Int64 = 1

  /// Reads digits and a fraction off the start; nothing if there are none, or too many.
  init?(takingFrom rest: inout Substring) {
    let whole = DecimalNumber.digits(&rest)
    var fraction: Substring = ""
    if rest.first == "." {
      rest = rest.dropFirst()
      fraction = DecimalNumber.digits(&rest)
    }
    guard !(whole.isEmpty && fraction.isEmpty), let value = whole.isEmpty ? 0 : Int64(whole) else {
      return nil
    }
    self.whole = value
    // More digits than these are worth nothing in any unit.
    for digit in fraction.prefix(18) {
      self.fraction = self.fraction * 10 + Int64(digit.wholeNumberValue ?? 0)
      scale *= 10
    }
  }

  /// The number times a unit, rounded towards zero; nothing if that is too much.
  func times(_ unit: Int64) -> Int64? {
    let (product, overflows) = whole.multipliedReportingOverflow(by: unit)
    let part = scale.dividingFullWidth(fraction.multipliedFullWidth(by: unit)).quotient
    let (sum, carries) = product.addingReportingOverflow(part)
    return overflows || carries ? nil : sum
  }

  private static func digits(_ rest: inout Substring) -> Substring {
    let digits = rest.prefix { ("0"..."9").contains($0) }
    rest = rest[digits.endIndex...]
    return digits
  }
}
