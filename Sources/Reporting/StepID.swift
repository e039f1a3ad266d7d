/// The number of a step within one build: what `#5` says in plain progress.
package struct StepID: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral {
  /// Positive by custom; `#0` is the build itself in plain progress.
  package let number: Int

  /// Names the step with this number.
  package init(_ number: Int) {
    self.number = number
  }

  /// Names the step with this number.
  package init(integerLiteral value: Int) {
    number = value
  }

  /// Orders steps by their numbers.
  package static func < (left: StepID, right: StepID) -> Bool {
    left.number < right.number
  }
}
