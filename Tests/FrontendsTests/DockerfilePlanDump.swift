import BuildGraph
import OCI

/// A plan as text, a line a vertex: `2: execute [/bin/sh -c ls] in 1 …`. What has its default is
/// left out, so that a test shows what it is about.
struct DockerfilePlanDump {
  let plan: BuildPlan

  var lines: [String] {
    plan.vertices.enumerated().map { index, vertex in
      let inputs =
        vertex.inputs.isEmpty ? "" : " <- " + vertex.inputs.map(String.init).joined(separator: " ")
      let layer = plan.layerHistory[index].map { " layer@\($0)" } ?? ""
      let target = index == plan.target ? " target" : ""
      let cache = vertex.ignoresCache ? " nocache" : ""
      return "\(index): \(Self.text(vertex.operation))\(inputs)\(layer)\(cache)\(target)"
    }
  }

  var text: String { lines.joined(separator: "\n") }

  static func text(_ operation: Operation) -> String {
    switch operation {
    case .source(.scratch): "scratch"
    case .source(.image(let image)): "image \(image.reference)"
    case .source(.context(let context)): "context \(context.name.isEmpty ? "." : context.name)"
    case .source(.host): "host"
    case .source(.http(let http)):
      words(
        "http \(http.address)", "as \(http.fileName)",
        http.checksum.map { "is \($0.hex.prefix(8))" })
    case .source(.git(let git)): text(git)
    case .source(.upload(let upload)): "upload \(upload.fileName)"
    case .merge: "merge"
    case .file(let actions): actions.map(text).joined(separator: "; ")
    case .execute(let execution): text(execution)
    }
  }

  static func text(_ git: GitSource) -> String {
    words(
      "git \(git.remote)", git.reference.map { "#\($0)" }, git.subdirectory.map { ":\($0)" },
      git.checksum.map { "is \($0)" }, git.keepsGitDirectory ? "keep" : nil,
      git.fetchesSubmodules ? nil : "alone", git.fileTimes == .commit ? "times=commit" : nil)
  }

  static func text(_ action: FileAction) -> String {
    switch action {
    case .copy(let copy):
      words(
        copy.unpacksArchives ? "add" : "copy", list(copy.sources), "from \(copy.input)",
        "to \(copy.destination)", copy.owner.map { "owner=\($0)" },
        copy.mode.map { "mode=\($0.text)" }, copy.keepsParents ? "parents" : nil,
        copy.excludes.isEmpty ? nil : "exclude=" + list(copy.excludes),
        copy.followsNothing ? "nofollow" : nil)
    case .makeDirectory(let make):
      words(
        "mkdir \(make.path)", make.mode == 0o755 ? nil : "mode=\(String(make.mode, radix: 8))",
        make.owner.map { "owner=\($0)" })
    case .makeFile(let make):
      words(
        "mkfile \(make.name) to \(make.destination)",
        "\"" + String(decoding: make.contents, as: UTF8.self).replacing("\n", with: "\\n") + "\"",
        make.owner.map { "owner=\($0)" }, make.mode.map { "mode=\($0.text)" })
    }
  }

  /// Without `PATH`, which every step has.
  static func text(_ execution: Execution) -> String {
    let environment = execution.environment.filter { !$0.hasPrefix("PATH=") }
    return words(
      "run " + list(execution.arguments).replacing("\n", with: "\\n"),
      environment.isEmpty ? nil : "env=" + list(environment),
      execution.unkeyedEnvironment.isEmpty
        ? nil : "unkeyed=" + list(execution.unkeyedEnvironment),
      execution.workingDirectory == "/" ? nil : "cwd=\(execution.workingDirectory)",
      execution.user.map { "user=\($0)" },
      execution.network == .sandbox ? nil : "network=\(execution.network)",
      execution.security == .sandbox ? nil : "security=\(execution.security)",
      execution.extraHosts.isEmpty
        ? nil : "hosts=" + list(execution.extraHosts.map { "\($0.name):\($0.address)" }),
      execution.platform == Platform(os: "linux", architecture: "amd64")
        ? nil : "platform=\(execution.platform)",
      execution.mounts.isEmpty ? nil : "mounts=" + list(execution.mounts.map(text)))
  }

  static func text(_ mount: ExecutionMount) -> String {
    switch mount.kind {
    case .bind(let bind):
      "\(mount.target)=bind(\(bind.input):\(bind.source)\(bind.writable ? " rw" : ""))"
    case .cache(let cache):
      "\(mount.target)=cache("
        + words(
          cache.id, cache.explicitID ? "explicit" : nil,
          cache.sharing == .shared ? nil : cache.sharing.rawValue,
          cache.seed.map { "seed=\($0.input):\($0.source)" },
          owner(cache.mode, 0o755, cache.userID, cache.groupID),
          cache.readOnly ? "ro" : nil) + ")"
    case .secret(let secret):
      "\(mount.target)=secret("
        + words(
          secret.id, secret.required ? "required" : nil,
          secret.environmentName.map { "env=\($0)" }, secret.asFile ? nil : "nofile",
          owner(secret.mode, 0o400, secret.userID, secret.groupID)) + ")"
    case .ssh(let ssh):
      "\(mount.target)=ssh("
        + words(
          ssh.id, ssh.required ? "required" : nil, owner(ssh.mode, 0o600, ssh.userID, ssh.groupID))
        + ")"
    case .tmpfs(let size): "\(mount.target)=tmpfs(\(size.map(String.init) ?? ""))"
    case .file(let contents, let mode):
      "\(mount.target)=file(\(String(mode, radix: 8)) "
        + String(decoding: contents, as: UTF8.self).replacing("\n", with: "\\n") + ")"
    }
  }

  private static func owner(
    _ mode: UInt16, _ usual: UInt16, _ user: UInt32, _ group: UInt32
  ) -> String? {
    mode == usual && user == 0 && group == 0
      ? nil : "\(String(mode, radix: 8)) \(user):\(group)"
  }

  private static func list(_ items: [String]) -> String {
    "[" + items.joined(separator: " ") + "]"
  }

  private static func words(_ parts: String?...) -> String {
    parts.compactMap(\.self).joined(separator: " ")
  }
}
