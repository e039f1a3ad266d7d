/// Truth as Go's `strconv.ParseBool` reads it.
package enum GoBoolean {
  /// Nil for what is neither true nor false.
  package static func value(_ text: String) -> Bool? {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": true
    case "0", "f", "F", "false", "FALSE", "False": false
    default: nil
    }
  }
}
