import Reporting

extension MountFlag {
  private static let keys = [
    "type", "from", "source", "src", "target", "dst", "destination", "readonly", "ro",
    "readwrite", "rw", "id", "sharing", "required", "size", "mode", "uid", "gid", "env",
  ]
  private static let keysWithoutValue: Set<String> = [
    "readonly", "ro", "readwrite", "rw", "required",
  ]

  /// Cuts the value of `--mount` into its fields. What they mean is for `resolve` to find out, once
  /// variables have their values; but a mount never comes from what a variable says.
  static func parse(
    _ text: String, at range: SourceRange? = nil
  ) throws(InstructionError) -> MountFlag {
    guard let fields = CommaSeparatedFields.parse(text) else {
      throw InstructionError(
        "cannot read `--mount=\(text.excerpt)`", hint: "write `--mount=type=<type>,<key>=<value>,…`"
      )
    }
    let options = fields.map { field in
      let pair = field.splitAtFirst("=")
      return Option(key: (pair?.before ?? field).lowercased(), value: pair?.after)
    }
    for case ("from", let value?) in options.map({ ($0.key, $0.value) })
    where refersToVariable(value) {
      throw InstructionError(
        "`from` in `--mount` is not expanded",
        hint: "give the image a name with `FROM \(value.excerpt) AS <name>`, and mount from that")
    }
    return MountFlag(options: options, text: text, range: range)
  }

  private static func check(_ option: Option) throws(InstructionError) {
    guard keys.contains(option.key) else {
      throw InstructionError(
        "unexpected key `\(option.key.excerpt)` in `--mount`",
        hint: Suggestion.hint(for: option.key, among: keys))
    }
    guard option.value != nil || keysWithoutValue.contains(option.key) else {
      throw InstructionError(
        "`\(option.key)` in `--mount` needs a value", hint: "write `\(option.key)=<value>`")
    }
  }

  /// A dollar sign with anything behind it.
  private static func refersToVariable(_ value: String) -> Bool {
    value.utf8.dropLast().contains(UInt8(ascii: "$"))
  }

  /// Understands the flag as it is, nothing expanded.
  package func resolve() throws(InstructionError) -> RunMount {
    var reader = RunMountReader()
    for option in options {
      try MountFlag.check(option)
      try reader.take(option.key, option.value)
    }
    return try reader.finish()
  }

  /// Understands the flag, each value but that of `from` expanded first.
  ///
  /// Throws `InstructionError`, or what `expand` throws.
  package func resolve(expanding expand: (String) throws -> String) throws -> RunMount {
    var reader = RunMountReader()
    for option in options {
      try MountFlag.check(option)
      let value = try option.key == "from" ? option.value : option.value.map(expand)
      try reader.take(option.key, value)
    }
    return try reader.finish()
  }
}

/// Gathers the fields of a `--mount` in their order, which counts: `required` may stand only after
/// the `type` that allows it.
private struct RunMountReader {
  private var mount = RunMount(kind: .bind, isReadOnly: true, isRequired: false)
  private var readOnly: Bool?

  mutating func take(_ key: String, _ value: String?) throws(InstructionError) {
    let text = value ?? "true"
    switch key {
    case "type": mount.kind = try choice(text, "mount type")
    case "from": mount.from = text.isEmpty ? nil : text
    case "source", "src": mount.source = text.isEmpty ? nil : text
    case "target", "dst", "destination": mount.target = text.isEmpty ? nil : text
    case "readonly", "ro": readOnly = try boolean(key, text)
    case "readwrite", "rw": readOnly = try !boolean(key, text)
    case "required":
      try demand(mount.kind == .secret || mount.kind == .ssh, key)
      mount.isRequired = try boolean(key, text)
    case "size":
      try demand(mount.kind == .tmpfs, key)
      guard let size = ByteCount.parse(text) else { throw invalid(key, text) }
      mount.size = size
    case "id": mount.id = text.isEmpty ? nil : text
    case "sharing": mount.sharing = try choice(text, "value for `sharing`")
    case "mode": mount.mode = try number(key, text, radix: 8)
    case "uid": mount.uid = try number(key, text, radix: 10)
    case "gid": mount.gid = try number(key, text, radix: 10)
    default: mount.environment = text
    }
  }

  func finish() throws(InstructionError) -> RunMount {
    var mount = mount
    let kind = mount.kind
    mount.isReadOnly = readOnly ?? !(kind == .cache || kind == .tmpfs)
    if kind == .bind || kind == .tmpfs {
      let owner = mount.mode != nil ? "mode" : mount.uid != nil ? "uid" : "gid"
      guard mount.mode == nil, mount.uid == nil, mount.gid == nil else {
        throw InstructionError("`\(owner)` is not allowed for mounts of type `\(kind)`")
      }
    }
    guard mount.sharing == nil || kind == .cache else {
      throw InstructionError("`sharing` is not allowed for mounts of type `\(kind)`")
    }
    if kind == .secret { try checkSecret() }
    return mount
  }

  private func checkSecret() throws(InstructionError) {
    guard mount.from == nil else {
      throw InstructionError("a secret mount cannot have a `from`")
    }
    guard mount.source != nil || mount.target != nil || mount.id != nil else {
      throw InstructionError(
        "a secret mount needs an `id` or a `target`", hint: "write `--mount=type=secret,id=<name>`")
    }
    guard mount.source == nil || mount.id == nil else {
      throw InstructionError("a secret mount cannot have both `source` and `id`")
    }
  }

  private func demand(_ isAllowed: Bool, _ key: String) throws(InstructionError) {
    guard isAllowed else {
      throw InstructionError(
        "unexpected key `\(key)` for mounts of type `\(mount.kind)`",
        hint: "`type` must stand before it")
    }
  }

  private func invalid(_ key: String, _ text: String) -> InstructionError {
    InstructionError("invalid value `\(text.excerpt)` for `\(key)` in `--mount`")
  }

  private func boolean(_ key: String, _ text: String) throws(InstructionError) -> Bool {
    guard let value = Bool(goText: text) else { throw invalid(key, text) }
    return value
  }

  private func number(
    _ key: String, _ text: String, radix: Int
  ) throws(InstructionError) -> UInt32 {
    // No sign: `UInt32` would take one.
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let value = UInt32(text, radix: radix)
    else { throw invalid(key, text) }
    return value
  }

  private func choice<Choice: RawRepresentable & CaseIterable>(
    _ text: String, _ what: String
  ) throws(InstructionError) -> Choice where Choice.RawValue == String {
    if let choice = Choice(rawValue: text.lowercased()) { return choice }
    let names = Choice.allCases.map(\.rawValue)
    let list = names.map { "`\($0)`" }.joined(separator: ", ")
    throw InstructionError(
      "unsupported \(what) `\(text.excerpt)` in `--mount`",
      hint: Suggestion.hint(for: text, among: names) ?? "there are \(list)")
  }
}
