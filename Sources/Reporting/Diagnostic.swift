/// Something that a person should know, where it is, and what can be done about it.
///
/// Messages are in lower case without a full stop, with the thing in backquotes.
package struct Diagnostic: Sendable, Equatable {
  /// The grades of findings.
  package enum Severity: String, Sendable, Equatable {
    case error
    case warning
    case hint
  }

  /// How grave it is.
  package var severity: Severity
  /// What it is; further lines are shown indented.
  package var message: String
  /// The rule that found it, as in `StageNameCasing`.
  package var rule: String?
  /// Where it is.
  package var excerpt: SourceExcerpt?
  /// What else there is to know, each a sentence of its own.
  package var notes: [String]
  /// What to do about it.
  package var hint: String?

  /// States a finding.
  package init(
    _ severity: Severity, _ message: String, rule: String? = nil, excerpt: SourceExcerpt? = nil,
    notes: [String] = [], hint: String? = nil
  ) {
    self.severity = severity
    self.message = message
    self.rule = rule
    self.excerpt = excerpt
    self.notes = notes
    self.hint = hint
  }

  /// An error of any module, whose description may end in a `hint:`.
  package init(describing error: any Error, excerpt: SourceExcerpt? = nil) {
    let (message, hint) = Self.splittingHint(off: String(describing: error))
    self.init(.error, message, excerpt: excerpt, hint: hint)
  }

  /// Splits at the first `hint: ` that begins a word; what joined the two goes.
  private static func splittingHint(off description: String) -> (String, String?) {
    let marker = Array("hint: ".utf8)
    let bytes = Array(description.utf8)
    let joints = Array(" \n\t;,.".utf8)
    guard bytes.count >= marker.count else { return (description, nil) }
    for start in 0...(bytes.count - marker.count)
    where bytes[start...].starts(with: marker) && (start == 0 || joints.contains(bytes[start - 1]))
    {
      var message = bytes[..<start]
      while let last = message.last, joints.contains(last) { message.removeLast() }
      guard !message.isEmpty else { break }
      return (
        String(decoding: message, as: UTF8.self),
        String(decoding: bytes[(start + marker.count)...], as: UTF8.self)
      )
    }
    return (description, nil)
  }
}
