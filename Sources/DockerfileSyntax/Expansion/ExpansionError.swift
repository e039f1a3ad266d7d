/// Why a word cannot be expanded.
package enum ExpansionError: Error, Hashable, Sendable, CustomStringConvertible {
  case unterminatedSingleQuote
  case unterminatedDoubleQuote
  /// `${` without its `}`.
  case missingBrace
  /// `${x/pattern` without its second `/`.
  case missingSlash
  /// `${}`, `${:x}` or `${{`.
  case badSubstitution
  /// What stands after the name is no operator.
  case unsupportedModifier(String)
  /// A backslash before something that needs none.
  case invalidPattern(String)
  /// `${x?message}`, and x is unset or empty.
  case required(name: String, message: String)
  /// More `${` within each other than any real Dockerfile has.
  case tooDeep
  /// The result would be larger than any real value.
  case tooLong

  /// What is wrong.
  package var summary: String {
    switch self {
    case .unterminatedSingleQuote: "a `'` is not closed"
    case .unterminatedDoubleQuote: "a `\"` is not closed"
    case .missingBrace: "`${` has no closing `}`"
    case .missingSlash: "`${name/pattern/replacement}` has no second `/`"
    case .badSubstitution: "`${` is not followed by the name of a variable"
    case .unsupportedModifier(let text): "unsupported operator `\(text)` in `${…}`"
    case .invalidPattern(let pattern): "invalid escape in the pattern `\(pattern.excerpt)`"
    case .required(let name, let message): "`\(name)`: \(message.excerpt)"
    case .tooDeep: "`${…}` is nested more than \(ShellLexer.maximumDepth) times"
    case .tooLong: "the value is longer than \(ShellLexer.maximumLength >> 20) MiB"
    }
  }

  /// What to do about it.
  package var hint: String? {
    switch self {
    case .unterminatedSingleQuote, .unterminatedDoubleQuote:
      "close the quote, or put the escape character before it"
    case .missingBrace, .badSubstitution: "write `\\$` for a dollar sign that is meant as such"
    case .missingSlash: nil
    case .unsupportedModifier:
      "the operators are `-`, `+`, `?` (each also after `:`), `#`, `##`, `%`, `%%`, `/` and `//`"
    case .invalidPattern: "only `*`, `?`, `\\`, `/` and `}` may follow a backslash"
    case .required(let name, _): "give it with `--build-arg \(name)=<value>`, or declare it before"
    case .tooDeep: nil
    case .tooLong: nil
    }
  }

  package var description: String {
    hint.map { "\(summary)\nhint: \($0)" } ?? summary
  }
}
