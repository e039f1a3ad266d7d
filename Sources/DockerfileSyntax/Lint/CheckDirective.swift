/// What `# check=` asks of the linter, e.g. `skip=JSONArgsRecommended,StageNameCasing;error=true`.
package struct CheckDirective: Hashable, Sendable {
  /// Which rules a list names.
  package enum Rules: Hashable, Sendable {
    case all
    /// The names as they were written; one that no rule has names nothing.
    case named(Set<String>)

    fileprivate func contains(_ rule: LintRule) -> Bool {
      switch self {
      case .all: true
      case .named(let names): names.contains(rule.name)
      }
    }

    fileprivate func union(_ other: Rules) -> Rules {
      guard case .named(let names) = self, case .named(let others) = other else { return .all }
      return .named(names.union(others))
    }
  }

  /// The rules that stay silent; says nothing to experimental ones.
  package var skipped: Rules = .named([])
  /// The experimental rules that speak.
  package var experimental: Rules = .named([])
  /// Whether any finding fails the build.
  package var failsBuild = false

  /// The default: every rule speaks that is not experimental, none fails the build.
  package init() {}

  /// Whether a rule may speak about an instruction that has these comments above it: a `# check=`
  /// among them counts for the instruction too, except for its `error`.
  package func allows(_ rule: LintRule, below comments: [String] = []) -> Bool {
    let own = comments.lazy.compactMap(CheckDirective.init(comment:)).first ?? CheckDirective()
    return rule.isExperimental
      ? experimental.union(own.experimental).contains(rule)
      : !skipped.union(own.skipped).contains(rule)
  }
}

// MARK: - Reading

extension CheckDirective {
  /// Reads `skip=A,B;experimental=all;error=true`, up to the first blank. As in BuildKit, names count
  /// only in their own spelling, and the third option takes what follows it for its value.
  package static func parse(_ text: String) throws(InstructionError) -> CheckDirective {
    var check = CheckDirective()
    let text = text.prefix { $0 != " " }
    for option in text.split(separator: ";", maxSplits: 2, omittingEmptySubsequences: false)
    where !text.isEmpty {
      guard let pair = String(option).splitAtFirst("=") else {
        throw unknownOption(String(option))
      }
      let value = trimming(pair.after)
      switch trimming(pair.before) {
      case "skip": check.skipped = rules(value)
      case "experimental": check.experimental = rules(value)
      case "error":
        guard let isOn = Bool(goText: value) else {
          throw InstructionError(
            "invalid value `\(value.excerpt)` for `error` in `# check=`",
            hint: "use `true` or `false`")
        }
        check.failsBuild = isOn
      case let key: throw unknownOption(key)
      }
    }
    return check
  }

  /// Reads a comment, its `#` taken away; nothing where it is no `check=` that can be understood.
  init?(comment: String) {
    guard let directive = Directive(comment: Array(comment.utf8)[...]), directive.key == "check",
      let check = try? CheckDirective.parse(directive.value)
    else { return nil }
    self = check
  }

  private static func unknownOption(_ text: String) -> InstructionError {
    InstructionError(
      "invalid option `\(text.excerpt)` in `# check=`",
      hint: "the options are `skip=`, `experimental=` and `error=`, with `;` between them")
  }

  private static func rules(_ list: String) -> Rules {
    if list == "all" { return .all }
    let names = list.split(separator: ",", omittingEmptySubsequences: false)
    return .named(Set(names.map { trimming(String($0)) }))
  }

  private static func trimming(_ text: String) -> String {
    String(decoding: Whitespace.trimming(Array(text.utf8)[...]), as: UTF8.self)
  }
}
