import SystemPackage
internal import Transport

/// What Docker's `config.json` or Podman's `auth.json` says about credentials.
struct CredentialDocument {
  private(set) var content: PreservedJSON
  /// Where it was read, for errors.
  let path: FilePath

  /// An empty document.
  init(path: FilePath) {
    content = .object([])
    self.path = path
  }

  /// Throws `CredentialError` where the file is not JSON, or not an object.
  init(_ bytes: [UInt8], path: FilePath) throws {
    self.init(path: path)
    // Docker and others leave empty files behind.
    guard !bytes.allSatisfy({ " \t\r\n".utf8.contains($0) }) else { return }
    do {
      content = try PreservedJSON(bytes)
    } catch {
      throw CredentialError.notJSON(path, error)
    }
    if content.members == nil { throw CredentialError.notAnObject(path) }
  }

  /// The helpers that are responsible for a registry, the one for it alone first.
  ///
  /// An empty name in `credHelpers` means that this registry has none, not even `credsStore`.
  func helpers(for registry: String) throws -> [String] {
    var names: [String] = []
    for member in try object("credHelpers")
    where RegistryKey(member.key.value) == RegistryKey(registry: registry) {
      guard let name = member.value.string else {
        throw wrongType("credHelpers", member.key.value, expected: "a string")
      }
      if name.isEmpty { return [] }
      names = [name]
    }
    if let value = content["credsStore"], value != .null {
      guard let name = value.string else { throw wrongType("credsStore", expected: "a string") }
      if !name.isEmpty, !names.contains(name) { names.append(name) }
    }
    return names
  }

  /// The credential of the narrowest key of `auths` around `wanted`; nil where there is none, or
  /// where it is with a helper.
  func credential(for wanted: RegistryKey) throws -> Credential? {
    let entries = try object("auths")
    for key in wanted.enclosing {
      let candidates = entries.filter { RegistryKey($0.key.value) == key }
      // Docker takes the very name first, and then what comes to the same.
      let exact = candidates.filter { $0.key.value == key.name }
      for member in exact + candidates {
        if let credential = try credential(in: member) { return credential }
      }
    }
    return nil
  }

  /// The registries and parts of them that it has a credential or a helper for.
  func registries() throws -> [String] {
    let keys = try (object("auths") + object("credHelpers")).map { RegistryKey($0.key.value) }
    return keys.map { $0.repository.isEmpty ? $0.registry : "\($0.registry)/\($0.repository)" }
  }

  /// Puts a credential in; nil leaves the empty entry that Docker writes when a helper has it.
  mutating func set(_ credential: Credential?, for registry: String) throws {
    let key = RegistryKey(registry: registry)
    let entry = PreservedJSON.object(
      try credential?.members.map {
        PreservedJSON.Member(key: PreservedJSON.Text($0), value: .string(PreservedJSON.Text($1)))
      } ?? [])
    var entries = try object("auths")
    let place = entries.firstIndex { RegistryKey($0.key.value) == key } ?? entries.endIndex
    entries.insert(.init(key: PreservedJSON.Text(key.name), value: entry), at: place)
    // Another spelling of the name would bring the old credential back.
    var index = 0
    entries.removeAll { member in
      defer { index += 1 }
      return index != place && RegistryKey(member.key.value) == key
    }
    content["auths"] = .object(entries)
  }

  /// Takes the credential of a registry out; whether there was one. Those of its parts stay.
  mutating func remove(_ registry: String) throws -> Bool {
    let key = RegistryKey(registry: registry)
    let entries = try object("auths")
    let rest = entries.filter { RegistryKey($0.key.value) != key }
    guard rest.count < entries.count else { return false }
    content["auths"] = .object(rest)
    return true
  }

  private func credential(in member: PreservedJSON.Member) throws -> Credential? {
    let key = member.key.value
    func text(_ name: String) throws -> String? {
      guard let value = member.value[name], value != .null else { return nil }
      guard let text = value.string else {
        throw wrongType("auths", key, name, expected: "a string")
      }
      return text.isEmpty ? nil : text
    }
    guard member.value != .null else { return nil }
    guard member.value.members != nil else { throw wrongType("auths", key, expected: "an object") }
    if let token = try text("identitytoken") { return .identityToken(token) }
    if let token = try text("registrytoken") { return .registryToken(token) }
    if let encoded = try text("auth") {
      do {
        return try Credential(basicAuthentication: encoded)
      } catch {
        throw CredentialError.malformedEntry(path, key: key, error)
      }
    }
    let username = try text("username")
    let password = try text("password")
    guard let username else {
      if password == nil { return nil }
      throw CredentialError.malformedEntry(path, key: key, .noUsername)
    }
    return .password(username: username, password: password ?? "")
  }

  /// The members of an object of the document; none where it is missing.
  private func object(_ key: String) throws -> [PreservedJSON.Member] {
    guard let value = content[key], value != .null else { return [] }
    guard let members = value.members else { throw wrongType(key, expected: "an object") }
    return members
  }

  private func wrongType(_ path: String..., expected: String) -> CredentialError {
    .wrongType(self.path, key: path.joined(separator: "."), expected: expected)
  }
}

extension Credential {
  /// Reads the `auth` of an entry: base64 of `name:password`, where the password may have colons.
  fileprivate init(basicAuthentication encoded: String) throws(CredentialError.EntryFault) {
    guard let bytes = Base64.decode(encoded) else { throw .notBase64 }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
    guard let colon = text.firstIndex(of: ":") else { throw .noColon }
    // Old versions of Docker padded with zero bytes.
    let password = text[text.index(after: colon)...].trimmingSuffix { $0 == "\0" }
    guard colon > text.startIndex else { throw .noUsername }
    self = .password(username: String(text[..<colon]), password: String(password))
  }

  /// The members of an entry of `auths`.
  fileprivate var members: [(name: String, value: String)] {
    get throws(CredentialError) {
      switch self {
      case .password(let username, let password):
        if username.contains(":") { throw .colonInUsername }
        return [("auth", Base64.encode((username + ":" + password).utf8))]
      case .identityToken(let token):
        // Podman passes over an entry without `auth`.
        return [
          ("auth", Base64.encode("\(CredentialHelper.tokenUsername):".utf8)),
          ("identitytoken", token),
        ]
      case .registryToken(let token): return [("registrytoken", token)]
      }
    }
  }
}

extension Substring {
  fileprivate func trimmingSuffix(while belongs: (Character) -> Bool) -> Substring {
    var rest = self
    while let last = rest.last, belongs(last) { rest.removeLast() }
    return rest
  }
}
