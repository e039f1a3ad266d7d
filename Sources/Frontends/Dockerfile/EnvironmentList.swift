/// Variables in the order of their first assignment; a later value replaces an earlier one in
/// place.
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

  /// Sets from `NAME=value`; a name alone is set to nothing.
  mutating func set(entry: String) {
    let end = entry.firstIndex(of: "=") ?? entry.endIndex
    set(String(entry[..<end]), String(entry[end...].dropFirst()))
  }

  mutating func remove(_ name: String) {
    if values.removeValue(forKey: name) != nil { names.removeAll { $0 == name } }
  }

  /// `NAME=value`, in order.
  var entries: [String] { names.map { "\($0)=\(values[$0] ?? "")" } }
}
