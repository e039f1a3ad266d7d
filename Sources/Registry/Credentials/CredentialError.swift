import OCI
package import SystemPackage

/// Why credentials cannot be read or kept. What it says is never secret.
package enum CredentialError: Error, Hashable, Sendable {
  /// A file that is not JSON; the line itself is not shown, for it may hold a secret.
  case notJSON(FilePath, PreservedJSON.SyntaxError)
  /// A file that is a list, a string or the like.
  case notAnObject(FilePath)
  /// A part of a file, such as `auths`, that is of the wrong type.
  case wrongType(FilePath, key: String, expected: String)
  case malformedEntry(FilePath, key: String, EntryFault)
  case unwritable(FilePath, Errno)
  /// Neither `HOME` nor another variable says where the file lies.
  case noFile
  case malformedHelperName(String, in: FilePath)
  case helperNotFound(name: String, in: FilePath)
  case helperFailed(name: String, in: FilePath, HelperFault)
  /// The protocol of the helpers has no place for such a token.
  case registryTokenNotForHelper(name: String)
  /// A user name with a colon in it, which ends the name in such files.
  case colonInUsername

  /// What is wrong with an entry of `auths`.
  package enum EntryFault: Error, Hashable, Sendable {
    case notBase64, notUTF8, noColon, noUsername
  }

  /// What is wrong with a credential helper.
  package enum HelperFault: Error, Hashable, Sendable {
    case cannotStart(String)
    /// The helper said no, in these words.
    case exited(Int32, words: String)
    case signalled(Int32)
    case tookTooLong(Duration)
    case wroteTooMuch
    /// It said yes, but what it wrote is not `{"Username": …, "Secret": …}`.
    case malformedAnswer
  }
}

extension CredentialError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notJSON(let path, let error):
      "`\(path)` is not JSON: \(error); hint: correct it, or move it away"
    case .notAnObject(let path):
      "`\(path)` is not a JSON object; hint: correct it, or move it away"
    case .wrongType(let path, let key, let expected):
      "`\(printable(key))` in `\(path)` is not \(expected); hint: correct it, or take it out"
    case .malformedEntry(let path, let key, let fault):
      "the entry of `\(printable(key))` in `\(path)` is malformed: \(fault)"
        + "; hint: take it out, and log in again"
    case .unwritable(let path, let code):
      "cannot write `\(path)`: \(code.description.lowercased())"
        + "; hint: set `DOCKER_CONFIG` to a directory that can be written"
    case .noFile:
      "there is no place to keep credentials in; hint: set `HOME` or `DOCKER_CONFIG`"
    case .malformedHelperName(let name, let path):
      "`\(printable(name))` in `\(path)` is no name for a credential helper"
        + "; hint: it is what follows `docker-credential-`: letters, digits, `.`, `_` and `-`"
    case .helperNotFound(let name, let path):
      "`\(path)` asks for the credential helper `docker-credential-\(name)`, which is not in `PATH`"
        + "; hint: install it, or take `\(name)` out of that file"
    case .helperFailed(let name, let path, let fault):
      "the credential helper `docker-credential-\(name)` \(fault)"
        + "; hint: set it up, or take `\(name)` out of `\(path)`"
    case .registryTokenNotForHelper(let name):
      "the credential helper `docker-credential-\(name)` cannot keep a registry token"
        + "; hint: log in with a name and a password"
    case .colonInUsername:
      "a user name cannot have a colon in it; hint: what follows the colon may be the password"
    }
  }
}

extension CredentialError.EntryFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notBase64: "`auth` is not base64"
    case .notUTF8: "`auth` is not text"
    case .noColon: "`auth` has no colon between name and password"
    case .noUsername: "it has a password and no name"
    }
  }
}

extension CredentialError.HelperFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .cannotStart(let words): "cannot be started: \(words)"
    case .exited(let code, ""): "failed with exit code \(code) and did not say why"
    case .exited(let code, let words): "failed with exit code \(code): `\(words)`"
    case .signalled(let signal): "was killed by signal \(signal)"
    case .tookTooLong(let limit): "did not answer within \(limit.components.seconds) seconds"
    case .wroteTooMuch: "wrote more than a credential can be"
    case .malformedAnswer: "did not answer with a JSON object that has a `Secret`"
    }
  }
}
