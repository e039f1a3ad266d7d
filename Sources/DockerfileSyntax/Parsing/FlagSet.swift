import Reporting

/// The flags of one instruction, checked against those it knows.
struct FlagSet {
  enum Kind {
    case boolean
    case string
    /// May be given several times.
    case strings
  }

  private var values: [String: [Word]] = [:]

  /// Checks flags such as `--from=base`.
  init(
    _ flags: [Word], of instruction: String, knowing known: [String: Kind]
  ) throws(InstructionError) {
    for flag in flags {
      do throws(InstructionError) {
        try take(flag, of: instruction, knowing: known)
      } catch {
        throw error.blaming(flag.range)
      }
    }
  }

  private mutating func take(
    _ flag: Word, of instruction: String, knowing known: [String: Kind]
  ) throws(InstructionError) {
    let body = String(flag.text.unicodeScalars.dropFirst(2))
    let pair = body.splitAtFirst("=")
    let name = pair?.before ?? body
    guard let kind = known[name] else {
      throw FlagSet.unknown(name, of: instruction, knowing: known)
    }
    if kind != .strings, values[name] != nil {
      throw InstructionError("flag `--\(name)` of `\(instruction)` is given twice")
    }
    let value = try FlagSet.value(pair?.after, of: name, kind)
    values[name, default: []].append(Word(text: value, range: flag.range))
  }

  private static func unknown(
    _ name: String, of instruction: String, knowing known: [String: Kind]
  ) -> InstructionError {
    let names = known.keys.sorted()
    let message = "unknown flag `--\(name.excerpt)` of `\(instruction)`"
    if let closest = Suggestion.closest(to: name, among: names) {
      return InstructionError(message, hint: "did you mean `--\(closest)`?")
    }
    let list = names.map { "`--\($0)`" }.joined(separator: ", ")
    return InstructionError(
      message, hint: names.isEmpty ? "`\(instruction)` takes no flags" : "its flags are \(list)")
  }

  private static func value(
    _ value: String?, of name: String, _ kind: Kind
  ) throws(InstructionError) -> String {
    guard kind == .boolean else {
      guard let value else {
        throw InstructionError(
          "flag `--\(name)` needs a value", hint: "write `--\(name)=<value>`")
      }
      return value
    }
    switch value?.lowercased() {
    case nil: return "true"
    case "true"?: return "true"
    case "false"?: return "false"
    case let other?:
      throw InstructionError(
        "flag `--\(name)` must be `true` or `false`, not `\(other.excerpt)`")
    }
  }

  /// The value of a flag that is given once; an empty one is as good as none.
  subscript(_ name: String) -> Word? {
    values[name]?.last.flatMap { $0.text.isEmpty ? nil : $0 }
  }

  /// The values of a flag that may be given several times.
  func all(_ name: String) -> [Word] { values[name] ?? [] }

  /// The value of a boolean flag; absent where it was not given.
  func boolean(_ name: String) -> Bool? { values[name].map { $0.last?.text == "true" } }
}
