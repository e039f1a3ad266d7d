import ArgumentParser
import Reporting

/// A command line that cannot be understood: what is wrong with it, in the words and form of all other
/// errors, and what to type instead.
struct UsageFailure {
  /// What the parser says, one line.
  let message: String
  /// What was typed after `slipway`.
  let arguments: [String]

  var diagnostic: Diagnostic {
    if let word = unknownCommand {
      return Diagnostic(
        .error, "there is no command `\(word)`",
        hint: Suggestion.hint(for: word, among: Self.commands) ?? "`slipway --help` lists them")
    }
    if command == BuildCommand.name, let (flag, advice) = foreignFlag {
      return Diagnostic(.error, "`slipway build` has no `\(flag)`", hint: advice)
    }
    let help = command.map { "slipway \($0) --help" } ?? "slipway --help"
    return Diagnostic(.error, sentence, hint: "`\(help)` shows what it takes")
  }

  // MARK: - What was typed

  private static let commands = SlipwayCommand.configuration.subcommands.map { $0.name }

  private var command: String? { arguments.first.flatMap { Self.commands.contains($0) ? $0 : nil } }

  private var unknownCommand: String? {
    arguments.first.flatMap { word in
      word.hasPrefix("-") || word == "help" || Self.commands.contains(word) ? nil : word
    }
  }

  /// The parser's sentences, which are those of a text; errors here have no capital and no full stop.
  private var sentence: String {
    let line = message.prefix { $0 != "\n" }
    let words = line.prefix(1).lowercased() + line.dropFirst()
    return words.hasSuffix(".") ? String(words.dropLast()) : words
  }

  // MARK: - Flags of `docker build` that are not ours

  private var foreignFlag: (flag: String, advice: String)? {
    for argument in arguments.dropFirst() where argument.hasPrefix("-") {
      let flag = String(argument.prefix { $0 != "=" })
      if let advice = Self.foreignFlags[flag] { return (flag, advice) }
    }
    return nil
  }

  private static let foreignFlags: [String: String] = {
    let limits =
      "limit the whole build: `systemd-run --scope -p MemoryMax=2G -p CPUQuota=100% slipway build …`"
    let nothing = "leave it out; with BuildKit it does nothing either"
    let advices: [(flags: [String], advice: String)] = [
      (
        [
          "--memory", "-m", "--memory-swap", "--cpu-period", "--cpu-quota", "--cpu-shares", "-c",
          "--cpuset-cpus", "--cpuset-mems", "--cgroup-parent", "--resource",
        ], limits
      ),
      (["--compress", "--rm", "--force-rm", "--disable-content-trust", "--isolation"], nothing),
      (["--builder"], "leave it out; there is no builder to choose, `slipway` builds by itself"),
      (["--squash"], "leave it out, and copy what is to stay into a stage of its own"),
      (["--security-opt"], "`--allow security.insecure` lets steps ask for `--security=insecure`"),
      (["--print"], "it is `--call` now, with BuildKit too"),
      (["--device"], "leave it out; steps cannot have devices"),
      (["--policy"], "leave it out; there are no policies for sources"),
      (["--debug", "-D"], "`--progress plain` shows all that the steps say"),
    ]
    return Dictionary(
      advices.flatMap { advice in advice.flags.map { ($0, advice.advice) } },
      uniquingKeysWith: { first, _ in first })
  }()
}

extension ParsableCommand {
  /// What the command is called on the command line.
  static var name: String { configuration.commandName ?? "\(Self.self)" }
}
