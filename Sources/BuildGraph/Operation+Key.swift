package import OCI

/// What of an operation is in a cache key. Equal keys over equal inputs mean interchangeable work;
/// nothing secret and nothing of this machine goes in.
///
/// The choices follow BuildKit (`solver/llbsolver/ops`): a custom cache id or its sharing, the
/// addresses of extra hosts, proxies and secrets change nothing; the mount targets do.
extension Operation {
  /// The operation's own part of the key; inputs are added by the solver.
  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .source(let source): source.encode(into: &encoder)
    case .execute(let execution): execution.encode(into: &encoder)
    case .file(let actions):
      encoder.add("operation", "file")
      encoder.add("actions", actions) { $1.encode(into: &$0) }
    case .merge: encoder.add("operation", "merge")
    }
  }
}

extension Source {
  func encode(into encoder: inout CanonicalEncoder) {
    encoder.add("operation", "source")
    switch self {
    case .scratch: encoder.add("kind", "scratch")
    case .image(let image):
      encoder.add("kind", "image")
      encoder.add("digest", image.descriptor.digest)
    case .context(let context):
      encoder.add("kind", "context")
      encoder.add("name", context.name)
    case .host: encoder.add("kind", "host")
    case .http(let http): http.encode(into: &encoder)
    case .git(let git): git.encode(into: &encoder)
    case .upload(let upload): upload.encode(into: &encoder)
    }
  }
}

extension Execution {
  func encode(into encoder: inout CanonicalEncoder) {
    encoder.add("operation", "execute")
    encoder.add("arguments", arguments)
    encoder.add("environment", environment)
    encoder.add("workingDirectory", workingDirectory)
    encoder.add("user", user)
    encoder.add("network", network.rawValue)
    encoder.add("security", security.rawValue)
    encoder.add("extraHosts", extraHosts.map(\.name))
    if let hostname { encoder.add("hostname", hostname) }
    encoder.add("platform", platform.description)
    encoder.add("mounts", mounts) { $1.encode(into: &$0) }
  }
}

extension ExecutionMount {
  func encode(into encoder: inout CanonicalEncoder) {
    encoder.add("target", target)
    switch kind {
    case .bind(let bind):
      encoder.add("kind", "bind")
      bind.encode(into: &encoder)
    case .cache(let cache):
      encoder.add("kind", "cache")
      encoder.add("id", cache.explicitID ? "" : cache.id)
      encoder.add("readOnly", cache.readOnly)
      encoder.add("seed", cache.seed.map { [$0] } ?? []) { $1.encode(into: &$0) }
    case .secret(let secret):
      encoder.add("kind", "secret")
      encoder.add("id", secret.id)
      encoder.add("asFile", secret.asFile)
      encoder.add("environmentName", secret.environmentName)
      encoder.add("owner", [String(secret.mode), String(secret.userID), String(secret.groupID)])
    case .ssh(let ssh):
      encoder.add("kind", "ssh")
      encoder.add("id", ssh.id)
      encoder.add("owner", [String(ssh.mode), String(ssh.userID), String(ssh.groupID)])
    case .tmpfs(let size):
      encoder.add("kind", "tmpfs")
      encoder.add("size", size ?? -1)
    case .file(let contents, let mode):
      encoder.add("kind", "file")
      encoder.add("contents", contents)
      encoder.add("mode", mode)
    }
  }
}

extension BindMount {
  func encode(into encoder: inout CanonicalEncoder) {
    encoder.add("input", input)
    encoder.add("source", source)
    encoder.add("writable", writable)
  }
}

extension FileAction {
  func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .copy(let copy):
      encoder.add("action", "copy")
      encoder.add("input", copy.input)
      encoder.add("sources", copy.sources)
      encoder.add("destination", copy.destination)
      encoder.add("owner", copy.owner)
      encoder.add("mode", copy.mode?.text)
      encoder.add("keepsParents", copy.keepsParents)
      encoder.add("excludes", copy.excludes)
      encoder.add("unpacksArchives", copy.unpacksArchives)
      encoder.add("followsNothing", copy.followsNothing)
      encoder.add("time", copy.time.map { String($0) })
    case .makeDirectory(let make):
      encoder.add("action", "makeDirectory")
      encoder.add("path", make.path)
      encoder.add("mode", make.mode)
      encoder.add("owner", make.owner)
      encoder.add("time", make.time.map { String($0) })
    case .makeFile(let make):
      encoder.add("action", "makeFile")
      encoder.add("name", make.name)
      encoder.add("destination", make.destination)
      encoder.add("contents", make.contents)
      encoder.add("owner", make.owner)
      encoder.add("mode", make.mode?.text)
      encoder.add("time", make.time.map { String($0) })
    }
  }
}

extension Operation {
  /// The digest of the operation's own part of a key.
  package var keyDigest: Digest {
    var encoder = CanonicalEncoder()
    encode(into: &encoder)
    return encoder.digest
  }
}
