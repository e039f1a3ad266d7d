import Engine
import OCI
import Reporting

/// What an annotation is put on, as buildx writes it: `manifest-descriptor[linux/arm64]`.
struct AnnotationTarget {
  enum Kind: String, CaseIterable {
    case manifest
    case index
    case manifestDescriptor = "manifest-descriptor"
    case indexDescriptor = "index-descriptor"
  }

  var kind = Kind.manifest
  /// The only platform that it is for; nil means all.
  var platform: Platform?

  init() {}

  /// Throws `AnnotationProblem`. Without a type it is the manifest.
  init(parsing text: Substring) throws {
    var name = text
    if let bracket = text.firstIndex(of: "[") {
      guard text.hasSuffix("]") else { throw AnnotationProblem.target(String(text)) }
      let inside = String(text[text.index(after: bracket)...].dropLast())
      guard let platform = Platform(inside) else { throw ArgumentProblem.platform(inside) }
      self.platform = platform
      name = text[..<bracket]
    }
    guard !name.isEmpty else { return }
    guard let kind = Kind(rawValue: String(name)) else {
      throw AnnotationProblem.kind(String(name))
    }
    self.kind = kind
    if platform != nil, kind == .index || kind == .indexDescriptor {
      throw AnnotationProblem.platformOfIndex(String(text))
    }
  }
}

/// What is wrong with an annotation.
enum AnnotationProblem: Error, Hashable, CustomStringConvertible {
  /// No `KEY=VALUE`.
  case assignment(String)
  case key(String)
  case target(String)
  case kind(String)
  case platformOfIndex(String)

  var description: String {
    let kinds = AnnotationTarget.Kind.allCases.map(\.rawValue)
    switch self {
    case .assignment(let text):
      return "`\(text)` is not an annotation; hint: `KEY=VALUE`, or `index:KEY=VALUE`"
    case .key(let text):
      return "`\(text)` has no key that an annotation can have; "
        + "hint: such as `org.opencontainers.image.title`, without blanks"
    case .target(let text):
      return "`\(text)` is nothing that can be annotated; hint: `manifest[linux/arm64]`"
    case .kind(let name):
      let hint =
        Suggestion.hint(for: name, among: kinds)
        ?? kinds.map { "`\($0)`" }.joined(separator: ", ")
      return "`\(name)` is nothing that can be annotated; hint: \(hint)"
    case .platformOfIndex(let text):
      return "`\(text)` names a platform, and an index is for all of them; "
        + "hint: annotate the `manifest` or the `manifest-descriptor`"
    }
  }
}

extension ImageAnnotations {
  /// Reads a list of `[TYPE[PLATFORM],…:]KEY=VALUE`; a later one wins. Throws `AnnotationProblem`.
  init(parsing list: [String]) throws {
    self.init()
    for text in list {
      guard let equals = text.firstIndex(of: "=") else { throw AnnotationProblem.assignment(text) }
      let value = String(text[text.index(after: equals)...])
      var key = text[..<equals]
      var targets = [AnnotationTarget()]
      if let colon = key.firstIndex(of: ":") {
        targets = try key[..<colon].split(separator: ",", omittingEmptySubsequences: false).map {
          guard !$0.isEmpty else { throw AnnotationProblem.target("") }
          return try AnnotationTarget(parsing: $0)
        }
        key = key[key.index(after: colon)...]
      }
      for target in targets { try set(key, value, on: target, in: text) }
    }
  }

  /// Takes over an attribute of an output, such as `annotation-index.KEY`; false where it is another.
  ///
  /// The key keeps its letters, which buildx makes small: keys are told apart by them.
  mutating func set(attribute name: String, _ value: String) throws -> Bool {
    let prefix = "annotation"
    guard name.lowercased().hasPrefix(prefix), let dot = name.firstIndex(of: ".") else {
      return false
    }
    let target = name[..<dot].dropFirst(prefix.count)
    guard target.isEmpty || target.hasPrefix("-") || target.hasPrefix("[") else { return false }
    try set(
      name[name.index(after: dot)...], value,
      on: AnnotationTarget(parsing: target.hasPrefix("-") ? target.dropFirst() : target), in: name)
    return true
  }

  private mutating func set(
    _ key: Substring, _ value: String, on target: AnnotationTarget, in text: String
  ) throws {
    guard !key.isEmpty, !key.contains(where: \.isWhitespace) else {
      throw AnnotationProblem.key(text)
    }
    let key = String(key)
    switch target.kind {
    case .manifest: manifest.set(key, value, for: target.platform)
    case .manifestDescriptor: manifestDescriptor.set(key, value, for: target.platform)
    case .index: index[key] = value
    case .indexDescriptor: indexDescriptor[key] = value
    }
  }
}

extension PlatformAnnotations {
  fileprivate mutating func set(_ key: String, _ value: String, for platform: Platform?) {
    if let platform {
      byPlatform[platform, default: [:]][key] = value
    } else {
      common[key] = value
    }
  }
}
