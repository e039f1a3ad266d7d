/// What a look at the words of a `Package.swift` tells, without running it.
///
/// A manifest is a program, and only SwiftPM knows what it comes to. But most are one literal, and
/// for those an early, sure answer beats a late one: no step has to run to find out that somebody
/// must choose between two products.
struct SwiftManifestScan: Hashable, Sendable {
  /// The package's name, where it is a plain literal.
  var packageName: String?

  /// The executable products, in the order of the text: declared ones, then those that SwiftPM makes
  /// for executable targets that no declared product has.
  var executables: [String] = []

  /// Whether the manifest computes: what was found may be too much or too little.
  var isComputed = false

  /// The literal paths of local package dependencies.
  var localDependencies: [String] = []

  /// Whether a local dependency's path is not a literal.
  var hasComputedPath = false

  /// The tools version of the first line, such as `6.2`.
  var toolsVersion: String?

  init(_ bytes: [UInt8]) {
    toolsVersion = Self.toolsVersion(of: bytes)
    let tokens = SwiftManifestLexer.tokens(of: bytes)
    isComputed = Self.computes(tokens)
    var declared: [(name: String, targets: [String])] = []
    var targets: [String] = []
    let calls = Self.calls(in: tokens)
    if calls.count == Self.callLimit { isComputed = true }
    for call in calls {
      switch call.name {
      case "Package" where packageName == nil:
        if case .string(let name?)? = call.arguments["name"]?.first { packageName = name }
      case "executable":
        guard let name = call.literal("name"), let members = call.literals("targets") else {
          isComputed = true
          continue
        }
        declared.append((name, members))
      case "executableTarget":
        guard let name = call.literal("name") else {
          isComputed = true
          continue
        }
        targets.append(name)
      case "package" where call.arguments["path"] != nil:
        if let path = call.literal("path") {
          localDependencies.append(path)
        } else {
          hasComputedPath = true
        }
      default:
        continue
      }
    }
    let covered = Set(declared.flatMap(\.targets))
    executables = declared.map(\.name)
    for target in targets where !covered.contains(target) && !executables.contains(target) {
      executables.append(target)
    }
    // Before 5.4 a plain target with a `main.swift` was an executable.
    if DockerfileText.newer(toolsVersion ?? "0", "5.4") == "5.4", toolsVersion != "5.4" {
      isComputed = true
    }
  }

  /// `// swift-tools-version: 6.2`, the space optional; SwiftPM wants it on the first line.
  private static func toolsVersion(of bytes: [UInt8]) -> String? {
    let line = String(decoding: bytes.prefix(256).prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
    let marker = "swift-tools-version:"
    guard let start = line.lowercased().firstRange(of: marker)?.upperBound else { return nil }
    let version = line[start...].drop { $0 == " " || $0 == "\t" }
      .prefix { $0 == "." || ("0"..."9").contains($0) }
    return version.isEmpty ? nil : String(version)
  }

  private static let computing: Set<String> = [
    "if", "for", "while", "switch", "func", "append", "insert", "map", "flatMap", "compactMap",
    "filter", "remove", "removeAll",
  ]

  private static func computes(_ tokens: [SwiftManifestLexer.Token]) -> Bool {
    tokens.contains { token in
      switch token {
      case .directive(let name): name == "if"
      case .word(let word): computing.contains(word)
      case .mark(let mark): mark == UInt8(ascii: "+") || mark == UInt8(ascii: "?")
      case .string: false
      }
    }
  }
}

extension SwiftManifestScan {
  /// A call with labelled arguments, such as `.executable(name: "hello", targets: ["Hello"])`.
  private struct Call {
    var name: String
    var arguments: [String: ArraySlice<SwiftManifestLexer.Token>] = [:]

    /// The argument, where it is one plain string.
    func literal(_ label: String) -> String? {
      guard let tokens = arguments[label], tokens.count == 1,
        case .string(let value?)? = tokens.first
      else { return nil }
      return value
    }

    /// The argument, where it is an array of plain strings.
    func literals(_ label: String) -> [String]? {
      guard let tokens = arguments[label], tokens.first == .mark(UInt8(ascii: "[")),
        tokens.last == .mark(UInt8(ascii: "]"))
      else { return nil }
      var values: [String] = []
      for token in tokens.dropFirst().dropLast() {
        switch token {
        case .string(let value?): values.append(value)
        case .mark(UInt8(ascii: ",")): continue
        default: return nil
        }
      }
      return values
    }
  }

  private static let interesting: Set<String> = [
    "Package", "executable", "executableTarget", "package",
  ]

  /// Calls may lie in each other, so reading them all is quadratic; nobody writes this many.
  private static let callLimit = 2000

  private static func calls(in tokens: [SwiftManifestLexer.Token]) -> [Call] {
    var calls: [Call] = []
    for (index, token) in tokens.enumerated() {
      guard case .word(let name) = token, interesting.contains(name), index + 1 < tokens.count,
        tokens[index + 1] == .mark(UInt8(ascii: "(")),
        name == "Package" || (index > 0 && tokens[index - 1] == .mark(UInt8(ascii: ".")))
      else { continue }
      calls.append(Call(name: name, arguments: arguments(of: tokens, after: index + 1)))
      if calls.count == callLimit { break }
    }
    return calls
  }

  /// The labelled arguments of a call whose opening parenthesis is at `opening`.
  private static func arguments(
    of tokens: [SwiftManifestLexer.Token], after opening: Int
  ) -> [String: ArraySlice<SwiftManifestLexer.Token>] {
    var arguments: [String: ArraySlice<SwiftManifestLexer.Token>] = [:]
    var depth = 1
    var start = opening + 1
    var index = start
    func close(at end: Int) {
      if start + 1 < end, case .word(let label) = tokens[start],
        tokens[start + 1] == .mark(UInt8(ascii: ":"))
      {
        arguments[label] = tokens[(start + 2)..<end]
      }
      start = end + 1
    }
    while index < tokens.count {
      if case .mark(let mark) = tokens[index] {
        switch mark {
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
        case UInt8(ascii: ",") where depth == 1: close(at: index)
        default: break
        }
        if depth == 0 { break }
      }
      index += 1
    }
    close(at: min(index, tokens.count))
    return arguments
  }
}
