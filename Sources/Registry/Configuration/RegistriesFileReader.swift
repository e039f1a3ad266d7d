import OCI
import SystemPackage

/// Reads one `registries.conf`; keys that say nothing about where registries are, are passed over.
struct RegistriesFileReader {
  private typealias EntryFault = RegistryConfigurationError.EntryFault

  private let document: [String: TOMLValue]
  private let bytes: [UInt8]
  private let file: FilePath

  init(_ bytes: [UInt8], _ file: FilePath) throws {
    self.bytes = bytes
    self.file = file
    do {
      document = try TOMLReader.read(bytes)
    } catch {
      throw RegistryConfigurationError.malformedTOML(
        file, RegistriesFileReader.line(error.line, of: bytes), error.fault)
    }
  }

  func entries() throws -> [ContainersRegistries.Entry] {
    let root = TOMLValue(content: .table(document), line: 1)
    return try tables("registry", of: root).map(entry) + firstVersionEntries()
  }

  private func entry(_ table: TOMLValue) throws -> ContainersRegistries.Entry {
    let locationText = try string("location", of: table)
    let location = try locationText.map { try self.location($0, at: table, "location") }
    guard let prefixText = try string("prefix", of: table) ?? locationText else {
      throw malformed(table.line, .noLocation)
    }
    let isWildcard = prefixText.hasPrefix("*.")
    let prefix = try self.location(
      isWildcard ? String(prefixText.dropFirst(2)) : prefixText, at: table, "prefix")
    var entry = ContainersRegistries.Entry(
      prefix: NamePattern(host: prefix.authority, isWildcard: isWildcard, path: prefix.path),
      location: location, file: file, line: table.line)
    if isWildcard, !prefix.path.isEmpty || prefix.authority.contains(":") {
      throw malformed(line("prefix", of: table), .malformedLocation(prefixText))
    }
    entry.isInsecure = try boolean("insecure", of: table)
    entry.isBlocked = try boolean("blocked", of: table) ?? false
    let isByDigestOnly = try boolean("mirror-by-digest-only", of: table) ?? false
    entry.mirrors = try tables("mirror", of: table).map {
      try mirror($0, isByDigestOnly: isByDigestOnly)
    }
    return entry
  }

  private func mirror(
    _ table: TOMLValue, isByDigestOnly: Bool
  ) throws -> ContainersRegistries.Mirror {
    guard let text = try string("location", of: table) else {
      throw malformed(table.line, .noMirrorLocation)
    }
    var use = isByDigestOnly ? ContainersRegistries.Mirror.Use.digestOnly : .all
    if let word = try string("pull-from-mirror", of: table) {
      let line = line("pull-from-mirror", of: table)
      if isByDigestOnly { throw malformed(line, .conflictingMirrorUse) }
      guard let said = ContainersRegistries.Mirror.Use(rawValue: word) else {
        throw malformed(line, .unknownMirrorUse(word))
      }
      use = said
    }
    return ContainersRegistries.Mirror(
      location: try location(text, at: table, "location"),
      isInsecure: try boolean("insecure", of: table), use: use)
  }

  /// Version 1 had lists of hosts; what forbids something there must not be passed over.
  private func firstVersionEntries() throws -> [ContainersRegistries.Entry] {
    guard let registries = document["registries"] else { return [] }
    var entries: [ContainersRegistries.Entry] = []
    for list in ["insecure", "block"] {
      guard let table = try member(list, of: registries) else { continue }
      for value in try member("registries", of: table)?.elements ?? [] {
        guard case .string(let text) = value.content else {
          throw malformed(value.line, .wrongType(key: list, expected: "a list of strings"))
        }
        let location: RegistryLocation
        do {
          location = try RegistryLocation(text)
        } catch {
          throw malformed(value.line, error)
        }
        let prefix = NamePattern(host: location.authority, isWildcard: false, path: location.path)
        let known = entries.firstIndex { $0.prefix == prefix }
        if known == nil { entries.append(.init(prefix: prefix, file: file, line: value.line)) }
        let index = known ?? entries.count - 1
        if list == "insecure" {
          entries[index].isInsecure = true
        } else {
          entries[index].isBlocked = true
        }
      }
    }
    return entries
  }

  // MARK: - Members of tables

  private func member(_ key: String, of table: TOMLValue) throws -> TOMLValue? {
    guard case .table(let members) = table.content else {
      throw malformed(table.line, .wrongType(key: "registries", expected: "a table"))
    }
    return members[key]
  }

  private func tables(_ key: String, of table: TOMLValue) throws -> [TOMLValue] {
    guard let value = try member(key, of: table) else { return [] }
    let tables = (value.elements ?? []).filter(\.isTable)
    guard let elements = value.elements, tables.count == elements.count else {
      throw malformed(value.line, .wrongType(key: key, expected: "an array of tables"))
    }
    return tables
  }

  /// Nil where the key is missing or empty: for these files that is the same.
  private func string(_ key: String, of table: TOMLValue) throws -> String? {
    guard let value = try member(key, of: table) else { return nil }
    guard case .string(let text) = value.content else {
      throw malformed(value.line, .wrongType(key: key, expected: "a string"))
    }
    return text.isEmpty ? nil : text
  }

  private func boolean(_ key: String, of table: TOMLValue) throws -> Bool? {
    guard let value = try member(key, of: table) else { return nil }
    guard case .boolean(let boolean) = value.content else {
      throw malformed(value.line, .wrongType(key: key, expected: "`true` or `false`"))
    }
    return boolean
  }

  private func location(
    _ text: String, at table: TOMLValue, _ key: String
  ) throws -> RegistryLocation {
    do {
      return try RegistryLocation(text)
    } catch {
      throw malformed(line(key, of: table), error)
    }
  }

  private func line(_ key: String, of table: TOMLValue) -> Int {
    guard case .table(let members) = table.content else { return table.line }
    return members[key]?.line ?? members["location"]?.line ?? table.line
  }

  private func malformed(_ line: Int, _ fault: EntryFault) -> RegistryConfigurationError {
    .malformedEntry(file, RegistriesFileReader.line(line, of: bytes), fault)
  }

  private static func line(
    _ number: Int, of bytes: [UInt8]
  ) -> RegistryConfigurationError.SourceLine {
    let lines = bytes.split(
      separator: UInt8(ascii: "\n"), maxSplits: number, omittingEmptySubsequences: false)
    var text = lines.indices.contains(number - 1) ? lines[number - 1] : []
    if text.last == UInt8(ascii: "\r") { text.removeLast() }
    return .init(number: number, text: String(decoding: text, as: UTF8.self))
  }
}

extension TOMLValue {
  fileprivate var elements: [TOMLValue]? {
    if case .array(let elements) = content { elements } else { nil }
  }

  fileprivate var isTable: Bool {
    if case .table = content { true } else { false }
  }
}
