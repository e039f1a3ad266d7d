import Glibc
import OCI
import Subprocess
import SystemPackage
internal import Transport

/// A program `docker-credential-NAME` that keeps credentials
/// (docker/docker-credential-helpers, README.md, "Development").
///
/// The action is its argument; it reads the name of the registry, or a JSON object, from standard
/// input and answers on standard output, where it says too what went wrong.
struct CredentialHelper: Sendable {
  let name: String
  /// The file that names it, for errors.
  let file: FilePath
  private let environment: [String: String]
  private let timeLimit: Duration

  /// The user name that says: the secret is an identity token.
  static let tokenUsername = "<token>"

  private static let outputLimit = 1 << 20

  /// Throws `CredentialError.malformedHelperName` for what could be a path.
  init(
    name: String, file: FilePath, environment: [String: String], timeLimit: Duration
  ) throws {
    let isName = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isName, (1...100).contains(name.utf8.count) else {
      throw CredentialError.malformedHelperName(name, in: file)
    }
    self.name = name
    self.file = file
    self.environment = environment
    self.timeLimit = timeLimit
  }

  /// The credential for a registry; nil where the helper has none.
  func credential(for registry: String) async throws -> Credential? {
    let key = RegistryKey(registry: registry)
    guard let answer = try await run("get", input: key.name, hiding: []) else { return nil }
    guard let credential = try? JSON.decode(Message.self, from: answer) else {
      throw failure(.malformedAnswer)
    }
    guard !credential.secret.isEmpty else { return nil }
    return credential.username == CredentialHelper.tokenUsername
      ? .identityToken(credential.secret)
      : .password(username: credential.username ?? "", password: credential.secret)
  }

  /// Gives a credential to the helper.
  func store(_ credential: Credential, for registry: String) async throws {
    let server = RegistryKey(registry: registry).name
    let message: Message
    switch credential {
    case .password(let username, let password):
      message = Message(server: server, username: username, secret: password)
    case .identityToken(let token):
      message = Message(server: server, username: CredentialHelper.tokenUsername, secret: token)
    case .registryToken: throw CredentialError.registryTokenNotForHelper(name: name)
    }
    let input = String(decoding: try JSON.encode(message), as: UTF8.self)
    _ = try await run("store", input: input, hiding: message.shapesOfSecret)
  }

  /// Takes the credential for a registry away. False where the helper says that it had none; not
  /// all of them do.
  func erase(_ registry: String) async throws -> Bool {
    try await run("erase", input: RegistryKey(registry: registry).name, hiding: []) != nil
  }

  /// What the helper wrote; nil where it said that it has no such credential.
  private func run(_ action: String, input: String, hiding: [String]) async throws -> [UInt8]? {
    let process = HelperRun(
      program: try program, action: action, input: input, environment: environment)
    let ended: HelperRun.End
    do {
      ended = try await process.result(within: timeLimit, outputLimit: CredentialHelper.outputLimit)
    } catch let fault as CredentialError.HelperFault {
      throw failure(fault)
    }
    switch ended.status {
    case .exited(0): return ended.output
    case .exited(let code):
      let words = [ended.output, ended.errors].map { String(decoding: $0, as: UTF8.self) }
      if words.contains(where: { $0.isAbsenceOfCredential }) { return nil }
      throw failure(.exited(code, words: CredentialHelper.harmless(words, hiding: hiding)))
    case .signaled(let signal): throw failure(.signalled(signal))
    }
  }

  /// Where the program lies. Only absolute directories of `PATH` count: a helper is shown secrets,
  /// and must not come from whatever directory somebody stands in.
  private var program: FilePath {
    get throws {
      for folder in (environment["PATH"] ?? "").split(separator: ":") where folder.hasPrefix("/") {
        let candidate = FilePath(String(folder)).appending("docker-credential-\(name)")
        var status = stat()
        if stat(candidate.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
          access(candidate.string, X_OK) == 0
        {
          return candidate
        }
      }
      throw CredentialError.helperNotFound(name: name, in: file)
    }
  }

  private func failure(_ fault: CredentialError.HelperFault) -> CredentialError {
    .helperFailed(name: name, in: file, fault)
  }

  /// The words of a helper that failed, on one line, without what was given to it, and without what
  /// could be a credential that it gave away before it failed.
  private static func harmless(_ words: [String], hiding: [String]) -> String {
    for var text in words {
      for secret in hiding { text = text.replacing(secret, with: "…") }
      let line = text.split { $0.isWhitespace }.joined(separator: " ")
      if !line.isEmpty { return line.lowercased().contains("\"secret\"") ? "" : printable(line) }
    }
    return ""
  }

  /// What helpers read and write.
  private struct Message: Codable {
    var server: String?
    var username: String?
    var secret: String

    enum CodingKeys: String, CodingKey {
      case server = "ServerURL"
      case username = "Username"
      case secret = "Secret"
    }

    /// The secret as a helper may repeat it; the longest first.
    var shapesOfSecret: [String] {
      let escaped = PreservedJSON.Text(secret).source
      let encoded = [secret, "\(username ?? ""):\(secret)"].map { Base64.encode($0.utf8) }
      return ([secret, escaped] + encoded).filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    }
  }
}

extension String {
  /// What helpers say, word for word, where they have no credential (credentials/error.go).
  fileprivate var isAbsenceOfCredential: Bool {
    split { $0.isWhitespace }.joined(separator: " ") == "credentials not found in native keychain"
  }
}
