extension RunScript {
  /// Works heredocs into a command.
  ///
  /// A command that is nothing but one heredoc is the body itself: a file if it starts with `#!`,
  /// else text for the shell, which need not know heredocs then. Anything else is put together
  /// again as it was written, for the shell to read.
  init(command: CommandLine, heredocs: [Heredoc]) {
    switch command {
    case .exec(let words): self = .exec(words)
    case .shell(let text):
      guard let first = heredocs.first else {
        self = .shell(text)
        return
      }
      let opening = (try? HeredocScanner.opening(of: text)) ?? nil
      if opening == nil {
        self = .shell(RunScript.reassemble(text, heredocs))
      } else if first.content.starts(with: [UInt8(ascii: "#"), UInt8(ascii: "!")]) {
        self = .file(name: first.name, body: first.body)
      } else {
        self = .shell(String(decoding: first.body, as: UTF8.self))
      }
    }
  }

  private static func reassemble(_ text: String, _ heredocs: [Heredoc]) -> String {
    var full = text
    for heredoc in heredocs {
      full += "\n"
      full += String(decoding: heredoc.content, as: UTF8.self)
      full += heredoc.name
    }
    return full
  }
}
