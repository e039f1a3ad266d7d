/// The instructions of the Dockerfile reference.
package enum InstructionName: String, CaseIterable, Hashable, Sendable {
  case add = "ADD"
  case arg = "ARG"
  case cmd = "CMD"
  case copy = "COPY"
  case entrypoint = "ENTRYPOINT"
  case env = "ENV"
  case expose = "EXPOSE"
  case from = "FROM"
  case healthcheck = "HEALTHCHECK"
  case label = "LABEL"
  case maintainer = "MAINTAINER"
  case onbuild = "ONBUILD"
  case run = "RUN"
  case shell = "SHELL"
  case stopSignal = "STOPSIGNAL"
  case user = "USER"
  case volume = "VOLUME"
  case workdir = "WORKDIR"
}

extension InstructionName {
  private static let byKeyword: [String: InstructionName] = Dictionary(
    uniqueKeysWithValues: allCases.flatMap { name in
      [(name.rawValue, name), (name.rawValue.lowercased(), name)]
    })

  /// The instruction that a keyword in any case names.
  init?(keyword: String) {
    // The common spellings need no copy; a long word cannot be one.
    if let name = InstructionName.byKeyword[keyword] {
      self = name
    } else if keyword.utf8.count <= 16,
      let name = InstructionName.byKeyword[keyword.lowercased()]
    {
      self = name
    } else {
      return nil
    }
  }
}
