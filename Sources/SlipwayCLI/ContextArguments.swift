import BuildGraph
import Glibc
import OCI
import Slipway
import SystemPackage

extension BuildRequest.ContextLocation {
  /// What is said of the main build context; `-` is left to `takeStandardInput()`.
  ///
  /// As with Docker, a directory of that name comes before an address: `github.com/…` may be either.
  static func parse(_ text: String) throws -> BuildRequest.ContextLocation {
    if text == "-" { return .nothing }
    var status = stat()
    if stat(text, &status) == 0 { return .directory(FilePath(text)) }
    if let address = try GitAddress.parse(text) { return .git(address) }
    if HTTPSource.isAddress(text) { return .http(text) }
    if text.contains("://") { throw ArgumentProblem.contextKind(text) }
    return .directory(FilePath(text))
  }
}

extension BuildRequest.DockerfileLocation {
  static func parse(_ text: String) throws -> BuildRequest.DockerfileLocation {
    if text == "-" { return .standardInput(try SmallFile.readStandardInput()) }
    return HTTPSource.isAddress(text) ? .http(text) : .file(FilePath(text))
  }
}

extension BuildRequest {
  /// What is said of the Dockerfile and the main context, either of which may be standard input.
  mutating func take(dockerfile: String?, context: String) throws {
    if let dockerfile {
      if dockerfile == "-", context == "-" { throw ArgumentProblem.inputTwice }
      self.dockerfile = try .parse(dockerfile)
    }
    if context == "-" { try takeStandardInput() }
  }

  /// Contexts that were named on the command line may be fetched with the user's agent, as with Docker;
  /// what a Dockerfile names may not unless `--ssh` says so.
  mutating func takeAgentForContexts() {
    let addresses = [context.repository] + namedContexts.values.map(\.repository)
    guard sshSockets["default"] == nil, sshKeys["default"] == nil,
      addresses.contains(where: { $0?.usesSSH == true }),
      let socket = environment["SSH_AUTH_SOCK"], !socket.isEmpty
    else { return }
    sshSockets["default"] = FilePath(socket)
  }
}

extension BuildRequest.ContextLocation {
  fileprivate var repository: GitAddress? {
    if case .git(let address) = self { address } else { nil }
  }
}

extension BuildRequest.NamedContextRequest {
  fileprivate var repository: GitAddress? {
    if case .git(let address) = self { address } else { nil }
  }

  static func parse(_ text: String) throws -> (String, BuildRequest.NamedContextRequest) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw ArgumentProblem.context(text)
    }
    let name = String(text[..<equals])
    let value = String(text[text.index(after: equals)...])
    return (name, try parse(value: value))
  }

  private static func parse(value: String) throws -> BuildRequest.NamedContextRequest {
    if value == "host:" || value == "host" { return .host }
    if let reference = value.dropping(prefix: "docker-image://") { return .image(reference) }
    if let layout = value.dropping(prefix: "oci-layout://") {
      // A tag behind the last colon, or a digest behind `@`; a colon in a folder's name is kept.
      guard let colon = layout.lastIndex(where: { $0 == ":" || $0 == "@" }),
        !layout[colon...].contains("/")
      else { return .layout(FilePath(layout).absolute, name: nil) }
      let name = String(layout[layout.index(after: colon)...])
      return .layout(FilePath(String(layout[..<colon])).absolute, name: name)
    }
    if value.hasPrefix("target:") { throw ArgumentProblem.bakeTarget(value) }
    if let address = try GitAddress.parse(value) { return .git(address) }
    if HTTPSource.isAddress(value) { return .http(value) }
    if value.contains("://") { throw ArgumentProblem.contextKind(value) }
    return .directory(FilePath(value))
  }
}
