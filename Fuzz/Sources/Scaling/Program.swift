import Glibc

/// Compares the CPU time of each load with that of four times as much. Work that is linear takes four
/// times as long; more than eight times is a failure.
@main
enum Program {
  private static let factor = 4
  private static let worst = 8.0

  static func main() {
    let name = CommandLine.arguments.dropFirst().first
    var isLinear = true
    for load in Load.all where name.map(load.name.contains) ?? true {
      let once = milliseconds(load, load.size)
      let more = milliseconds(load, load.size * factor)
      let ratio = more / max(once, 0.1)
      let mark = ratio > worst ? "  <- not linear" : ""
      print("\(column(once)) \(column(more)) \(column(ratio))  \(load.name)\(mark)")
      isLinear = isLinear && ratio <= worst
    }
    exit(isLinear ? 0 : 1)
  }

  /// The least of several runs: whatever else the machine does only adds to it.
  private static func milliseconds(_ load: Load, _ size: Int) -> Double {
    let work = load.prepare(size)
    return (0..<5).map { _ in
      let start = clock()
      work()
      return Double(clock() - start) * 1000 / Double(CLOCKS_PER_SEC)
    }.min() ?? 0
  }

  private static func column(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    let text = "\(tenths / 10).\(tenths % 10)"
    return String(repeating: " ", count: max(0, 9 - text.count)) + text
  }
}
