/// A table while its document is read.
///
/// A class: headers and dotted keys come back to tables that were begun before.
final class TOMLTable {
  enum Origin {
    /// Named by the headers or keys of what is in it alone; a header of its own may follow.
    case implied
    case header
    /// Made by a dotted key, and complete with the section that the key is in.
    case dotted
  }

  enum Entry {
    case value(TOMLValue)
    case table(TOMLTable)
    case tables(Elements)
  }

  /// The tables of an array: a class, so that one more is no copy of all.
  final class Elements {
    var tables: [TOMLTable]

    init(first: TOMLTable) {
      tables = [first]
    }
  }

  private var origin: Origin
  private var entries: [String: Entry] = [:]
  private let line: Int

  init(_ origin: Origin, line: Int) {
    self.origin = origin
    self.line = line
  }

  /// The table that `[a.b.c]` begins.
  func table(header path: [String], line: Int) throws(TOMLFault) -> TOMLTable {
    let (parent, name) = try parent(of: path, line: line)
    switch parent.entries[name] {
    case nil:
      let table = TOMLTable(.header, line: line)
      parent.entries[name] = .table(table)
      return table
    case .table(let table) where table.origin == .implied:
      table.origin = .header
      return table
    case .value: throw .notATable
    case .table, .tables: throw .redefinition
    }
  }

  /// The further table that `[[a.b.c]]` begins.
  func element(header path: [String], line: Int) throws(TOMLFault) -> TOMLTable {
    let (parent, name) = try parent(of: path, line: line)
    let table = TOMLTable(.header, line: line)
    switch parent.entries[name] {
    case nil: parent.entries[name] = .tables(Elements(first: table))
    case .tables(let elements): elements.tables.append(table)
    case .value: throw .notATable
    case .table: throw .redefinition
    }
    return table
  }

  /// Puts a value under a key, with the tables that a dotted key makes.
  func set(_ path: [String], to value: TOMLValue) throws(TOMLFault) {
    var table = self
    for name in path.dropLast() {
      switch table.entries[name] {
      case nil:
        let inner = TOMLTable(.dotted, line: value.line)
        table.entries[name] = .table(inner)
        table = inner
      case .table(let inner) where inner.origin == .dotted: table = inner
      case .value: throw .notATable
      case .table, .tables: throw .redefinition
      }
    }
    guard let name = path.last, table.entries[name] == nil else { throw .duplicate }
    table.entries[name] = .value(value)
  }

  /// The finished table.
  var value: TOMLValue {
    let values = entries.mapValues { entry in
      switch entry {
      case .value(let value): value
      case .table(let table): table.value
      case .tables(let elements):
        TOMLValue(
          content: .array(elements.tables.map(\.value)), line: elements.tables.first?.line ?? line)
      }
    }
    return TOMLValue(content: .table(values), line: line)
  }

  /// Where the last name of a header goes: into the newest of the tables that an array has.
  private func parent(
    of path: [String], line: Int
  ) throws(TOMLFault) -> (table: TOMLTable, name: String) {
    var table = self
    for name in path.dropLast() {
      switch table.entries[name] {
      case nil:
        let inner = TOMLTable(.implied, line: line)
        table.entries[name] = .table(inner)
        table = inner
      case .table(let inner): table = inner
      case .tables(let elements):
        guard let last = elements.tables.last else { throw .notATable }
        table = last
      case .value: throw .notATable
      }
    }
    guard let name = path.last else { throw .key }
    return (table, name)
  }
}
