/// A value of a TOML document (toml.io, v1.0.0).
struct TOMLValue: Hashable, Sendable {
  let content: Content
  /// The line that it begins on, from 1.
  let line: Int

  enum Content: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case boolean(Bool)
    /// A float, a date or a time, which no setting here is.
    case other(String)
    case array([TOMLValue])
    case table([String: TOMLValue])
  }
}

/// Why a text is not TOML.
package enum TOMLFault: String, Error, Hashable, Sendable, CustomStringConvertible {
  case notUTF8 = "it is not UTF-8"
  case controlCharacter = "there is a control character"
  case key = "a key is expected"
  case equals = "`=` is expected after a key"
  case value = "a value is expected"
  case header = "the name of a table is followed by `]`"
  case lineEnd = "something follows"
  case openString = "a string has no end"
  case escape = "`\\` is followed by nothing that it can escape"
  case array = "`,` or `]` is expected"
  case inlineTable = "`,` or `}` is expected"
  case integer = "a number is too large"
  case duplicate = "a key is there twice"
  case redefinition = "a table is defined twice"
  case notATable = "a key has a value and cannot be a table too"
  case depth = "it is nested too deeply"

  package var description: String { rawValue }
}
