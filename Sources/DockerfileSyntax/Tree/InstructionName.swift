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
  private static let byName: [String: InstructionName] = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

  /// The instruction that a keyword in any case names.
  init?(keyword: String) {
    // The common spelling needs no copy; a long word cannot be one.
    if let name = InstructionName.byName[keyword] {
      self = name
    } else if keyword.utf8.count <= 16, let name = InstructionName.byName[keyword.uppercased()] {
      self = name
    } else {
      return nil
    }
  }
}
