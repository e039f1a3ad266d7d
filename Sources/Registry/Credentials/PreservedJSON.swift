/// A JSON document (RFC 8259) that is read, changed in places and written again.
///
/// Members keep their order, and strings and numbers the bytes they were written with, so that what
/// was not changed means the same to every reader.
package enum PreservedJSON: Hashable, Sendable {
  case object([Member])
  case array([PreservedJSON])
  case string(Text)
  /// The digits as they stand in the file: 64-bit and longer integers survive.
  case number(String)
  case boolean(Bool)
  case null

  package struct Member: Hashable, Sendable {
    var key: Text
    var value: PreservedJSON
  }

  /// A string, and how it is written.
  package struct Text: Hashable, Sendable {
    let value: String
    /// What stands between the quotes.
    let source: String

    init(value: String, source: String) {
      self.value = value
      self.source = source
    }

    init(_ value: String) {
      self.value = value
      source = Text.escape(value)
    }

    private static func escape(_ value: String) -> String {
      var result = ""
      for scalar in value.unicodeScalars {
        switch scalar {
        case "\"", "\\":
          result += "\\"
          result.unicodeScalars.append(scalar)
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
      }
      return result
    }
  }

  /// Where a document is not JSON.
  package struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    let line: Int
    let column: Int
    let problem: Problem

    enum Problem: String, Hashable, Sendable {
      case notUTF8 = "it is not UTF-8"
      case value = "a value is expected"
      case key = "a key in quotes is expected"
      case colon = "`:` is expected"
      case separator = "`,` or the end of the list is expected"
      case string = "a string has no end, or a control character in it"
      case escape = "`\\` is followed by nothing that it can escape"
      case number = "a number is malformed"
      case depth = "it is nested too deeply"
      case rest = "something follows the document"
    }

    package var description: String { "line \(line), column \(column): \(problem.rawValue)" }
  }

  /// The value of a member; nil where this is no object or has no such member.
  ///
  /// Of several with the same name the last counts, as for Docker.
  subscript(key: String) -> PreservedJSON? {
    get {
      guard case .object(let members) = self else { return nil }
      return members.last { $0.key.value == key }?.value
    }
    set {
      guard case .object(var members) = self else { return }
      if let index = members.lastIndex(where: { $0.key.value == key }) {
        if let newValue {
          members[index].value = newValue
        } else {
          members.removeAll { $0.key.value == key }
        }
      } else if let newValue {
        members.append(Member(key: Text(key), value: newValue))
      }
      self = .object(members)
    }
  }

  var string: String? {
    if case .string(let text) = self { text.value } else { nil }
  }

  var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  var elements: [PreservedJSON]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The document with a tab a level, as Docker writes it.
  var bytes: [UInt8] {
    var text = ""
    write(to: &text, indentation: "\n")
    return Array(text.utf8)
  }

  private func write(to text: inout String, indentation: String) {
    switch self {
    case .object(let members):
      PreservedJSON.writeList(members, "{", "}", to: &text, indentation) { member, text, inner in
        text += "\"" + member.key.source + "\": "
        member.value.write(to: &text, indentation: inner)
      }
    case .array(let elements):
      PreservedJSON.writeList(elements, "[", "]", to: &text, indentation) { element, text, inner in
        element.write(to: &text, indentation: inner)
      }
    case .string(let string): text += "\"" + string.source + "\""
    case .number(let digits): text += digits
    case .boolean(let value): text += value ? "true" : "false"
    case .null: text += "null"
    }
  }

  private static func writeList<Element>(
    _ list: [Element], _ open: String, _ close: String, to text: inout String,
    _ indentation: String, element: (Element, inout String, String) -> Void
  ) {
    text += open
    let inner = indentation + "\t"
    for (index, item) in list.enumerated() {
      text += (index > 0 ? "," : "") + inner
      element(item, &text, inner)
    }
    text += (list.isEmpty ? "" : indentation) + close
  }
}
