import Synchronization

/// The faults that are still to happen.
final class FaultScript: Sendable {
  private struct Rule: Sendable {
    let fault: Fault
    let pattern: RequestPattern
    var skipping: Int
    var times: Int

    /// Whether the fault happens to a request, which is counted.
    mutating func happens(to request: LoggedRequest) -> Bool {
      guard times > 0, pattern(request) else { return false }
      guard skipping == 0 else {
        skipping -= 1
        return false
      }
      times -= 1
      return true
    }
  }

  private let rules = Mutex<[Rule]>([])

  func add(_ fault: Fault, on pattern: RequestPattern, times: Int, skipping: Int) {
    rules.withLock {
      $0.append(Rule(fault: fault, pattern: pattern, skipping: skipping, times: times))
    }
  }

  func removeAll() { rules.withLock { $0.removeAll() } }

  /// How often faults are still to happen, leaving out those that happen for ever.
  var remaining: Int {
    rules.withLock { rules in rules.reduce(0) { $0 + ($1.times > Int.max / 2 ? 0 : $1.times) } }
  }

  /// What goes wrong with a request, in the order of injection.
  func faults(for request: LoggedRequest) -> [Fault] {
    rules.withLock { rules in
      var faults: [Fault] = []
      for index in rules.indices where rules[index].happens(to: request) {
        faults.append(rules[index].fault)
      }
      return faults
    }
  }
}
