@testable import DockerfileSyntax

/// Nodes as BuildKit's parser dumps them.
enum NodeDump {
  static func dump(_ node: Node) -> String {
    var parts = [node.keyword.lowercased()]
    if !node.flags.isEmpty {
      parts.append("[" + node.flags.map { quote($0.text) }.joined(separator: " ") + "]")
    }
    switch node.arguments {
    // BuildKit's parser keeps one empty word of an instruction that it does not know.
    case .words where node.name == nil: parts.append("\"\"")
    case .words(let words, _): parts += words.map { quote($0.text) }
    case .pairs(let pairs):
      for pair in pairs {
        parts += [quote(pair.key), quote(pair.value), pair.isLegacy ? "\"\"" : "\"=\""]
      }
    case .trigger(let node): parts.append(dump(node))
    }
    return "(" + parts.joined(separator: " ") + ")"
  }

  /// Go's `%q`.
  static func quote(_ text: String) -> String {
    "\"" + text.unicodeScalars.map(quote).joined() + "\""
  }

  private static func quote(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": "\\\""
    case "\\": "\\\\"
    case "\u{7}": "\\a"
    case "\u{8}": "\\b"
    case "\u{C}": "\\f"
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    case "\u{B}": "\\v"
    default: isPrintable(scalar) ? String(scalar) : escape(scalar)
    }
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    case .spaceSeparator: scalar == " "
    default: true
    }
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let (prefix, width) =
      scalar.value < 0x80 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
    let digits = String(scalar.value, radix: 16)
    return "\\" + prefix + String(repeating: "0", count: width - digits.count) + digits
  }
}
