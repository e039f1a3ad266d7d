import Testing

/// A terminal that knows just the sequences that the tty renderer promises to use; any other is a
/// test failure.
struct Screen {
  let columns: Int
  let rows: Int
  private(set) var scrollback: [String] = []
  private(set) var isCursorVisible = true
  private(set) var wraps = true
  private var cells: [[String]]
  private var row = 0
  private var column = 0

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    cells = Array(repeating: Array(repeating: " ", count: columns), count: rows)
  }

  /// Everything from the first line on, without trailing blanks.
  var text: String {
    var lines = scrollback + visible
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n")
  }

  var visible: [String] { cells.map(Self.trimmed) }

  mutating func write(_ bytes: [UInt8]) {
    var rest = String(decoding: bytes, as: UTF8.self)[...]
    while let character = rest.popFirst() {
      switch character {
      case "\n": lineFeed()
      case "\r": column = 0
      case "\r\n": lineFeed()
      case "\u{1B}": rest = escape(rest)
      default: put(character)
      }
    }
  }

  private mutating func lineFeed() {
    column = 0
    row += 1
    guard row == rows else { return }
    scrollback.append(Self.trimmed(cells.removeFirst()))
    cells.append(Array(repeating: " ", count: columns))
    row -= 1
  }

  private mutating func put(_ character: Character) {
    let isControl = character.unicodeScalars.contains { $0.properties.generalCategory == .control }
    #expect(!isControl, "control character \(character.unicodeScalars.map(\.value))")
    let width = Self.isWide(character) ? 2 : 1
    if column + width > columns {
      if wraps { lineFeed() } else { column = columns - width }
    }
    cells[row][column] = String(character)
    if width == 2 { cells[row][column + 1] = "" }
    column += width
  }

  /// Only for the characters that the tests use.
  private static func isWide(_ character: Character) -> Bool {
    guard let value = character.unicodeScalars.first?.value else { return false }
    return (0x3040...0x9FFF).contains(value) || (0x1F300...0x1FAFF).contains(value)
  }

  private mutating func escape(_ text: Substring) -> Substring {
    guard text.first == "[" else {
      Issue.record("an escape that is not a control sequence")
      return text
    }
    let body = text.dropFirst()
    let parameters = body.prefix { !$0.isLetter }
    let rest = body.dropFirst(parameters.count)
    switch (rest.first, parameters) {
    case ("A", _): row = max(0, row - (Int(parameters) ?? 1))
    case ("K", ""): erase(row: row, from: column)
    case ("J", ""):
      erase(row: row, from: column)
      for below in row..<rows where below > row { erase(row: below, from: 0) }
    case ("m", _): break
    case ("h", "?25"): isCursorVisible = true
    case ("l", "?25"): isCursorVisible = false
    case ("h", "?7"): wraps = true
    case ("l", "?7"): wraps = false
    default: Issue.record("unknown sequence \(parameters)\(rest.first.map(String.init) ?? "")")
    }
    return rest.dropFirst()
  }

  private mutating func erase(row: Int, from column: Int) {
    for index in column..<columns where index >= column { cells[row][index] = " " }
  }

  private static func trimmed(_ cells: [String]) -> String {
    var text = cells.joined()[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
