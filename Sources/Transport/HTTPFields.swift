/// The header fields of a message: names without case, in order, a name as often as it comes.
package struct HTTPFields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  private(set) var entries: [Entry] = []

  struct Entry: Sendable, Hashable {
    let name: String
    let value: String
  }

  package init() {}

  package init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }

  /// The first value of a name. Setting replaces all of them; nil removes them.
  package subscript(_ name: String) -> String? {
    get { entries.first { $0.name.hasSameLetters(as: name) }?.value }
    set {
      entries.removeAll { $0.name.hasSameLetters(as: name) }
      if let newValue { add(name, newValue) }
    }
  }

  /// All values of a name, in order.
  package func values(of name: String) -> [String] {
    entries.filter { $0.name.hasSameLetters(as: name) }.map(\.value)
  }

  /// Adds a value to those that the name has.
  package mutating func add(_ name: String, _ value: String) {
    entries.append(Entry(name: name, value: value))
  }
}

extension String {
  /// Equality without the case of ASCII letters.
  fileprivate func hasSameLetters(as other: String) -> Bool {
    utf8.count == other.utf8.count
      && utf8.elementsEqual(other.utf8) { $0.lowerCase == $1.lowerCase }
  }
}

extension UInt8 {
  fileprivate var lowerCase: UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
  }
}
