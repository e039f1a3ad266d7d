/// Reads a whole Dockerfile: lines, directives, heredocs, stages.
struct DockerfileParser {
  /// Errors after which reading stops: nobody reads more, and hostile files have no end of them.
  private static let maximumErrors = 100

  private var reader: LineReader
  private var directiveParser = DirectiveParser()
  private var escape: UInt8
  private let hasDirectives: Bool
  private var comments: [String] = []
  private var metaArguments: [Instruction] = []
  private var stages: [Stage] = []
  /// Whether a `FROM` came, also one that could not be understood.
  private var hasBegun = false
  private var errors: [SyntaxDiagnostic] = []
  /// The instructions with an empty line in them, by their last line.
  private var emptyLines: [(line: Int, range: SourceRange)] = []

  init(_ bytes: [UInt8]) {
    reader = LineReader(bytes)
    escape = UInt8(ascii: "\\")
    hasDirectives = true
  }

  init(_ bytes: [UInt8], escape: UInt8) {
    reader = LineReader(bytes)
    self.escape = escape
    hasDirectives = false
  }

  // MARK: Whole files

  /// Reads everything. `check` counts instead of the file's own `# check=`.
  mutating func parse(check: CheckDirective?) -> Dockerfile {
    while let line = nextLogicalLine(), errors.count < DockerfileParser.maximumErrors {
      take(line)
    }
    reportTooLongLine()
    reportMissingStages()
    var dockerfile = Dockerfile(
      directives: directiveParser.directives, metaArguments: metaArguments, stages: stages,
      diagnostics: [])
    if let check { dockerfile.directives.check = check }
    dockerfile.diagnostics = DockerfileParser.inOrder(errors + warnings(about: dockerfile))
    return dockerfile
  }

  private func warnings(about dockerfile: Dockerfile) -> [SyntaxDiagnostic] {
    let directives = dockerfile.directives
    var linter = Linter(directives.check)
    for (line, range) in emptyLines {
      linter.report(NoEmptyContinuation.check(emptyLine: line), at: range)
    }
    linter.run(on: dockerfile, firstError: errors.map(\.range).min { $0.startLine < $1.startLine })
    guard let syntax = directives.syntax, let range = directives.ranges["syntax"],
      let warning = SyntaxDirective.warning(syntax, at: range)
    else { return linter.findings }
    return [warning] + linter.findings
  }

  /// By line; what stands on the same line stays in its order.
  private static func inOrder(_ diagnostics: [SyntaxDiagnostic]) -> [SyntaxDiagnostic] {
    diagnostics.enumerated()
      .sorted { ($0.element.range.startLine, $0.offset) < ($1.element.range.startLine, $1.offset) }
      .map(\.element)
  }

  private mutating func reportTooLongLine() {
    guard reader.isTooLong else { return }
    errors.append(
      SyntaxDiagnostic(
        .error, "the line is longer than \(LineReader.maximumLength) bytes",
        hint: "cut it with the escape character at the end of its parts",
        at: SourceRange(line: reader.number)))
  }

  private mutating func reportMissingStages() {
    guard stages.isEmpty, errors.isEmpty else { return }
    let range = SourceRange(startLine: 1, endLine: max(1, reader.number))
    let message =
      metaArguments.isEmpty
      ? "the Dockerfile has no instructions" : "the Dockerfile has no `FROM`"
    errors.append(
      SyntaxDiagnostic(
        .error, message, hint: "start with `FROM <image>`, or `FROM scratch` for an empty image",
        at: range))
  }

  /// Reads one instruction that is no `FROM`, and nothing else.
  mutating func parseTrigger() -> (Instruction?, [SyntaxDiagnostic]) {
    var instructions: [Instruction] = []
    while let line = nextLogicalLine(), errors.count < DockerfileParser.maximumErrors {
      do {
        let (node, heredocs, range) = try cut(line)
        let parser = InstructionParser(node: node, heredocs: heredocs, line: line)
        instructions.append(
          Instruction(
            range: range, text: text(line.bytes), keyword: node.keyword, comments: [],
            kind: try parser.parseTrigger()))
      } catch {
        report(error, in: line)
      }
    }
    reportTooLongLine()
    if errors.isEmpty, instructions.count != 1 {
      errors.append(
        SyntaxDiagnostic(
          .error, "an `ONBUILD` trigger must be exactly one instruction",
          at: SourceRange(line: 1)))
    }
    return (errors.isEmpty ? instructions.first : nil, errors)
  }

  /// Every instruction as its words, unknown ones too: what BuildKit's parser dumps.
  mutating func nodes() throws(InstructionError) -> [Node] {
    var nodes: [Node] = []
    while let line = nextLogicalLine() { nodes.append(try cut(line).0) }
    return nodes
  }

  // MARK: Lines

  /// Joins physical lines to the next instruction.
  private mutating func nextLogicalLine() -> LogicalLine? {
    while let line = reader.next() {
      let content = Whitespace.trimmingStart(line.content)
      let isComment = content.first == UInt8(ascii: "#")
      let isDirective = takeDirective(line)
      if isComment {
        if !isDirective { takeComment(content) }
        continue
      }
      if content.isEmpty { continue }
      return join(content, startingAt: line)
    }
    return nil
  }

  private mutating func takeDirective(_ line: LineReader.Line) -> Bool {
    guard hasDirectives else { return false }
    let range = SourceRange(line: line.number)
    do {
      let isDirective = try directiveParser.take(line.content, at: range)
      escape = directiveParser.directives.escape
      return isDirective
    } catch {
      errors.append(SyntaxDiagnostic(.error, error.message, hint: error.hint, at: range))
      return true
    }
  }

  /// An empty comment parts those above it from what comes below.
  private mutating func takeComment(_ content: ArraySlice<UInt8>) {
    let comment = Whitespace.trimming(content.dropFirst())
    if comment.isEmpty {
      comments.removeAll()
    } else {
      comments.append(String(decoding: comment, as: UTF8.self))
    }
  }

  private mutating func join(
    _ content: ArraySlice<UInt8>, startingAt line: LineReader.Line
  ) -> LogicalLine {
    let column = line.column + content.startIndex - line.raw.startIndex
    var range = SourceRange(
      startLine: line.number, endLine: line.number,
      startColumn: column, endColumn: column + content.count)
    var parts = [LogicalLine.Part(offset: 0, line: line.number, column: column)]
    var emptyLine: Int?
    var bytes: [UInt8]
    if let start = Continuation.trimming(content, escape: escape) {
      bytes = Array(start)
      var isComplete = false
      while !isComplete, let next = reader.next() {
        range.endLine = next.number
        range.endColumn = next.content.count
        let visible = Whitespace.trimmingStart(next.content)
        if visible.first == UInt8(ascii: "#") { continue }
        if visible.isEmpty {
          emptyLine = emptyLine ?? next.number
          continue
        }
        let part = Continuation.trimming(next.content, escape: escape)
        isComplete = part == nil
        parts.append(LogicalLine.Part(offset: bytes.count, line: next.number, column: 0))
        bytes.append(contentsOf: part ?? next.content)
      }
    } else {
      bytes = Array(content)
    }
    defer { comments.removeAll() }
    return LogicalLine(
      bytes: bytes, range: range, parts: parts, comments: comments, emptyLine: emptyLine)
  }

  private func text(_ bytes: [UInt8]) -> String {
    String(decoding: Whitespace.trimming(bytes[...]), as: UTF8.self)
  }

  // MARK: Instructions

  private mutating func take(_ line: LogicalLine) {
    if let number = line.emptyLine {
      emptyLines.append((number, SourceRange(line: line.range.endLine)))
    }
    do {
      let (node, heredocs, range) = try cut(line)
      if node.name == .from {
        hasBegun = true
        stages.append(try stage(node, line, at: range))
        return
      }
      let parser = InstructionParser(node: node, heredocs: heredocs, line: line)
      let instruction = Instruction(
        range: range, text: text(line.bytes), keyword: node.keyword, comments: line.comments,
        kind: try parser.parse())
      try place(instruction, node)
    } catch {
      report(error, in: line)
    }
  }

  private mutating func place(
    _ instruction: Instruction, _ node: Node
  ) throws(InstructionError) {
    if !stages.isEmpty {
      stages[stages.count - 1].instructions.append(instruction)
    } else if instruction.name == .arg {
      metaArguments.append(instruction)
    } else if !hasBegun {
      throw InstructionError(
        "`\(instruction.name.rawValue)` stands before the first `FROM`",
        hint: "only `ARG` may come before `FROM`"
      ).blaming(node.keywordRange)
    }
  }

  /// Cuts a line into words and reads the heredocs that follow it.
  private mutating func cut(
    _ line: LogicalLine
  ) throws(InstructionError) -> (Node, [Heredoc], SourceRange) {
    guard String(validating: line.bytes, as: UTF8.self) != nil else {
      throw InstructionError("the instruction is not valid UTF-8", hint: "save the file as UTF-8")
    }
    let node = try Node(line: line.bytes[...], escape: escape)
    var range = line.range
    var heredocs: [Heredoc] = []
    if node.mayHaveHeredocs {
      for opening in try HeredocScanner.openings(in: line.bytes) {
        heredocs.append(try readHeredoc(opening, of: line))
      }
      if !heredocs.isEmpty {
        range.endLine = reader.number
        range.endColumn = nil
      }
    }
    return (node, heredocs, range)
  }

  private mutating func readHeredoc(
    _ opening: HeredocScanner.Opening, of instruction: LogicalLine
  ) throws(InstructionError) -> Heredoc {
    let start = reader.number + 1
    let terminator = Array(opening.name.utf8)
    var content: [UInt8] = []
    while let line = reader.next() {
      var candidate = line.content
      if opening.trimsTabs { candidate = candidate.drop { $0 == UInt8(ascii: "\t") } }
      if candidate.elementsEqual(terminator) {
        let range = SourceRange(startLine: start, endLine: reader.number)
        return Heredoc(opening, content: content, range: range)
      }
      content.append(contentsOf: line.raw)
    }
    throw InstructionError(
      "the heredoc `\(opening.name.excerpt)` is not terminated",
      hint: "put a line with nothing but `\(opening.name.excerpt)` after its body"
    ).blaming(instruction.bytes.firstRange(of: opening.word.utf8))
  }

  private func stage(
    _ node: Node, _ line: LogicalLine, at range: SourceRange
  ) throws(InstructionError) -> Stage {
    let words = node.words.map(\.text)
    guard words.count == 1 || (words.count == 3 && words[1].lowercased() == "as") else {
      throw InstructionError(
        "`FROM` requires either one or three arguments", hint: "write `FROM <image> [AS <name>]`"
      ).blaming(words.isEmpty ? nil : node.argumentsRange)
    }
    let flags = try FlagSet(node.flags, of: "FROM", knowing: ["platform": .string])
    let spelledName = words.count == 3 ? words[2] : nil
    let name = spelledName?.lowercased()
    if let name, !DockerfileParser.isValidStageName(name) {
      throw InstructionError(
        "invalid name for a stage: `\(words[2].excerpt)`",
        hint: "start with a letter; go on with letters, digits, `-`, `_` and `.`"
      ).blaming(node.words[2].range)
    }
    return Stage(
      index: stages.count, name: name, spelledName: spelledName, base: words[0],
      platform: flags["platform"]?.text, fromRange: range, text: text(line.bytes),
      keyword: node.keyword, asKeyword: words.count == 3 ? words[1] : nil,
      comments: line.comments, comment: name.flatMap { Descriptions(line.comments)[$0] },
      instructions: [])
  }

  /// Whether this may name a stage: a letter, then letters, digits, `-`, `_` and `.`.
  private static func isValidStageName(_ name: String) -> Bool {
    guard let first = name.utf8.first, (0x61...0x7A).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
      (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
        || "-_.".utf8.contains(byte)
    }
  }

  // MARK: Diagnostics

  private mutating func report(_ error: InstructionError, in line: LogicalLine) {
    let range = error.span.map(line.sourceRange) ?? line.range
    errors.append(SyntaxDiagnostic(.error, error.message, hint: error.hint, at: range))
  }
}
