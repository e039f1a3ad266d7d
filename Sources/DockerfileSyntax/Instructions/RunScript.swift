extension RunScript {
  init(command: CommandLine, heredocs: [Heredoc]) {
    switch command {
    case .exec(let words): self = .exec(words)
    case .shell(let text): self = .shell(text)
    }
  }
}
