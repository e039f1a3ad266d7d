/// One record of comma-separated values, as Go's `encoding/csv` reads it.
package enum CommaSeparatedFields {
  /// The fields; quotes may stand around a whole field, and twice for one inside. Nil for what is no
  /// such record.
  package static func parse(_ text: String) -> [String]? {
    guard !text.isEmpty else { return nil }
    let quote = UInt8(ascii: "\"")
    var fields: [String] = []
    var rest = Array(text.utf8)[...]
    while true {
      var field: [UInt8] = []
      if rest.first == quote {
        rest = rest.dropFirst()
        while true {
          guard let byte = rest.popFirst() else { return nil }
          if byte != quote {
            field.append(byte)
          } else if rest.first == quote {
            rest = rest.dropFirst()
            field.append(quote)
          } else {
            break
          }
        }
        guard rest.isEmpty || rest.first == UInt8(ascii: ",") else { return nil }
      } else {
        let end = rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.endIndex
        field = Array(rest[..<end])
        guard !field.contains(quote) else { return nil }
        rest = rest[end...]
      }
      fields.append(String(decoding: field, as: UTF8.self))
      guard rest.popFirst() != nil else { return fields }
    }
  }
}
