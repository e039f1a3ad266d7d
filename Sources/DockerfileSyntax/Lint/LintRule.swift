/// A lint rule, under the name that BuildKit gives it and `# check=skip=` takes.
///
/// What each one asks for is in the file of its name: here, in `Rules/`, where the tree suffices, and
/// in the frontend where values must be expanded, an image or the build context be known. Each has a
/// page in `docs/rules/`.
package enum LintRule: String, CaseIterable, Hashable, Sendable {
  case consistentInstructionCasing = "ConsistentInstructionCasing"
  case copyIgnoredFile = "CopyIgnoredFile"
  case duplicateStageName = "DuplicateStageName"
  case exposeInvalidFormat = "ExposeInvalidFormat"
  case exposeProtoCasing = "ExposeProtoCasing"
  case fromAsCasing = "FromAsCasing"
  case fromPlatformFlagConstDisallowed = "FromPlatformFlagConstDisallowed"
  case invalidBaseImagePlatform = "InvalidBaseImagePlatform"
  case invalidDefaultArgInFrom = "InvalidDefaultArgInFrom"
  case invalidDefinitionDescription = "InvalidDefinitionDescription"
  case jsonArgsRecommended = "JSONArgsRecommended"
  case legacyKeyValueFormat = "LegacyKeyValueFormat"
  case maintainerDeprecated = "MaintainerDeprecated"
  case multipleInstructionsDisallowed = "MultipleInstructionsDisallowed"
  case noEmptyContinuation = "NoEmptyContinuation"
  case redundantTargetPlatform = "RedundantTargetPlatform"
  case reservedStageName = "ReservedStageName"
  case secretsUsedInArgOrEnv = "SecretsUsedInArgOrEnv"
  case stageNameCasing = "StageNameCasing"
  case undefinedArgInFrom = "UndefinedArgInFrom"
  case undefinedVar = "UndefinedVar"
  case workdirRelativePath = "WorkdirRelativePath"

  /// The name, in BuildKit's casing.
  package var name: String { rawValue }

  /// What it asks for, in a line.
  package var summary: String {
    switch self {
    case .consistentInstructionCasing: "keywords are all in upper case or all in lower case"
    case .copyIgnoredFile: "nothing is copied that `.dockerignore` leaves out"
    case .duplicateStageName: "every stage has a name of its own"
    case .exposeInvalidFormat: "`EXPOSE` names ports of the container, and no addresses"
    case .exposeProtoCasing: "the protocol of `EXPOSE` is in lower case"
    case .fromAsCasing: "`AS` is in the case of its `FROM`"
    case .fromPlatformFlagConstDisallowed: "`FROM --platform` is not constant"
    case .invalidBaseImagePlatform: "a base image is for the platform of the build"
    case .invalidDefaultArgInFrom: "`FROM` names an image also without build arguments"
    case .invalidDefinitionDescription: "the comment right above a stage or an `ARG` describes it"
    case .jsonArgsRecommended: "`CMD` and `ENTRYPOINT` are JSON arrays, so that signals arrive"
    case .legacyKeyValueFormat: "`ENV` and `LABEL` have a `=` between key and value"
    case .maintainerDeprecated: "the author is a label, not a `MAINTAINER`"
    case .multipleInstructionsDisallowed: "no instruction is replaced later in its stage"
    case .noEmptyContinuation: "no line inside an instruction is empty"
    case .redundantTargetPlatform: "`FROM --platform` does not ask for what is the default"
    case .reservedStageName: "no stage is called `scratch` or `context`"
    case .secretsUsedInArgOrEnv: "no secret is in an `ARG` or an `ENV`"
    case .stageNameCasing: "names of stages are in lower case"
    case .undefinedArgInFrom: "`FROM` uses declared arguments only"
    case .undefinedVar: "variables are defined before they are used"
    case .workdirRelativePath: "the first `WORKDIR` is an absolute path"
    }
  }

  /// Whether it speaks only where `# check=experimental=` asks for it.
  package var isExperimental: Bool { self == .invalidDefinitionDescription }

  /// The name of its page, e.g. `json-args-recommended`.
  package var page: String {
    let letters = Array(name)
    var page = ""
    for (index, letter) in letters.enumerated() {
      let endsWord = index > 0 && letters[index - 1].isLowercase
      let beginsWord = index > 0 && index + 1 < letters.count && letters[index + 1].isLowercase
      if letter.isUppercase, endsWord || beginsWord { page.append("-") }
      page.append(letter.lowercased())
    }
    return page
  }

  /// Where the rule is explained on the web; absent for the one that has no page there.
  package var address: String? {
    guard self != .invalidBaseImagePlatform else { return nil }
    return "https://docs.docker.com/go/dockerfile/rule/\(page)/"
  }
}
