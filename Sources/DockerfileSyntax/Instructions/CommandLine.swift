/// A command in one of its two forms.
package enum CommandLine: Hashable, Sendable {
  /// Text for the shell, as written.
  case shell(String)
  /// The words of a JSON array.
  case exec([String])
}
