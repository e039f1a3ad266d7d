/// The name of an image: `[registry/]repository[:tag][@digest]`, normalised as Docker does
/// (distribution/reference: `alpine` is `docker.io/library/alpine:latest`).
package struct Reference: Hashable, Sendable, CustomStringConvertible {
  /// The registry with its port, such as `docker.io` or `localhost:5000`.
  package var registry: String
  /// The path below the registry, such as `library/alpine`.
  package var repository: String
  package var tag: String?
  package var digest: Digest?

  /// Reads a reference as people type it; the tag defaults to `latest` where neither tag nor digest
  /// is given. Throws what is wrong with it.
  package init(_ text: String) throws(ReferenceError) {
    guard !text.isEmpty else { throw ReferenceError(text: text, problem: .empty) }
    guard text.utf8.count <= 512 else { throw ReferenceError(text: text, problem: .tooLong) }
    var rest = text[...]
    if let at = rest.firstIndex(of: "@") {
      guard let digest = Digest(rest[rest.index(after: at)...]) else {
        throw ReferenceError(text: text, problem: .digest)
      }
      self.digest = digest
      rest = rest[..<at]
    }
    if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
      let tag = rest[rest.index(after: colon)...]
      guard Reference.isTag(tag) else { throw ReferenceError(text: text, problem: .tag) }
      self.tag = String(tag)
      rest = rest[..<colon]
    }
    if let slash = rest.firstIndex(of: "/"), Reference.looksLikeRegistry(rest[..<slash]) {
      registry = String(rest[..<slash])
      repository = String(rest[rest.index(after: slash)...])
    } else {
      registry = Reference.dockerHub
      repository = String(rest)
    }
    if registry == "index.docker.io" { registry = Reference.dockerHub }
    if registry == Reference.dockerHub, !repository.contains("/") {
      repository = "library/" + repository
    }
    if tag == nil, digest == nil { tag = "latest" }
    if repository.utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) {
      throw ReferenceError(text: text, problem: .upperCase)
    }
    let components = repository.split(separator: "/", omittingEmptySubsequences: false)
    guard components.allSatisfy(Reference.isPathComponent), Reference.isRegistry(registry[...])
    else { throw ReferenceError(text: text, problem: .name) }
  }

  static let dockerHub = "docker.io"

  /// The full form: registry, repository, and what is given of tag and digest.
  package var description: String { name + suffix }

  /// Registry and repository alone.
  package var name: String { registry + "/" + repository }

  /// The short form that people type: without `docker.io/library/`.
  package var familiar: String {
    var short = name
    for prefix in [Reference.dockerHub + "/library/", Reference.dockerHub + "/"]
    where short.hasPrefix(prefix) {
      short.removeFirst(prefix.count)
      break
    }
    return short + suffix
  }

  private var suffix: String {
    (tag.map { ":" + $0 } ?? "") + (digest.map { "@\($0)" } ?? "")
  }

  private static func looksLikeRegistry(_ text: Substring) -> Bool {
    text.contains(".") || text.contains(":") || text == "localhost"
      || text.contains(where: { $0.isUppercase })
  }

  private static func isRegistry(_ text: Substring) -> Bool {
    var host = text
    if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
      let port = text[text.index(after: colon)...]
      guard !port.isEmpty, port.utf8.allSatisfy(isDigit) else { return false }
      host = text[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") {
      return host.dropFirst().dropLast().utf8.allSatisfy {
        isDigit($0) || isLetter($0) || $0 == UInt8(ascii: ":")
      }
    }
    return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      !label.isEmpty && !label.hasPrefix("-") && !label.hasSuffix("-")
        && label.utf8.allSatisfy { isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-") }
    }
  }

  /// `[a-z0-9]+` runs joined by `.`, `_`, `__` or any number of `-`.
  private static func isPathComponent(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last,
      isLowerOrDigit(first), isLowerOrDigit(last)
    else { return false }
    let separators = text.utf8.split(whereSeparator: isLowerOrDigit)
    return separators.allSatisfy { run in
      let run = Array(run)
      return run == [UInt8(ascii: ".")] || run == [UInt8(ascii: "_")]
        || run == [UInt8(ascii: "_"), UInt8(ascii: "_")]
        || run.allSatisfy { $0 == UInt8(ascii: "-") }
    }
  }

  private static func isTag(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
    let isWord: (UInt8) -> Bool = { isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "_") }
    return isWord(first)
      && text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
}

/// Why a text is not an image reference.
package struct ReferenceError: Error, CustomStringConvertible {
  package let text: String
  package let problem: Problem

  package enum Problem: Sendable {
    case empty, tooLong, digest, tag, upperCase, name
  }

  package var description: String {
    switch problem {
    case .empty: "an image name cannot be empty"
    case .tooLong: "the image name is longer than 512 bytes"
    case .digest: "`\(text)` has a malformed digest; hint: it is `@sha256:` and 64 hex digits"
    case .tag: "`\(text)` has a malformed tag; hint: letters, digits, `_`, `.` and `-`, at most 128"
    case .upperCase:
      "`\(text)` has upper-case letters; hint: repository names are lower case"
    case .name:
      "`\(text)` is not an image name; hint: `[registry/]repository[:tag][@sha256:…]`"
    }
  }
}
