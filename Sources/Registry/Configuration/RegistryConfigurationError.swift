import OCI
package import SystemPackage

/// What is wrong with the settings for registries, or what they do not allow.
package enum RegistryConfigurationError: Error, Hashable, Sendable {
  /// The settings forbid this image; where they do.
  case blocked(String, FilePath, line: Int)
  /// What stands for a registry and is no host.
  case malformedRegistry(String)
  /// The file that a variable names is not there.
  case missing(FilePath, variable: String)
  case malformedTOML(FilePath, SourceLine, TOMLFault)
  case malformedEntry(FilePath, SourceLine, EntryFault)
  case notJSON(FilePath, PreservedJSON.SyntaxError)
  /// A JSON file that is a list, a string or the like.
  case notAnObject(FilePath)
  case daemon(FilePath, _ key: String, _ value: String, DaemonFault)
  /// A `*.cert` without its `*.key`.
  case noKey(FilePath)
  /// A `*.key` without its `*.cert`.
  case noCertificate(FilePath)

  /// A line of a file, from 1.
  package struct SourceLine: Hashable, Sendable {
    package let number: Int
    package let text: String
  }

  /// What is wrong with an entry of `registries.conf`.
  package enum EntryFault: Error, Hashable, Sendable {
    case wrongType(key: String, expected: String)
    case noLocation
    case noMirrorLocation
    case hasScheme(String)
    case malformedLocation(String)
    /// A prefix with a tag or a digest.
    case namesOneImage(String)
    case unknownMirrorUse(String)
    /// `pull-from-mirror` where `mirror-by-digest-only` says it for all.
    case conflictingMirrorUse
  }

  /// What is wrong with a value of `daemon.json`.
  package enum DaemonFault: Error, Hashable, Sendable {
    case notStrings, noScheme, hasUser, malformedURL, notAHost
  }
}

extension RegistryConfigurationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .blocked(let name, let path, let line):
      "`\(name)` is blocked by `\(path):\(line)`; hint: take `blocked = true` out there"
    case .malformedRegistry(let text):
      "`\(printable(text))` is no registry; hint: it is `host` or `host:port`"
    case .missing(let path, let variable):
      "`\(path)`, which `\(variable)` names, does not exist; hint: correct the variable, or unset it"
    case .malformedTOML(let path, let line, let fault):
      "`\(path):\(line.number)` is not TOML: \(fault) in `\(line)`; hint: correct it, or move it away"
    case .malformedEntry(let path, let line, let fault):
      "`\(path):\(line.number)` is malformed: \(fault) in `\(line)`"
    case .notJSON(let path, let error):
      "`\(path)` is not JSON: \(error); hint: correct it, or move it away"
    case .notAnObject(let path):
      "`\(path)` is not a JSON object; hint: correct it, or move it away"
    case .daemon(let path, let key, let value, let fault):
      "`\(key)` in `\(path)` is malformed: \(fault.words(value))"
    case .noKey(let path):
      "the client certificate `\(path)` has no key beside it"
        + "; hint: put it there as `*.key`; the certificate of an authority is named `*.crt`"
    case .noCertificate(let path):
      "the key `\(path)` has no client certificate beside it; hint: put it there as `*.cert`"
    }
  }
}

extension RegistryConfigurationError.SourceLine: CustomStringConvertible {
  package var description: String {
    printable(text.drop { $0 == " " || $0 == "\t" })
  }
}

extension RegistryConfigurationError.EntryFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .wrongType(let key, let expected): "`\(key)` is not \(expected)"
    case .noLocation: "a registry needs a `prefix` or a `location`"
    case .noMirrorLocation: "a mirror needs a `location`"
    case .hasScheme(let text):
      "`\(printable(text))` is a URL, and a location is `host[:port][/namespace]`"
    case .malformedLocation(let text):
      "`\(printable(text))` is not `host[:port][/namespace]`"
    case .namesOneImage(let text):
      "`\(printable(text))` stands for one image, and settings are for registries and repositories"
    case .unknownMirrorUse(let text):
      "`\(printable(text))` is none of `all`, `digest-only` and `tag-only`"
    case .conflictingMirrorUse:
      "`pull-from-mirror` and the registry's `mirror-by-digest-only` exclude each other"
    }
  }
}

extension RegistryConfigurationError.DaemonFault {
  fileprivate func words(_ value: String) -> String {
    let value = printable(value)
    return switch self {
    case .notStrings: "it is not a list of strings"
    case .noScheme: "`\(value)` begins with neither `https://` nor `http://`"
    // Not the value: it may have a password in it.
    case .hasUser: "a mirror's URL has no user and password; hint: `slipway login` to the mirror"
    case .malformedURL: "`\(value)` is not the URL of a mirror"
    case .notAHost: "`\(value)` is neither a host, nor a range of addresses such as `10.0.0.0/8`"
    }
  }
}
