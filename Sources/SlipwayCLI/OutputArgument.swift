import Archive
import BuildGraph
import DockerfileSyntax
import Engine
import Exporters
import OCI
import Reporting
import Slipway
import Snapshots
import SystemPackage

/// A value of `--output` as it was typed: a path alone, or the fields of a comma-separated record, with
/// quotes around those that have commas in them (docs.docker.com, "Exporters").
struct OutputArgument {
  enum Kind: String, CaseIterable {
    case image, registry, oci, docker, local, tar
  }

  private let text: String
  private let kind: Kind
  /// All but `type` and annotations.
  private var attributes: [String: String] = [:]
  private var annotations = ImageAnnotations()

  /// Throws `OutputProblem` and `AnnotationProblem`.
  init(_ text: String) throws {
    self.text = text
    guard text.contains("=") else {
      guard !text.isEmpty, !text.contains(",") else { throw OutputProblem.malformed(text) }
      kind = text == "-" ? .tar : .local
      attributes["dest"] = text
      return
    }
    guard let fields = CommaSeparatedFields.parse(text) else {
      throw OutputProblem.malformed(text)
    }
    var kindName: String?
    for field in fields {
      guard let equals = field.firstIndex(of: "=") else {
        throw OutputProblem.notAnAttribute(field, of: text)
      }
      let name = field[..<equals].trimmingBlanks
      let value = String(field[field.index(after: equals)...])
      if name.lowercased() == "type" {
        kindName = value
      } else if try !annotations.set(attribute: name, value) {
        attributes[name.lowercased()] = value
      }
    }
    guard let kindName else { throw OutputProblem.noKind(text) }
    guard let kind = Kind(rawValue: kindName) else { throw OutputProblem.unknownKind(kindName) }
    self.kind = kind
    for name in attributes.keys.sorted() where !kind.attributes.contains(name) {
      throw OutputProblem.unknownAttribute(name, of: kind)
    }
    if !kind.isImage, !annotations.isEmpty {
      throw OutputProblem.unknownAttribute("annotation", of: kind)
    }
  }

  /// What it means: an image that is to be pushed has two destinations.
  func outputs() throws -> [ImageOutput] {
    let form = kind.isImage ? try self.form() : ImageForm()
    let isPushed = try flag("push") ?? (kind == .registry)
    let names = try self.names()
    switch kind {
    case .image, .registry:
      let byDigest = try flag("push-by-digest") ?? false
      guard isPushed else {
        if byDigest { throw OutputProblem.pushByDigestWithoutPush }
        return [ImageOutput(.store, names: names, form: form)]
      }
      let pushed = ImageOutput(.registry(byDigest: byDigest), names: names, form: form)
      // What has no tag in a registry is given none here.
      let kept = ImageOutput(.store, names: byDigest ? [] : names, form: form)
      return kind == .registry ? [pushed] : [kept, pushed]
    default: return [ImageOutput(try fileDestination(), names: names, form: form)]
    }
  }

  // MARK: - Places

  private func fileDestination() throws -> ImageOutput.Destination {
    let isArchive = try flag("tar") ?? true
    switch kind {
    case .oci where isArchive: return .layout(archivePath, archive: true)
    case .docker where isArchive:
      return attributes["dest"] == nil ? .engine : .docker(archivePath)
    // Docker's form of a directory is the layout, too.
    case .oci, .docker: return .layout(try directoryPath(), archive: false)
    case .tar: return .tar(archivePath, platformFolders: try platformFolders())
    default: return .local(try directoryPath(), platformFolders: try platformFolders())
    }
  }

  /// Archives go to standard output where nobody says otherwise.
  private var archivePath: FilePath {
    attributes["dest"].flatMap { $0.isEmpty ? nil : FilePath($0) } ?? "-"
  }

  private func directoryPath() throws -> FilePath {
    guard let path = attributes["dest"], !path.isEmpty else {
      throw OutputProblem.noDestination(text)
    }
    guard path != "-" else { throw OutputProblem.directoryOnStandardOutput(text) }
    return FilePath(path)
  }

  private func platformFolders() throws -> PlatformFolders {
    switch try flag("platform-split") {
    case true?: .always
    case false?: .never
    case nil: .whenSeveral
    }
  }

  private func names() throws -> [Reference] {
    guard let list = attributes["name"], !list.isEmpty else { return [] }
    let byDigest = try flag("push-by-digest") ?? false
    return try list.split(separator: ",", omittingEmptySubsequences: false).map { name in
      let name = String(name[...].trimmingBlanks)
      if byDigest, name.split(separator: "/").last?.contains(":") == true {
        throw OutputProblem.tagWithDigest(name)
      }
      return try Reference.parse(newName: name)
    }
  }

  // MARK: - Form

  private func form() throws -> ImageForm {
    var form = ImageForm()
    form.compression = try compression()
    form.forceCompression = try flag("force-compression") ?? false
    if let usesOCI = try flag("oci-mediatypes") { form.mediaTypes = usesOCI ? .oci : .docker }
    form.annotations = annotations
    try form.checkMediaTypes()
    return form
  }

  private func compression() throws -> LayerEncoding.Compression {
    let name = attributes["compression"] ?? "gzip"
    switch name {
    // zlib's -1 is its standard level, and so it is here; 1 to 9 are about what they are there.
    case "gzip":
      let level = try level(of: name, in: -1...12)
      return .gzip(level: level == -1 ? BlockGzipWriter.standardLevel : level)
    // zstd's own word for its standard level is 0.
    case "zstd":
      let level = try level(of: name, in: 0...22, standard: 0)
      return .zstd(level: level == 0 ? ZstdWriter.standardLevel : level)
    case "uncompressed":
      if attributes["compression-level"] != nil { throw OutputProblem.levelOfUncompressed }
      return .uncompressed
    default: throw OutputProblem.unknownCompression(name)
    }
  }

  private func level(
    of compression: String, in range: ClosedRange<Int>, standard: Int = -1
  ) throws -> Int {
    guard let text = attributes["compression-level"] else { return standard }
    guard let level = Int(text), range.contains(level) else {
      throw OutputProblem.level(text, of: compression, range: range)
    }
    return level
  }

  /// A flag in Go's spellings; a name without a value is true, and nil is what was not said.
  private func flag(_ name: String) throws -> Bool? {
    guard let value = attributes[name] else { return nil }
    guard let isSet = value.isEmpty ? true : GoBoolean.value(value) else {
      throw OutputProblem.notBoolean(name, value)
    }
    return isSet
  }
}

extension OutputArgument.Kind {
  /// Whether it is an image that is written, and not its files alone.
  fileprivate var isImage: Bool { self != .local && self != .tar }

  /// The attributes that it has besides `type` and annotations.
  var attributes: [String] {
    let form = ["compression", "compression-level", "force-compression", "oci-mediatypes"]
    switch self {
    case .image, .registry: return ["name", "push", "push-by-digest"] + form
    case .oci, .docker: return ["dest", "name", "tar"] + form
    case .local, .tar: return ["dest", "platform-split"]
    }
  }
}

extension StringProtocol {
  /// Without blanks at either end.
  fileprivate var trimmingBlanks: String {
    var rest = self[...]
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}

/// What is wrong with an output.
enum OutputProblem: Error, Hashable, CustomStringConvertible {
  case malformed(String)
  case notAnAttribute(String, of: String)
  case noKind(String)
  case unknownKind(String)
  case unknownAttribute(String, of: OutputArgument.Kind)
  case notBoolean(String, String)
  case unknownCompression(String)
  case level(String, of: String, range: ClosedRange<Int>)
  case levelOfUncompressed
  case noDestination(String)
  case directoryOnStandardOutput(String)
  case tagWithDigest(String)
  case pushByDigestWithoutPush
  case severalOnStandardOutput
  case quietOnStandardOutput
  case terminal

  var description: String {
    switch self {
    case .malformed(let text):
      "`\(text)` is not an output; hint: `type=oci,dest=image.tar`, with quotes around a field that "
        + "has commas in it: `type=image,\"name=a,b\"`"
    case .notAnAttribute(let field, let text):
      "`\(field)` of `\(text)` is not `NAME=VALUE`; "
        + "hint: a field that has commas in it stands in quotes: `\"name=a,b\"`"
    case .noKind(let text): "`\(text)` has no type; hint: such as `type=oci,\(text)`"
    case .unknownKind(let name):
      "`\(name)` is not a type of output; hint: "
        + hint(for: name, among: OutputArgument.Kind.allCases.map(\.rawValue))
    case .unknownAttribute(let name, let kind):
      "`\(name)` is no attribute of `type=\(kind.rawValue)`; hint: "
        + (OutputProblem.elsewhere[name] ?? hint(for: name, among: kind.attributes))
    case .notBoolean(let name, let value):
      "`\(name)=\(value)` is neither true nor false; hint: `\(name)=true` or `\(name)=false`"
    case .unknownCompression(let name):
      "`\(name)` is not a compression that is written here; hint: "
        + hint(for: name, among: ["gzip", "zstd", "uncompressed"])
    case .level(let text, let compression, let range):
      "`\(text)` is not a level of \(compression); "
        + "hint: \(range.lowerBound) to \(range.upperBound), where "
        + "\(range.lowerBound) is the standard level"
    case .levelOfUncompressed:
      "`compression=uncompressed` has no level; hint: leave out `compression-level`"
    case .noDestination(let text): "`\(text)` has no `dest=`; hint: `dest=DIRECTORY`"
    case .directoryOnStandardOutput(let text):
      "`\(text)` is a directory, which cannot go to standard output; "
        + "hint: `type=tar`, or `dest=DIRECTORY`"
    case .tagWithDigest(let name):
      "`\(name)` has a tag, and `push-by-digest` writes none; hint: give the repository alone"
    case .pushByDigestWithoutPush:
      "`push-by-digest=true` says how to push, and nothing is pushed; hint: add `push=true`"
    case .severalOnStandardOutput:
      "only one output can go to standard output; hint: `dest=FILE` for the others"
    case .quietOnStandardOutput:
      "`--quiet` prints the digest to standard output, where an output goes already; "
        + "hint: `--progress quiet`, or `dest=FILE`"
    case .terminal: "an archive would spoil the terminal; hint: `dest=FILE`, or redirect"
    }
  }

  /// What buildx has as an attribute and is said in another way here.
  private static let elsewhere = [
    "context": "`DOCKER_HOST` names the engine",
    "registry.insecure": "`registries.conf` says which registries are insecure",
    "rewrite-timestamp":
      "leave it out; times are clamped unless there is `--timestamps preserve`",
  ]

  private func hint(for name: String, among known: [String]) -> String {
    Suggestion.hint(for: name, among: known)
      ?? known.map { "`\($0)`" }.joined(separator: ", ")
  }
}

/// What `--output`, `--push`, `--load` and `--annotation` ask for together.
struct OutputArguments {
  var outputs: [String] = []
  var pushes = false
  var loads = false
  var annotations: [String] = []

  /// As buildx puts them together: `--push` pushes what `type=image` asks for, and `--load` and
  /// `--push` come on top of the rest; annotations are for all images.
  func parsed() throws -> [ImageOutput] {
    var result = try outputs.flatMap { try OutputArgument($0).outputs() }
    if pushes, !result.contains(where: \.isRegistry) {
      let images = result.filter { $0.destination == .store }
      result += (images.isEmpty ? [ImageOutput(.store)] : images).map {
        ImageOutput(.registry(), names: $0.names, form: $0.form)
      }
    }
    if loads, !result.contains(where: { $0.destination == .engine }) {
      result.append(ImageOutput(.engine))
    }
    if result.count(where: \.isStandardOutput) > 1 {
      throw OutputProblem.severalOnStandardOutput
    }
    let annotations = try ImageAnnotations(parsing: self.annotations)
    guard !annotations.isEmpty else { return result }
    if result.isEmpty { result = [ImageOutput(.store)] }
    for index in result.indices {
      result[index].form.annotations.merge(annotations)
      try result[index].form.checkMediaTypes()
    }
    return result
  }
}

extension ImageOutput {
  fileprivate var isRegistry: Bool {
    if case .registry = destination { true } else { false }
  }
}
