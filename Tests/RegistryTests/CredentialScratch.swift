import Glibc
import Registry
import SystemPackage
import TestSupport

/// A home with files of credentials, and credential helpers that are real programs.
struct CredentialScratch: Sendable {
  let folder: TemporaryDirectory
  var environment: [String: String]
  var helperTimeLimit = Duration.seconds(50)

  init() throws {
    folder = try TemporaryDirectory()
    try folder.directory("home")
    try folder.directory("bin")
    environment = [
      "HOME": folder("home").string,
      "PATH": "\(folder("bin")):" + (Command.plainEnvironment["PATH"] ?? ""),
      "XDG_RUNTIME_DIR": folder("runtime").string,
    ]
    // As in the program: a helper need not read what it is given.
    signal(SIGPIPE, SIG_IGN)
  }

  var store: CredentialStore {
    CredentialStore(
      environment: environment, systemRoot: folder("system"), helperTimeLimit: helperTimeLimit)
  }

  var dockerFile: FilePath { folder("home/.docker/config.json") }

  /// Writes Docker's `config.json`.
  func docker(_ text: String) throws {
    try folder.write(text, to: "home/.docker/config.json", mode: 0o600)
  }

  /// What Docker's `config.json` is now.
  var dockerText: String {
    get throws { try Files.text(dockerFile) }
  }

  /// Writes the program `docker-credential-NAME`, a shell script.
  func helper(_ name: String, _ script: String) throws {
    try folder.write("#!/bin/sh\n" + script, to: "bin/docker-credential-\(name)", mode: 0o755)
  }

  /// A helper that keeps what it is given in `~/NAME.ring`, a file a registry, and every call in
  /// `~/NAME.calls`.
  func keyRing(_ name: String) throws {
    try helper(
      name,
      """
      set -eu
      input=$(cat)
      echo "$1 $input" >> "$HOME/\(name).calls"
      mkdir -p "$HOME/\(name).ring"
      place() { printf %s "$HOME/\(name).ring/$(printf %s "$1" | tr / _)"; }
      case $1 in
      store)
        server=$(printf %s "$input" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/')
        printf %s "$input" > "$(place "$server")";;
      get | erase)
        if ! [ -f "$(place "$input")" ]; then
          echo "credentials not found in native keychain"
          exit 1
        fi
        if [ "$1" = get ]; then cat "$(place "$input")"; else rm "$(place "$input")"; fi;;
      esac
      """)
  }

  /// What a key ring was asked, a line a call.
  func calls(of name: String) throws -> [String] {
    try Files.text(folder("home/\(name).calls")).split(separator: "\n").map(String.init)
  }
}

extension Credential {
  /// `name:secret`, for comparing: the descriptions of credentials say nothing.
  var plainText: String {
    switch self {
    case .password(let username, let password): "\(username):\(password)"
    case .identityToken(let token): "identity token \(token)"
    case .registryToken(let token): "registry token \(token)"
    }
  }
}
