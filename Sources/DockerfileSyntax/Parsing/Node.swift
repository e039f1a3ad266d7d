/// An instruction cut into its words, before anybody asks what they mean: the equal of the tree
/// that BuildKit's parser dumps.
struct Node: Hashable, Sendable {
  /// The keyword, as written.
  var keyword: String
  /// The keyword's instruction; absent for an unknown one.
  var name: InstructionName?
  /// The flags, quotes taken away, e.g. `--from=base`.
  var flags: [Word]
  /// What follows, cut as this instruction cuts its arguments.
  var arguments: Arguments
  /// Where the keyword stands in the logical line.
  var keywordRange: Range<Int>
  /// Where the arguments stand in the logical line.
  var argumentsRange: Range<Int>

  enum Arguments: Hashable, Sendable {
    /// Words. `isJSON` for those of an exec form.
    case words([Word], isJSON: Bool)
    /// The pairs of `ENV` and `LABEL`.
    case pairs([KeyValuePair])
    /// The trigger of `ONBUILD`.
    indirect case trigger(Node)
  }

  /// The words, for instructions that have words.
  var words: [Word] {
    if case .words(let words, _) = arguments { words } else { [] }
  }

  /// Whether the words are those of a JSON array.
  var isJSON: Bool {
    if case .words(_, isJSON: true) = arguments { true } else { false }
  }

  /// Whether heredocs may stand in it: `RUN`, `COPY`, `ADD`, and `ONBUILD` of those, not in the
  /// exec form.
  var mayHaveHeredocs: Bool {
    if case .trigger(let node) = arguments { return node.mayHaveHeredocs }
    switch name {
    case .add, .copy, .run: return !isJSON
    default: return false
    }
  }
}

extension Node {
  /// Cuts a logical line, or a part of it.
  init(line: ArraySlice<UInt8>, escape: UInt8) throws(InstructionError) {
    let line = Whitespace.trimming(line)
    let keywordEnd = line.firstIndex(where: Whitespace.isASCII) ?? line.endIndex
    keyword = String(decoding: line[..<keywordEnd], as: UTF8.self)
    keywordRange = line.startIndex..<keywordEnd
    name = InstructionName(keyword: keyword)
    let (flags, rest) = FlagScanner(escape: escape).scan(line[keywordEnd...])
    self.flags = flags
    let arguments = Whitespace.trimming(rest)
    argumentsRange = arguments.indices
    self.arguments = try Node.cut(arguments, of: name, escape: escape)
  }

  private static func cut(
    _ text: ArraySlice<UInt8>, of name: InstructionName?, escape: UInt8
  ) throws(InstructionError) -> Arguments {
    switch name {
    case .add, .copy, .volume: try listOrJSON(text)
    case .cmd, .entrypoint, .run, .shell: try textOrJSON(text)
    case .expose, .from: .words(WordSplitter.atBlanks(text), isJSON: false)
    case .arg: .words(WordSplitter.quoted(text, escape: escape), isJSON: false)
    case .env, .label: try pairs(text, of: name?.rawValue ?? "", escape: escape)
    case .healthcheck: try healthcheck(text)
    case .onbuild: try trigger(text, escape: escape)
    case .maintainer, .stopSignal, .user, .workdir: whole(text)
    case nil: .words([], isJSON: false)
    }
  }

  private static func whole(_ text: ArraySlice<UInt8>) -> Arguments {
    .words(text.isEmpty ? [] : [Word(text)], isJSON: false)
  }

  private static func json(_ text: ArraySlice<UInt8>) throws(InstructionError) -> Arguments? {
    switch JSONArray.parse(text) {
    case .strings(let words): return .words(words, isJSON: true)
    case .notAnArray: return nil
    case .mixed:
      throw InstructionError(
        "a JSON array of an instruction must hold strings only",
        hint: "put each word in double quotes, or leave the brackets away for the shell form"
      ).blaming(text.indices)
    }
  }

  private static func textOrJSON(_ text: ArraySlice<UInt8>) throws(InstructionError) -> Arguments {
    try json(text) ?? whole(text)
  }

  private static func listOrJSON(_ text: ArraySlice<UInt8>) throws(InstructionError) -> Arguments {
    try json(text) ?? .words(WordSplitter.atBlanks(text), isJSON: false)
  }

  /// `CMD` or `NONE`, then what `CMD` of its own would take.
  private static func healthcheck(
    _ text: ArraySlice<UInt8>
  ) throws(InstructionError) -> Arguments {
    guard !text.isEmpty else { return .words([], isJSON: false) }
    let end = text.firstIndex(where: Whitespace.isASCII) ?? text.endIndex
    let type = Word(text[..<end])
    guard
      case .words(let words, let isJSON) = try textOrJSON(Whitespace.trimmingStart(text[end...]))
    else { return .words([type], isJSON: false) }
    return .words([type] + words, isJSON: isJSON)
  }

  private static func trigger(
    _ text: ArraySlice<UInt8>, escape: UInt8
  ) throws(InstructionError) -> Arguments {
    guard !text.isEmpty else { return .words([], isJSON: false) }
    let end = text.firstIndex(where: Whitespace.isASCII) ?? text.endIndex
    // Refused before it is read: a chain would cost a stack frame a link.
    guard String(decoding: text[..<end], as: UTF8.self).uppercased() != "ONBUILD" else {
      throw InstructionError("`ONBUILD` cannot trigger another `ONBUILD`")
        .blaming(text.startIndex..<end)
    }
    return .trigger(try Node(line: text, escape: escape))
  }

  /// The pairs of `ENV` and `LABEL`: the first word decides between `key=value …` and the legacy
  /// `key value`, whose value is the rest of the line.
  private static func pairs(
    _ text: ArraySlice<UInt8>, of name: String, escape: UInt8
  ) throws(InstructionError) -> Arguments {
    let words = WordSplitter.quoted(text, escape: escape)
    guard let first = words.first else { return .pairs([]) }
    guard first.text.utf8.contains(UInt8(ascii: "=")) else {
      let parts = WordSplitter.keyAndRest(text)
      guard let rest = parts.rest else {
        throw InstructionError(
          "`\(name)` must have two arguments",
          hint: "write `\(name) \(parts.key.excerpt)=<value>`"
        ).blaming(text.indices)
      }
      return .pairs([KeyValuePair(key: parts.key, value: rest, isLegacy: true)])
    }
    var pairs: [KeyValuePair] = []
    pairs.reserveCapacity(words.count)
    for word in words {
      guard let pair = word.text.splitAtFirst("=") else {
        throw InstructionError(
          "`\(name)` cannot find a `=` in `\(word.text.excerpt)`",
          hint: "write `name=value`; put a value with blanks in quotes"
        ).blaming(word.range)
      }
      pairs.append(KeyValuePair(key: pair.before, value: pair.after))
    }
    return .pairs(pairs)
  }
}
