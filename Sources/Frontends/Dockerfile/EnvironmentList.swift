/// Variables and their values, in an order.
struct EnvironmentList: Hashable, Sendable {
  private(set) var names: [String] = []
  private var values: [String: String] = [:]

  init() {}

  /// The entries of an image's configuration, `NAME=value`.
  init(_ entries: [String]) {
    for entry in entries { set(entry: entry) }
  }

  subscript(name: String) -> String? { values[name] }

  mutating func set(_ name: String, _ value: String) {
    if values.updateValue(value, forKey: name) == nil { names.append(name) }
  }

  /// Sets it as the last one: what a step sees is in the order of the latest assignments, the
  /// configuration's `Env` in that of the first.
  mutating func append(_ name: String, _ value: String) {
    remove(name)
    set(name, value)
  }

  /// Sets from `NAME=value`; a name alone is set to nothing.
  mutating func set(entry: String) {
    let (name, value) = Self.parts(of: entry)
    set(name, value)
  }

  /// As `append` does, from `NAME=value`.
  mutating func append(entry: String) {
    let (name, value) = Self.parts(of: entry)
    append(name, value)
  }

  private static func parts(of entry: String) -> (name: String, value: String) {
    let end = entry.firstIndex(of: "=") ?? entry.endIndex
    return (String(entry[..<end]), String(entry[end...].dropFirst()))
  }

  mutating func remove(_ name: String) {
    if values.removeValue(forKey: name) != nil { names.removeAll { $0 == name } }
  }

  /// `NAME=value`, in order.
  var entries: [String] { names.map { "\($0)=\(values[$0] ?? "")" } }
}
