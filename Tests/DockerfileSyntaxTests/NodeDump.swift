@testable import DockerfileSyntax

/// Nodes as BuildKit's parser dumps them.
enum NodeDump {
  static func dump(_ node: Node) -> String {
    var parts = [node.keyword.lowercased()]
    if !node.flags.isEmpty {
      parts.append("[" + node.flags.map(quote).joined(separator: " ") + "]")
    }
    switch node.arguments {
    case .words(let words, _): parts += words.map(quote)
    case .pairs(let pairs):
      for pair in pairs {
        parts += [quote(pair.key), quote(pair.value), pair.isLegacy ? "\"\"" : "\"=\""]
      }
    case .trigger(let node, _): parts.append(dump(node))
    }
    return "(" + parts.joined(separator: " ") + ")"
  }

  /// Go's `%q`, as far as the data files go.
  static func quote(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\u{8}": quoted += "\\b"
      case "\u{C}": quoted += "\\f"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case "\0": quoted += "\\x00"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
