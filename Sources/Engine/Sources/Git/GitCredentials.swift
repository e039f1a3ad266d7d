internal import BuildGraph
internal import SystemPackage

/// What git is let into a repository with: secrets of the build under the names that BuildKit gives
/// them, what is in the address, or an SSH agent.
struct GitCredentials: Sendable {
  private let source: GitSource
  private let inputs: BuildInputs

  init(_ source: GitSource, _ inputs: BuildInputs) {
    self.source = source
    self.inputs = inputs
  }

  /// Throws `RemoteSourceError.noAgent` where an agent is needed and there is none.
  func access(home: FilePath) throws -> GitProgram.Access {
    var access = GitProgram.Access(knownHosts: home.appending("known_hosts"))
    if source.usesSSH {
      guard let agent = inputs.sshSockets["default"] else {
        throw RemoteSourceError.noAgent(source.shown)
      }
      access.agent = agent
    }
    if let authorization { access.authorizations = [authorization] }
    return access
  }

  /// A remote over HTTP without its user and password.
  static func stripped(_ remote: String) -> String {
    guard var web = WebAddress(remote), ["http", "https"].contains(web.scheme) else {
      return remote
    }
    web.userInformation = nil
    return web.text
  }

  /// A secret is for one remote, and with GitHub for all of it, as its submodules are there too; what
  /// is in the address is for its whole host, as git has it.
  private var authorization: (scope: String, field: String)? {
    guard let web = WebAddress(source.remote), ["http", "https"].contains(web.scheme) else {
      return nil
    }
    if let field = secret(web) {
      let gitHub = ["https://github.com/", "https://www.github.com/"]
      let remote = GitCredentials.stripped(source.remote)
      return (gitHub.first(where: remote.hasPrefix) ?? remote, field)
    }
    guard let user = web.userInformation else { return nil }
    return (
      "\(web.scheme)://\(web.authority)/", BasicAuthorization.field(userInformation: user)
    )
  }

  /// The first that there is; those for the host come before those for all.
  private func secret(_ web: WebAddress) -> String? {
    for suffix in ["." + web.authority, ""] {
      if let header = text(of: "GIT_AUTH_HEADER" + suffix) { return header }
      if let token = text(of: "GIT_AUTH_TOKEN" + suffix) {
        return BasicAuthorization.field(user: "x-access-token", password: token)
      }
    }
    return nil
  }

  private func text(of secret: String) -> String? {
    inputs.secrets[secret].map { String(decoding: $0, as: UTF8.self).withoutLineEnd }
  }
}
