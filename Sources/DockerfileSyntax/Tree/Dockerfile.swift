/// A Dockerfile, read: directives, global arguments and stages, and what there is to say about it.
///
/// Whatever could be understood is here even where there are errors; build only if `hasErrors` is
/// false.
package struct Dockerfile: Hashable, Sendable {
  /// The parser directives at its head.
  package var directives: Directives
  /// The `ARG` instructions before the first `FROM`, in order.
  package var metaArguments: [Instruction]
  /// The stages, in order.
  package var stages: [Stage]
  /// Errors and warnings, in the order of their lines.
  package var diagnostics: [SyntaxDiagnostic]

  /// Whether an error was found.
  package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

/// The parser directives (`# key=value`) at the head of a Dockerfile.
package struct Directives: Hashable, Sendable {
  /// The frontend image asked for by `# syntax=`; its value is not interpreted.
  package var syntax: String?
  /// The escape character: a backslash, or a backquote.
  package var escape: UInt8 = UInt8(ascii: "\\")
  /// What `# check=` asks, or what was asked for in its place; the default where neither is.
  package var check = CheckDirective()
  /// Where each directive stands, by its lower-case key.
  package var ranges: [String: SourceRange] = [:]

  /// The defaults.
  package init() {}
}
