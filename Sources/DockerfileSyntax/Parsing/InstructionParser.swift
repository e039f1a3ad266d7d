import Reporting

/// Makes an instruction of its words: one function an instruction.
struct InstructionParser {
  /// The words.
  let node: Node
  /// The bodies of its heredocs.
  let heredocs: [Heredoc]
  /// The line that the words are of.
  let line: LogicalLine

  private var name: String { node.name?.rawValue ?? node.keyword }
  private var words: [Word] { node.words }

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
    let closest = Suggestion.hint(for: node.keyword, among: names)
    return InstructionError(
      "unknown instruction `\(node.keyword.excerpt)`",
      hint: closest ?? "to go on with the line above, end that line with the escape character"
    ).blaming(node.keywordRange)
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
    return words.map(\.text)
  }

  private func exactlyOne() throws(InstructionError) -> String {
    guard words.count == 1, let word = words.first else {
      throw InstructionError("`\(name)` requires exactly one argument")
    }
    // BuildKit does not look at the flags of `STOPSIGNAL`.
    if node.name != .stopSignal { try flags() }
    return word.text
  }

  // MARK: Commands

  private func commandLine(_ words: some Sequence<Word>) -> CommandLine {
    let words = words.map(\.text)
    return node.isJSON ? .exec(words) : .shell(words.joined(separator: " "))
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
        hint: #"write for example `SHELL ["/bin/bash", "-c"]`"#
      ).blaming(node.argumentsRange)
    }
    return words.map(\.text)
  }

  private func run() throws(InstructionError) -> RunInstruction {
    let flags = try flags(InstructionParser.runFlags)
    // `RUN` alone gives the shell nothing to do; an empty exec form cannot be run at all.
    guard !words.isEmpty || !node.isJSON else {
      throw InstructionError("`RUN` requires at least one argument")
        .blaming(node.argumentsRange)
    }
    return RunInstruction(
      command: commandLine(words), heredocs: heredocs,
      mounts: try flags.all("mount").map(mount),
      network: try choice(flags.all("network").last, of: "network"),
      security: try choice(flags.all("security").last, of: "security"),
      devices: try flags.all("device").map(device))
  }

  private static let runFlags: [String: FlagSet.Kind] = [
    "mount": .strings, "network": .string, "security": .string, "device": .strings,
  ]

  private func mount(_ flag: Word) throws(InstructionError) -> MountFlag {
    do throws(InstructionError) {
      return try MountFlag.parse(flag.text, at: line.sourceRange(of: flag.range))
    } catch {
      throw error.blaming(flag.range)
    }
  }

  private func device(_ flag: Word) throws(InstructionError) -> RunInstruction.Device {
    do throws(InstructionError) {
      return try RunInstruction.Device.parse(flag.text)
    } catch {
      throw error.blaming(flag.range)
    }
  }

  private func choice<Choice: RawRepresentable & CaseIterable>(
    _ flag: Word?, of name: String
  ) throws(InstructionError) -> Choice? where Choice.RawValue == String {
    guard let flag else { return nil }
    if let choice = Choice(rawValue: flag.text) { return choice }
    let names = Choice.allCases.map(\.rawValue)
    let list = names.map { "`\($0)`" }.joined(separator: ", ")
    throw InstructionError(
      "`\(flag.text.excerpt)` is no value for `--\(name)`",
      hint: Suggestion.hint(for: flag.text, among: names) ?? "its values are \(list)"
    ).blaming(flag.range)
  }

  private func healthcheck() throws(InstructionError) -> HealthcheckInstruction {
    guard let first = words.first else {
      throw InstructionError(
        "`HEALTHCHECK` requires at least one argument",
        hint: "write `HEALTHCHECK CMD <command>` or `HEALTHCHECK NONE`")
    }
    let type = first.text.uppercased()
    let command = words.dropFirst()
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
        hint: "write `HEALTHCHECK CMD <command>` or `HEALTHCHECK NONE`"
      ).blaming(first.range)
    }
    guard !command.isEmpty else {
      throw InstructionError("`HEALTHCHECK CMD` requires a command")
    }
    return HealthcheckInstruction(
      test: .command(commandLine(command)),
      interval: try interval(flags, "interval"), timeout: try interval(flags, "timeout"),
      startPeriod: try interval(flags, "start-period"),
      startInterval: try interval(flags, "start-interval"), retries: try retries(flags))
  }

  private func interval(_ flags: FlagSet, _ name: String) throws(InstructionError) -> Int64 {
    guard let flag = flags[name] else { return 0 }
    guard let nanoseconds = GoDuration.parse(flag.text) else {
      throw InstructionError(
        "`\(flag.text.excerpt)` is no duration for `--\(name)`",
        hint: "write for example `30s` or `1m30s`"
      ).blaming(flag.range)
    }
    guard nanoseconds == 0 || nanoseconds >= GoDuration.millisecond else {
      throw InstructionError("`--\(name)` cannot be less than 1ms").blaming(flag.range)
    }
    return nanoseconds
  }

  private func retries(_ flags: FlagSet) throws(InstructionError) -> Int {
    guard let flag = flags["retries"] else { return 0 }
    guard let retries = Int32(flag.text), retries >= 0 else {
      throw InstructionError(
        "`--retries` must be a number from 0 on, not `\(flag.text.excerpt)`"
      ).blaming(flag.range)
    }
    return Int(retries)
  }

  // MARK: Triggers

  /// What a trigger means is found out by the build that it fires in: whatever can be cut into
  /// words is stored as it was written.
  private func onbuild() throws(InstructionError) -> OnbuildInstruction {
    guard case .trigger(let trigger) = node.arguments else {
      throw InstructionError("`ONBUILD` requires at least one argument")
    }
    try flags()
    try InstructionParser.checkTrigger(trigger)
    let stored = line.bytes[node.keywordRange.upperBound...].drop(while: Whitespace.isASCII)
    var text = String(decoding: stored, as: UTF8.self)
    for heredoc in heredocs {
      text += "\n" + String(decoding: heredoc.content, as: UTF8.self) + heredoc.name
    }
    return OnbuildInstruction(text: text)
  }

  /// What a trigger means; not every instruction may be one.
  func parseTrigger() throws(InstructionError) -> Instruction.Kind {
    try InstructionParser.checkTrigger(node)
    return try parse()
  }

  private static func checkTrigger(_ node: Node) throws(InstructionError) {
    switch node.name {
    case .onbuild:
      throw InstructionError("`ONBUILD` cannot trigger another `ONBUILD`")
        .blaming(node.keywordRange)
    case .from, .maintainer:
      throw InstructionError("`\(node.keyword.uppercased())` cannot be an `ONBUILD` trigger")
        .blaming(node.keywordRange)
    default: break
    }
  }

  // MARK: Values

  private func pairs() throws(InstructionError) -> [KeyValuePair] {
    guard case .pairs(let pairs) = node.arguments, !pairs.isEmpty else {
      throw InstructionError("`\(name)` requires at least one argument")
    }
    try flags()
    guard !pairs.contains(where: { $0.key.isEmpty }) else {
      throw InstructionError("`\(name)` names cannot be blank").blaming(node.argumentsRange)
    }
    return pairs
  }

  private func argument() throws(InstructionError) -> ArgumentInstruction {
    guard !words.isEmpty else {
      throw InstructionError("`ARG` requires at least one argument")
    }
    let descriptions = Descriptions(line.comments)
    var arguments: [ArgumentInstruction.Argument] = []
    arguments.reserveCapacity(words.count)
    for word in words {
      let pair = word.text.splitAtFirst("=")
      let name = pair?.before ?? word.text
      guard !name.isEmpty else {
        throw InstructionError("`ARG` names cannot be blank").blaming(word.range)
      }
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
      throw InstructionError("`VOLUME` paths cannot be empty").blaming(node.argumentsRange)
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
    guard opening(destination) == nil else {
      throw InstructionError("`\(name)` cannot accept a heredoc as its destination")
        .blaming(destination.range)
    }
    let sources = words.dropLast()
    return CopyInstruction(
      sources: sources.filter { opening($0) == nil }.map(\.text),
      heredocs: try documents(of: sources), destination: destination.text,
      from: flags["from"]?.text, chown: flags["chown"]?.text, chmod: flags["chmod"]?.text,
      link: flags.boolean("link") ?? false, parents: flags.boolean("parents") ?? false,
      exclude: flags.all("exclude").map(\.text), checksum: flags["checksum"]?.text,
      keepGitDir: flags.boolean("keep-git-dir"), unpack: flags.boolean("unpack"))
  }

  /// The heredocs among the sources. In a JSON array they have no body, and are empty files.
  private func documents(
    of sources: ArraySlice<Word>
  ) throws(InstructionError) -> [Heredoc] {
    let openings = sources.compactMap(opening)
    guard !node.isJSON else {
      return openings.map { opening in
        Heredoc(opening, content: [], range: line.range)
      }
    }
    guard openings.map(\.name) == heredocs.map(\.name) else {
      throw InstructionError(
        "a heredoc of `\(name)` must be a word of its own",
        hint: "write `<<EOF` without blanks in it or around its delimiter"
      ).blaming(node.argumentsRange)
    }
    return heredocs
  }

  private static let copyFlags: [String: FlagSet.Kind] = [
    "from": .string, "chown": .string, "chmod": .string, "link": .boolean, "parents": .boolean,
    "exclude": .strings,
  ]
  private static let addFlags: [String: FlagSet.Kind] = [
    "chown": .string, "chmod": .string, "link": .boolean, "keep-git-dir": .boolean,
    "checksum": .string, "unpack": .boolean, "exclude": .strings,
  ]

  private func opening(_ word: Word) -> HeredocScanner.Opening? {
    guard word.text.utf8.contains(UInt8(ascii: "<")) else { return nil }
    return (try? HeredocScanner.opening(of: word.text)) ?? nil
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
    guard let fields = CommaSeparatedFields.parse(text) else { throw nameless }
    var device = RunInstruction.Device(name: "", isRequired: false)
    for field in fields {
      let pair = field.splitAtFirst("=")
      switch ((pair?.before ?? field).lowercased(), pair?.after) {
      case ("required", let value):
        guard let isRequired = Bool(goText: value ?? "true") else {
          throw InstructionError("invalid value for `required` in `--device=\(text.excerpt)`")
        }
        device.isRequired = isRequired
      case ("name", let value?):
        guard device.name.isEmpty else { throw unexpected(field) }
        device.name = value
      default:
        guard device.name.isEmpty else { throw unexpected(field) }
        device.name = field
      }
    }
    guard !device.name.isEmpty else { throw nameless }
    return device
  }

  private static func unexpected(_ field: String) -> InstructionError {
    InstructionError("unexpected `\(field.excerpt)` in `--device`")
  }

  private static var nameless: InstructionError {
    InstructionError(
      "`--device` needs a name", hint: "write `--device=vendor.com/class=name`")
  }
}
