/// The name of a lint rule, as BuildKit spells it and as `# check=skip=` takes it.
///
/// The set is open: a name that is not listed here is kept.
package struct LintRule: Hashable, Sendable, CustomStringConvertible {
  /// The name, in BuildKit's casing.
  package let name: String

  /// The rule of that name.
  package init(_ name: String) { self.name = name }

  package var description: String { name }

  package static let consistentInstructionCasing = LintRule("ConsistentInstructionCasing")
  package static let copyIgnoredFile = LintRule("CopyIgnoredFile")
  package static let duplicateStageName = LintRule("DuplicateStageName")
  package static let exposeInvalidFormat = LintRule("ExposeInvalidFormat")
  package static let exposeProtoCasing = LintRule("ExposeProtoCasing")
  package static let fromAsCasing = LintRule("FromAsCasing")
  package static let fromPlatformFlagConstDisallowed = LintRule("FromPlatformFlagConstDisallowed")
  package static let invalidBaseImagePlatform = LintRule("InvalidBaseImagePlatform")
  package static let invalidDefaultArgInFrom = LintRule("InvalidDefaultArgInFrom")
  package static let invalidDefinitionDescription = LintRule("InvalidDefinitionDescription")
  package static let jsonArgsRecommended = LintRule("JSONArgsRecommended")
  package static let legacyKeyValueFormat = LintRule("LegacyKeyValueFormat")
  package static let maintainerDeprecated = LintRule("MaintainerDeprecated")
  package static let multipleInstructionsDisallowed = LintRule("MultipleInstructionsDisallowed")
  package static let noEmptyContinuation = LintRule("NoEmptyContinuation")
  package static let redundantTargetPlatform = LintRule("RedundantTargetPlatform")
  package static let reservedStageName = LintRule("ReservedStageName")
  package static let secretsUsedInArgOrEnv = LintRule("SecretsUsedInArgOrEnv")
  package static let stageNameCasing = LintRule("StageNameCasing")
  package static let undefinedArgInFrom = LintRule("UndefinedArgInFrom")
  package static let undefinedVar = LintRule("UndefinedVar")
  package static let workdirRelativePath = LintRule("WorkdirRelativePath")
}
