import OCI
import Reporting
import Slipway
import Snapshots
import SystemPackage

/// What is wrong with `--cache-from` or `--cache-to`.
enum CacheArgumentProblem: Error, CustomStringConvertible {
  case malformed(String, example: String)
  case kind(String, known: [String])
  case inlineSource
  case unknownField(String, known: [String])
  case missingField(String, of: String)
  case value(String, field: String, known: [String])
  case level(String, ClosedRange<Int>)
  case noCompression
  case digest(String)

  var description: String {
    switch self {
    case .malformed(let text, let example): "`\(text)` is not a cache; hint: `\(example)`"
    case .kind(let kind, let known):
      "`\(kind)` is a type of cache that is not known here; hint: \(Self.hint(kind, known))"
    case .inlineSource:
      "an inline cache is an image in a registry; hint: `type=registry,ref=IMAGE`"
    case .unknownField(let field, let known):
      "`\(field)` is not known for this type of cache; hint: \(Self.hint(field, known))"
    case .missingField(let field, let text): "`\(text)` has no `\(field)=`"
    case .value(let value, let field, let known):
      "`\(value)` is no value for `\(field)`; hint: \(Self.hint(value, known))"
    case .level(let text, let range):
      "`\(text)` is no level of compression; hint: \(range.lowerBound) to \(range.upperBound)"
    case .noCompression:
      "`compression-level` says nothing without `compression`; hint: `compression=zstd`"
    case .digest(let text):
      "`\(text)` is a digest, which nothing can be written to; hint: `ref=REPOSITORY:TAG`"
    }
  }

  private static func hint(_ word: String, _ known: [String]) -> String {
    Suggestion.hint(for: word, among: known)
      ?? known.map { "`\($0)`" }.joined(separator: ", ")
  }
}

/// The fields of a cache, as buildx writes them: `type=registry,ref=REFERENCE,mode=max`.
private struct CacheFields {
  let text: String
  let kind: String
  private let values: [String: String]

  /// - Parameter known: for each type, the fields that mean something.
  init(_ text: String, known: [String: [String]], example: String) throws {
    self.text = text
    var values: [String: String] = [:]
    for field in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let equals = field.firstIndex(of: "=") else {
        throw CacheArgumentProblem.malformed(text, example: example)
      }
      values[field[..<equals].lowercased()] = String(field[field.index(after: equals)...])
    }
    guard let kind = values.removeValue(forKey: "type") else {
      throw CacheArgumentProblem.malformed(text, example: example)
    }
    guard let fields = known[kind] else {
      throw CacheArgumentProblem.kind(kind, known: known.keys.sorted())
    }
    if let unknown = values.keys.sorted().first(where: { !fields.contains($0) }) {
      throw CacheArgumentProblem.unknownField(unknown, known: fields)
    }
    self.kind = kind
    self.values = values
  }

  subscript(field: String) -> String? { values[field] }

  func required(_ field: String) throws -> String {
    guard let value = values[field], !value.isEmpty else {
      throw CacheArgumentProblem.missingField(field, of: text)
    }
    return value
  }

  func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ field: String, _ type: Choice.Type
  ) throws -> Choice? {
    guard let value = values[field] else { return nil }
    guard let choice = Choice(rawValue: value) else {
      throw CacheArgumentProblem.value(
        value, field: field, known: Choice.allCases.map(\.rawValue))
    }
    return choice
  }

  func flag(_ field: String) throws -> Bool {
    switch values[field] {
    case nil, "false", "0": false
    case "true", "1": true
    case .some(let value):
      throw CacheArgumentProblem.value(value, field: field, known: ["true", "false"])
    }
  }
}

extension CacheSource {
  static func parse(_ text: String) throws -> CacheSource {
    if !text.contains("=") { return .registry(try Reference(text)) }
    let fields = try CacheFields(
      text, known: ["registry": ["ref"], "local": ["src"], "inline": []],
      example: "type=registry,ref=REPOSITORY:TAG")
    switch fields.kind {
    case "registry": return .registry(try Reference(fields.required("ref")))
    case "local": return .local(FilePath(try fields.required("src")).absolute)
    default: throw CacheArgumentProblem.inlineSource
    }
  }
}

extension CacheTarget {
  private enum Compression: String, CaseIterable {
    case gzip, zstd, uncompressed
  }

  static func parse(_ text: String) throws -> CacheTarget {
    if !text.contains("=") { return CacheTarget(.registry(try reference(text))) }
    let common = ["mode", "compression", "compression-level", "ignore-error"]
    // What buildx offers as a choice and is always so here.
    let settled = ["force-compression", "image-manifest", "oci-mediatypes"]
    let fields = try CacheFields(
      text,
      known: [
        "registry": ["ref"] + common + settled, "local": ["dest"] + common + settled,
        "inline": ["mode"],
      ],
      example: "type=registry,ref=REPOSITORY:TAG,mode=max")
    var target: CacheTarget
    switch fields.kind {
    case "registry": target = CacheTarget(.registry(try reference(fields.required("ref"))))
    case "local": target = CacheTarget(.local(FilePath(try fields.required("dest")).absolute))
    default: target = CacheTarget(.inline)
    }
    target.mode = try fields.choice("mode", Mode.self) ?? .min
    if target.place == .inline, target.mode == .max {
      throw CacheArgumentProblem.value("max", field: "mode", known: ["min"])
    }
    for name in settled { _ = try fields.flag(name) }
    target.compression = try compression(fields)
    target.ignoresErrors = try fields.flag("ignore-error")
    return target
  }

  private static func reference(_ text: String) throws -> Reference {
    let reference = try Reference(text)
    guard reference.digest == nil else { throw CacheArgumentProblem.digest(text) }
    return reference
  }

  private static func compression(
    _ fields: CacheFields
  ) throws -> LayerEncoding.Compression? {
    guard let kind = try fields.choice("compression", Compression.self) else {
      if fields["compression-level"] != nil { throw CacheArgumentProblem.noCompression }
      return nil
    }
    switch kind {
    case .gzip: return .gzip(level: try level(fields, 1...12, standard: 6))
    case .zstd: return .zstd(level: try level(fields, 1...22, standard: 3))
    case .uncompressed: return .uncompressed
    }
  }

  private static func level(
    _ fields: CacheFields, _ range: ClosedRange<Int>, standard: Int
  ) throws -> Int {
    guard let text = fields["compression-level"] else { return standard }
    guard let level = Int(text), range.contains(level) else {
      throw CacheArgumentProblem.level(text, range)
    }
    return level
  }
}
