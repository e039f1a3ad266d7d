/// What is fuzzed. Every target takes any bytes and says which of its invariants they break.
package enum FuzzTarget: String, CaseIterable, Sendable {
  /// Whole Dockerfiles.
  case dockerfile
  /// What follows `FROM scratch`, with heredocs in mind.
  case heredoc
  /// Words with variables, and bodies of heredocs.
  case expansion
  /// A path, then a line feed, then a `.dockerignore`.
  case ignore

  /// Checks the invariants on an input.
  package func check(_ bytes: [UInt8]) throws(Violation) {
    switch self {
    case .dockerfile: try DockerfileInvariants(bytes).check()
    case .heredoc: try HeredocInvariants(bytes).check()
    case .expansion: try ExpansionInvariants(bytes).check()
    case .ignore: try IgnoreInvariants(bytes).check()
    }
  }

  /// The body of libFuzzer's entry point: a broken invariant ends the process.
  package func run(_ bytes: UnsafeBufferPointer<UInt8>) -> CInt {
    do {
      try check(Array(bytes))
      return 0
    } catch {
      fatalError(error.description)
    }
  }
}

/// A broken invariant.
package struct Violation: Error, CustomStringConvertible {
  package var description: String

  init(_ description: String) {
    self.description = description
  }

  static func check(_ holds: Bool, _ description: @autoclosure () -> String) throws(Violation) {
    guard holds else { throw Violation(description()) }
  }
}
