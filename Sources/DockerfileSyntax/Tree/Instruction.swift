/// One instruction: what it says, where, and what that means.
package struct Instruction: Hashable, Sendable {
  /// Where it stands, heredoc bodies included.
  package var range: SourceRange
  /// The instruction as one logical line: continuations joined, comments dropped, bodies of
  /// heredocs absent.
  package var text: String
  /// The keyword as it was written, e.g. `run`.
  package var keyword: String
  /// The comment lines right above it, trimmed, without their `#`.
  package var comments: [String]
  /// What it means.
  package var kind: Kind

  /// Its name, in upper case, e.g. `RUN`.
  package var name: InstructionName { kind.name }

  /// What an instruction means. Values that builders expand are kept as written.
  package enum Kind: Hashable, Sendable {
    case add(CopyInstruction)
    case arg(ArgumentInstruction)
    case cmd(CommandLine)
    case copy(CopyInstruction)
    /// `ENTRYPOINT []` is an empty exec form and stands for no entrypoint.
    case entrypoint(CommandLine)
    case env([KeyValuePair])
    case expose(ExposeInstruction)
    case healthcheck(HealthcheckInstruction)
    case label([KeyValuePair])
    case maintainer(String)
    case onbuild(OnbuildInstruction)
    case run(RunInstruction)
    /// The words that shell forms are given to; never empty.
    case shell([String])
    case stopSignal(String)
    case user(String)
    case volume([String])
    case workdir(String)

    /// Its instruction's name.
    package var name: InstructionName {
      switch self {
      case .add: .add
      case .arg: .arg
      case .cmd: .cmd
      case .copy: .copy
      case .entrypoint: .entrypoint
      case .env: .env
      case .expose: .expose
      case .healthcheck: .healthcheck
      case .label: .label
      case .maintainer: .maintainer
      case .onbuild: .onbuild
      case .run: .run
      case .shell: .shell
      case .stopSignal: .stopSignal
      case .user: .user
      case .volume: .volume
      case .workdir: .workdir
      }
    }
  }
}
