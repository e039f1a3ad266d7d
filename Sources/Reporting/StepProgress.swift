/// How far one item of a step has come: a layer being pulled, a context being sent.
package struct StepProgress: Sendable, Equatable {
  /// The kinds of amounts.
  package enum Unit: String, Sendable, Equatable {
    case bytes
    case items
  }

  /// Names the item within its step; reports of the same label replace each other.
  package var label: String
  /// How much is done.
  package var completed: Int64
  /// How much there is to do; nil where nobody knows.
  package var total: Int64?
  /// What the amounts count.
  package var unit: Unit

  /// States how far `label` has come.
  package init(label: String = "", completed: Int64, total: Int64? = nil, unit: Unit = .bytes) {
    self.label = label
    self.completed = completed
    self.total = total
    self.unit = unit
  }

  var isComplete: Bool {
    total.map { completed >= $0 } ?? false
  }

  /// `layer 1.2 MB / 3.4 MB`, on one line and harmless to a terminal.
  var summary: String {
    var words: [String] = []
    if !label.isEmpty { words.append(TerminalText.line(label)) }
    words.append(amount(completed))
    if let total { words.append("/ \(amount(total))") }
    return words.joined(separator: " ")
  }

  private func amount(_ count: Int64) -> String {
    switch unit {
    case .bytes: HumanFormat.bytes(count)
    case .items: String(count)
    }
  }
}
