import BuildGraph
import DockerfileSyntax
import OCI
import Sandbox
import Slipway
import SystemPackage

/// What is wrong with an argument.
enum ArgumentProblem: Error, CustomStringConvertible {
  case assignment(String)
  case platform(String)
  case network(String)
  case host(String)
  case context(String)
  case contextKind(String)
  case bakeTarget(String)
  case inputTwice
  case secret(String)
  case unknownField(String, of: String, known: [String])
  case destinationWithoutPath(String)
  case digestAsName(String)
  case noAgent(String)
  case noSSHSource(String)
  case socketAmongKeys(String)
  case entitlement(String)
  case sharedMemorySize(String)
  case resourceLimit(String)
  case attestation(String)
  case attestationType(String)
  case volume(String)
  case terminalInput
  case terminalOutput

  var description: String {
    switch self {
    case .assignment(let text): "`\(text)` is not `NAME=VALUE`"
    case .platform(let text):
      "`\(text)` is not a platform; hint: it is `os/architecture[/variant]`, such as `linux/arm64`"
    case .network(let text): "`\(text)` is not a network; hint: `default`, `none` or `host`"
    case .host(let text): "`\(text)` is not `NAME:ADDRESS`"
    case .context(let text): "`\(text)` is not `NAME=CONTEXT`"
    case .contextKind(let text):
      "`\(text)` is a kind of context that this version does not read; "
        + "hint: a directory, an address of a git repository or of a file, `docker-image://`, "
        + "`oci-layout://` or `host:`"
    case .bakeTarget(let text):
      "`\(text)` is a target of `docker buildx bake`, of which there are none here; "
        + "hint: give a directory, an image or an address"
    case .inputTwice:
      "standard input cannot be both the build context and the Dockerfile; "
        + "hint: give one of them by its path"
    case .secret(let text):
      "`\(text)` is not a secret; hint: `id=ID,src=FILE` or `id=ID,env=VARIABLE`"
    case .unknownField(let field, let text, let known):
      "`\(field)` of `\(text)` is not known here; "
        + "hint: " + known.map { "`\($0)`" }.joined(separator: ", ")
    case .destinationWithoutPath(let text): "`\(text)` names no file; hint: `\(text)PATH`"
    case .digestAsName(let text):
      "`\(text)` is a digest, which is no name that can be given; hint: `NAME:TAG`"
    case .noAgent(let text):
      "there is no SSH agent for `\(text)`; hint: start one, or give its socket or the file of a "
        + "private key: `--ssh \(text)=PATH`"
    case .noSSHSource(let path):
      "there is nothing at `\(path)`; hint: give the socket of an SSH agent, or the files of private "
        + "keys: `--ssh default=$HOME/.ssh/id_ed25519`"
    case .socketAmongKeys(let path):
      "`\(path)` is the socket of an agent, which stands alone; hint: give keys, or an agent that "
        + "holds them"
    case .entitlement(let text):
      "`\(text)` is nothing that can be allowed; hint: `security.insecure` or `network.host`"
    case .sharedMemorySize(let text): "`\(text)` is not a size; hint: such as `64m` or `1g`"
    case .resourceLimit(let text):
      "`\(text)` is not a limit; hint: `NAME=SOFT[:HARD]`, a soft limit no higher than the hard one, "
        + "and the name one of "
        + ResourceLimit.Resource.allCases.map { "`\($0)`" }.joined(separator: ", ")
    case .attestation(let kind):
      "images get no attestations yet, and so no `\(kind)`; hint: leave it out, or make it `false`"
    case .attestationType(let text):
      "`\(text)` is not an attestation; hint: it is `type=KIND[,disabled=true]`"
    case .terminalInput:
      "there is nothing to load; hint: give an archive with `--input FILE`, or on standard input"
    case .terminalOutput:
      "an archive would spoil the terminal; hint: give a file with `--output FILE`, or redirect"
    case .volume(let text):
      "`\(text)` is not a volume; hint: `/path/here:/path/inside[:ro]`, both absolute or the first relative"
    }
  }
}

/// `NAME=VALUE` lists.
enum Assignment {
  /// A name alone takes its value from `environment`, and is left out where that has none.
  static func table(_ list: [String], environment: [String: String]) throws -> [String: String] {
    var result: [String: String] = [:]
    for text in list {
      guard let equals = text.firstIndex(of: "=") else {
        guard !text.isEmpty else { throw ArgumentProblem.assignment(text) }
        if let value = environment[text] { result[text] = value }
        continue
      }
      guard equals != text.startIndex else { throw ArgumentProblem.assignment(text) }
      result[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    return result
  }

  /// A name alone is a label without text.
  static func labels(_ list: [String]) -> [String: String] {
    var result: [String: String] = [:]
    for text in list {
      let end = text.firstIndex(of: "=") ?? text.endIndex
      result[String(text[..<end])] = String(text[end...].dropFirst())
    }
    return result
  }

  /// The fields of `key=value,"key=value"`; nil where a field has no `=`. A field that would be passed
  /// over is an error.
  static func fields(_ text: String, known: [String]) throws -> [String: String]? {
    guard let parsed = CommaSeparatedFields.parse(text) else { return nil }
    var result: [String: String] = [:]
    for field in parsed {
      guard let equals = field.firstIndex(of: "=") else { return nil }
      let name = field[..<equals].lowercased()
      guard known.contains(name) else {
        throw ArgumentProblem.unknownField(name, of: text, known: known)
      }
      result[name] = String(field[field.index(after: equals)...])
    }
    return result
  }
}

extension Reference {
  /// A name that an image can be given.
  static func parse(newName text: String) throws -> Reference {
    let reference = try Reference(text)
    guard reference.digest == nil else { throw ArgumentProblem.digestAsName(text) }
    return reference
  }
}

extension Platform {
  static func parse(_ text: String) throws -> Platform {
    guard let platform = Platform(text) else { throw ArgumentProblem.platform(text) }
    return platform
  }

  /// Platforms with commas between them, in several options.
  static func parse(list: [String]) throws -> [Platform] {
    try list.flatMap { $0.split(separator: ",") }.map { try parse(String($0)) }
  }
}

extension NetworkMode {
  static func parse(_ text: String) throws -> NetworkMode {
    switch text {
    case "default": return .sandbox
    case "none": return .none
    case "host": return .host
    default: throw ArgumentProblem.network(text)
    }
  }
}

extension ExtraHost {
  static func parse(_ text: String) throws -> ExtraHost {
    guard let separator = text.firstIndex(where: { $0 == ":" || $0 == "=" }),
      separator != text.startIndex
    else { throw ArgumentProblem.host(text) }
    let address = text[text.index(after: separator)...]
    return ExtraHost(
      name: String(text[..<separator]),
      address: address == "host-gateway"
        ? "127.0.0.1" : String(address.filter { !"[]".contains($0) }))
  }
}

extension BuildRequest.Entitlement {
  static func parse(_ text: String) throws -> BuildRequest.Entitlement {
    guard let entitlement = Self(rawValue: text) else { throw ArgumentProblem.entitlement(text) }
    return entitlement
  }
}

extension ByteCount {
  static func parse(sharedMemorySize text: String) throws -> Int64 {
    guard let size = parse(text), size >= 0 else { throw ArgumentProblem.sharedMemorySize(text) }
    return size
  }
}

extension ResourceLimit {
  /// `name=soft[:hard]`; `-1` is no limit.
  static func parse(_ text: String) throws -> ResourceLimit {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false)
    let bounds = (parts.last ?? "").split(separator: ":", omittingEmptySubsequences: false)
      .map { Int64($0).flatMap { $0 < -1 ? nil : UInt64(bitPattern: $0) } }
    guard parts.count == 2, let resource = Resource(name: String(parts[0])),
      (1...2).contains(bounds.count), let soft = bounds[0], let hard = bounds[bounds.count - 1],
      soft <= hard
    else { throw ArgumentProblem.resourceLimit(text) }
    return ResourceLimit(resource, soft: soft, hard: hard)
  }
}

extension BuildRequest.SecretSource {
  static func parse(_ text: String) throws -> (String, BuildRequest.SecretSource) {
    let known = ["id", "src", "source", "env", "type"]
    guard let fields = try Assignment.fields(text, known: known) else {
      throw ArgumentProblem.secret(text)
    }
    let file = fields["src"] ?? fields["source"]
    guard let id = fields["id"] ?? file, !id.isEmpty else { throw ArgumentProblem.secret(text) }
    if let name = fields["env"] { return (id, .environment(name)) }
    if let file { return (id, .file(FilePath(file))) }
    // As with buildx, a bare id is a variable of that name where there is one, else a file.
    return ProcessEnvironment.current[id] == nil
      ? (id, .file(FilePath(id))) : (id, .environment(id))
  }
}

extension String {
  func dropping(prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
