/// Makes an instruction of its words: one function an instruction.
struct InstructionParser {
  /// The words.
  let node: Node
  /// The bodies of its heredocs.
  let heredocs: [Heredoc]
  /// The comments above it.
  let comments: [String]
  /// Where it stands.
  let range: SourceRange

  private var name: String { node.name?.rawValue ?? node.keyword }
  private var words: [String] { node.words }

  /// What the instruction means. `FROM` is not for here.
  func parse() throws(InstructionError) -> Instruction.Kind {
    switch node.name {
    case .add: .add(try copy(isAdd: true))
    case .arg: .arg(try argument())
    case .cmd: .cmd(try command())
    case .copy: .copy(try copy(isAdd: false))
    case .entrypoint: .entrypoint(try command())
    case .env: .env(try pairs())
    case .expose: .expose(ExposeInstruction(ports: try atLeastOne()))
    case .from: throw InstructionError("`FROM` cannot stand here")
    case .healthcheck: .healthcheck(try healthcheck())
    case .label: .label(try pairs())
    case .maintainer: .maintainer(try exactlyOne())
    case .onbuild: .onbuild(try onbuild())
    case .run: .run(try run())
    case .shell: .shell(try shell())
    case .stopSignal: .stopSignal(try exactlyOne())
    case .user: .user(try exactlyOne())
    case .volume: .volume(try volume())
    case .workdir: .workdir(try exactlyOne())
    case nil: throw unknownInstruction()
    }
  }

  private func unknownInstruction() -> InstructionError {
    let names = InstructionName.allCases.map(\.rawValue)
    let nearest = Suggestion.hint(for: node.keyword, among: names)
    return InstructionError(
      "unknown instruction `\(node.keyword.excerpt)`",
      hint: nearest ?? "to go on with the line above, end that line with the escape character")
  }

  @discardableResult
  private func flags(_ known: [String: FlagSet.Kind] = [:]) throws(InstructionError) -> FlagSet {
    try FlagSet(node.flags, of: name, knowing: known)
  }

  private func atLeastOne() throws(InstructionError) -> [String] {
    guard !words.isEmpty else {
      throw InstructionError("`\(name)` requires at least one argument")
    }
    try flags()
    return words
  }

  private func exactlyOne() throws(InstructionError) -> String {
    guard words.count == 1, let word = words.first else {
      throw InstructionError("`\(name)` requires exactly one argument")
    }
    try flags()
    return word
  }

  // MARK: Commands

  private func commandLine(_ words: [String]) -> CommandLine {
    node.isJSON ? .exec(words) : .shell(words.joined(separator: " "))
  }

  private func command() throws(InstructionError) -> CommandLine {
    try flags()
    return commandLine(words)
  }

  private func shell() throws(InstructionError) -> [String] {
    try flags()
    guard !words.isEmpty else {
      throw InstructionError("`SHELL` requires at least one argument")
    }
    guard node.isJSON else {
      throw InstructionError(
        "`SHELL` requires its arguments as a JSON array",
        hint: #"write for example `SHELL ["/bin/bash", "-c"]`"#)
    }
    return words
  }

  private func run() throws(InstructionError) -> RunInstruction {
    let flags = try flags(InstructionParser.runFlags)
    guard !words.isEmpty else {
      throw InstructionError("`RUN` requires at least one argument")
    }
    return RunInstruction(
      command: commandLine(words), heredocs: heredocs,
      mounts: try flags.all("mount").map(MountFlag.parse),
      network: try choice(flags["network"], of: "network"),
      security: try choice(flags["security"], of: "security"),
      devices: try flags.all("device").map(RunInstruction.Device.parse))
  }

  private static let runFlags: [String: FlagSet.Kind] = [
    "mount": .strings, "network": .string, "security": .string, "device": .strings,
  ]

  private func choice<Choice: RawRepresentable & CaseIterable>(
    _ value: String?, of flag: String
  ) throws(InstructionError) -> Choice? where Choice.RawValue == String {
    guard let value else { return nil }
    if let choice = Choice(rawValue: value) { return choice }
    let list = Choice.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
    throw InstructionError(
      "`\(value.excerpt)` is no value for `--\(flag)`", hint: "its values are \(list)")
  }

  private func healthcheck() throws(InstructionError) -> HealthcheckInstruction {
    guard let type = words.first?.uppercased() else {
      throw InstructionError(
        "`HEALTHCHECK` requires at least one argument",
        hint: "write `HEALTHCHECK CMD <command>` or `HEALTHCHECK NONE`")
    }
    let command = Array(words.dropFirst())
    if type == "NONE" {
      guard command.isEmpty else {
        throw InstructionError("`HEALTHCHECK NONE` takes no arguments")
      }
      return HealthcheckInstruction(test: .none)
    }
    let flags = try flags([
      "interval": .string, "timeout": .string, "start-period": .string,
      "start-interval": .string, "retries": .string,
    ])
    guard type == "CMD" else {
      throw InstructionError(
        "unknown type `\(type.excerpt)` of `HEALTHCHECK`",
        hint: "write `HEALTHCHECK CMD <command>` or `HEALTHCHECK NONE`")
    }
    guard !command.isEmpty else {
      throw InstructionError("`HEALTHCHECK CMD` requires a command")
    }
    return HealthcheckInstruction(
      test: .command(commandLine(command)),
      interval: try interval(flags, "interval"), timeout: try interval(flags, "timeout"),
      startPeriod: try interval(flags, "start-period"),
      startInterval: try interval(flags, "start-interval"), retries: try retries(flags),
      flags: node.flags)
  }

  private func interval(_ flags: FlagSet, _ name: String) throws(InstructionError) -> Int64 {
    guard let text = flags[name], !text.isEmpty else { return 0 }
    guard let nanoseconds = GoDuration.parse(text) else {
      throw InstructionError(
        "`\(text.excerpt)` is no duration for `--\(name)`",
        hint: "write for example `30s` or `1m30s`")
    }
    guard nanoseconds == 0 || nanoseconds >= GoDuration.millisecond else {
      throw InstructionError("`--\(name)` cannot be less than 1ms")
    }
    return nanoseconds
  }

  private func retries(_ flags: FlagSet) throws(InstructionError) -> Int {
    guard let text = flags["retries"], !text.isEmpty else { return 0 }
    guard let retries = Int32(text), retries >= 0 else {
      throw InstructionError("`--retries` must be a number from 0 on, not `\(text.excerpt)`")
    }
    return Int(retries)
  }

  private func onbuild() throws(InstructionError) -> OnbuildInstruction {
    guard case .trigger(let node, var text) = self.node.arguments else {
      throw InstructionError("`ONBUILD` requires at least one argument")
    }
    try flags()
    let parser = InstructionParser(
      node: node, heredocs: heredocs, comments: [], range: range)
    let trigger = Instruction(
      range: range, text: text, keyword: node.keyword, comments: [],
      kind: try parser.parseTrigger())
    for heredoc in heredocs {
      text += "\n" + String(decoding: heredoc.content, as: UTF8.self) + heredoc.name
    }
    return OnbuildInstruction(text: text, trigger: trigger)
  }

  /// What a trigger means; not every instruction may be one.
  func parseTrigger() throws(InstructionError) -> Instruction.Kind {
    switch node.name {
    case .onbuild: throw InstructionError("`ONBUILD` cannot trigger another `ONBUILD`")
    case .from, .maintainer: throw InstructionError("`\(name)` cannot be an `ONBUILD` trigger")
    default: return try parse()
    }
  }

  // MARK: Values

  private func pairs() throws(InstructionError) -> [KeyValuePair] {
    guard case .pairs(let pairs) = node.arguments, !pairs.isEmpty else {
      throw InstructionError("`\(name)` requires at least one argument")
    }
    try flags()
    guard !pairs.contains(where: { $0.key.isEmpty }) else {
      throw InstructionError("`\(name)` names cannot be blank")
    }
    return pairs
  }

  private func argument() throws(InstructionError) -> ArgumentInstruction {
    guard !words.isEmpty else {
      throw InstructionError("`ARG` requires at least one argument")
    }
    let descriptions = Descriptions(comments)
    var arguments: [ArgumentInstruction.Argument] = []
    arguments.reserveCapacity(words.count)
    for word in words {
      let pair = word.splitAtFirst("=")
      let name = pair?.before ?? word
      guard !name.isEmpty else { throw InstructionError("`ARG` names cannot be blank") }
      arguments.append(
        .init(
          name: name, defaultValue: pair?.after,
          comment: descriptions[name]))
    }
    return ArgumentInstruction(arguments: arguments)
  }

  private func volume() throws(InstructionError) -> [String] {
    let volumes = try atLeastOne().map { word in
      String(decoding: Whitespace.trimming(Array(word.utf8)[...]), as: UTF8.self)
    }
    guard !volumes.contains("") else {
      throw InstructionError("`VOLUME` paths cannot be empty")
    }
    return volumes
  }

  // MARK: Files

  private func copy(isAdd: Bool) throws(InstructionError) -> CopyInstruction {
    guard words.count >= 2, let destination = words.last else {
      throw InstructionError(
        words.isEmpty
          ? "`\(name)` requires at least two arguments"
          : "`\(name)` requires at least two arguments, but only one was provided",
        hint: "write `\(name) <source>… <destination>`")
    }
    let flags = try flags(isAdd ? InstructionParser.addFlags : InstructionParser.copyFlags)
    guard opening(destination) == nil || node.isJSON else {
      throw InstructionError("`\(name)` cannot accept a heredoc as its destination")
    }
    let sources = words.dropLast()
    let documents = node.isJSON ? [] : sources.compactMap(opening)
    guard documents.map(\.name) == heredocs.map(\.name) else {
      throw InstructionError(
        "a heredoc of `\(name)` must be a word of its own",
        hint: "write `<<EOF` without blanks in it or around its delimiter")
    }
    return CopyInstruction(
      sources: node.isJSON ? Array(sources) : sources.filter { opening($0) == nil },
      heredocs: heredocs, destination: destination, from: flags["from"], chown: flags["chown"],
      chmod: flags["chmod"], link: flags.boolean("link") ?? false,
      parents: flags.boolean("parents") ?? false, exclude: flags.all("exclude"),
      checksum: flags["checksum"], keepGitDir: flags.boolean("keep-git-dir"),
      unpack: flags.boolean("unpack"))
  }

  private static let copyFlags: [String: FlagSet.Kind] = [
    "from": .string, "chown": .string, "chmod": .string, "link": .boolean, "parents": .boolean,
    "exclude": .strings,
  ]
  private static let addFlags: [String: FlagSet.Kind] = [
    "chown": .string, "chmod": .string, "link": .boolean, "keep-git-dir": .boolean,
    "checksum": .string, "unpack": .boolean, "exclude": .strings,
  ]

  private func opening(_ word: String) -> HeredocScanner.Opening? {
    guard word.utf8.contains(UInt8(ascii: "<")) else { return nil }
    return (try? HeredocScanner.opening(of: word)) ?? nil
  }
}

/// Comments that describe what follows them: `# name what it is`.
struct Descriptions {
  /// The first comment that starts with a word, by that word. A table, because an `ARG` may have as
  /// many names as there are comments.
  private var byFirstWord: [Substring: Substring] = [:]

  init(_ comments: [String]) {
    for comment in comments {
      guard let end = comment.utf8.firstIndex(of: UInt8(ascii: " ")) else { continue }
      let word = comment[..<end]
      if byFirstWord[word] == nil {
        byFirstWord[word] = comment[comment.utf8.index(after: end)...]
      }
    }
  }

  subscript(_ name: String) -> String? { byFirstWord[name[...]].map(String.init) }
}

extension RunInstruction.Device {
  /// Reads `name[,required]`.
  static func parse(_ text: String) throws(InstructionError) -> RunInstruction.Device {
    let fields = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var device = RunInstruction.Device(name: "", isRequired: false)
    for field in fields {
      let pair = field.splitAtFirst("=")
      switch (pair?.before ?? field).lowercased() {
      case "required":
        guard let isRequired = Bool(goText: pair?.after ?? "true") else {
          throw InstructionError("invalid value for `required` in `--device=\(text.excerpt)`")
        }
        device.isRequired = isRequired
      case "name": device.name = pair?.after ?? ""
      default:
        guard device.name.isEmpty else {
          throw InstructionError("unexpected `\(field.excerpt)` in `--device`")
        }
        device.name = field
      }
    }
    guard !device.name.isEmpty else {
      throw InstructionError(
        "`--device` needs a name", hint: "write `--device=vendor.com/class=name`")
    }
    return device
  }
}
