/// The header fields of a message, in order (RFC 9110, 5); names are compared without case.
package struct HTTPHeaders: Hashable, Sendable, ExpressibleByDictionaryLiteral,
  CustomStringConvertible
{
  package struct Field: Hashable, Sendable {
    package let name: String
    package let value: String
  }

  package private(set) var fields: [Field] = []

  package init() {}

  package init(dictionaryLiteral elements: (String, String)...) {
    fields = elements.map { Field(name: $0.0, value: $0.1) }
  }

  /// The first value of a field. To set one replaces all of that name; nil removes them.
  package subscript(_ name: String) -> String? {
    get { values(of: name).first }
    set {
      fields.removeAll { HTTPHeaders.areEqual($0.name, name) }
      if let newValue { add(name, newValue) }
    }
  }

  /// All values of a field.
  package func values(of name: String) -> [String] {
    fields.filter { HTTPHeaders.areEqual($0.name, name) }.map(\.value)
  }

  /// Adds a field besides those of the same name.
  package mutating func add(_ name: String, _ value: String) {
    fields.append(Field(name: name, value: value))
  }

  package var description: String { fields.map { "\($0.name): \($0.value)\r\n" }.joined() }

  private static func areEqual(_ a: String, _ b: String) -> Bool {
    a.lowercased() == b.lowercased()
  }
}
