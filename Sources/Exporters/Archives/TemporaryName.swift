/// Names for files that are not whole yet, beside those that they become.
enum TemporaryName {
  private static let prefix = ".slipway-"

  static func make() -> String {
    var generator = SystemRandomNumberGenerator()
    return prefix + String(generator.next() as UInt64, radix: 36)
  }
}
