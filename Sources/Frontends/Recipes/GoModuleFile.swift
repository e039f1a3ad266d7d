/// What the recipe needs of a `go.mod`. See the Go Modules Reference, "go.mod files".
struct GoModuleFile: Hashable, Sendable {
  /// The module's path.
  var path: String?

  /// The Go version that it asks for: the newer of `go` and `toolchain`.
  var goVersion: String?

  /// The local directories that `replace` puts in the place of modules.
  var localReplacements: [String] = []

  init(_ bytes: [UInt8]) {
    var block: String?
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
      var words = Self.words(of: line)
      if block != nil, words.first == ")" {
        block = nil
        continue
      }
      if block == nil, words.count == 2, words[1] == "(" {
        block = words[0]
        continue
      }
      if let block { words.insert(block, at: 0) }
      read(words)
    }
  }

  private mutating func read(_ words: [String]) {
    switch words.first {
    case "module" where words.count == 2:
      path = words[1]
    case "go" where words.count == 2:
      goVersion = DockerfileText.newer(goVersion ?? "0", words[1])
    case "toolchain" where words.count == 2 && words[1].hasPrefix("go"):
      goVersion = DockerfileText.newer(goVersion ?? "0", String(words[1].dropFirst(2)))
    case "replace":
      guard let arrow = words.firstIndex(of: "=>"), arrow + 1 < words.count else { return }
      let target = words[arrow + 1]
      if target.hasPrefix("./") || target.hasPrefix("../") || target.hasPrefix("/") {
        localReplacements.append(target)
      }
    default:
      return
    }
  }

  /// The words of a line, its comment left out, a quoted word without its quotes.
  private static func words(of line: Substring) -> [String] {
    var words: [String] = []
    for word in line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" }) {
      if word.hasPrefix("//") { break }
      let isQuoted =
        word.count > 1 && (word.first == "\"" || word.first == "`")
        && word.last == word.first
      words.append(String(isQuoted ? word.dropFirst().dropLast() : word))
    }
    return words
  }
}
