import Archive
import OCI

/// An archive of images, read once from its start to its end: its files lie in the staging area, named
/// by their digests, and here is what their paths were.
final class SpooledArchive: BlobOrigin {
  private enum Member {
    case file(Digest, size: Int64)
    /// A symbolic or hard link, with the path in the archive that it leads to.
    case link([UInt8])
  }

  private static let mostLinks = 40

  private let staging: ContentStore
  private let limits: ImportLimits
  private var members: [[UInt8]: Member] = [:]

  init(
    reading source: any ByteSource, into staging: ContentStore, limits: ImportLimits,
    progress: @escaping TransferProgress
  ) throws {
    self.staging = staging
    self.limits = limits
    let compressed = CountingSource(source, progress: progress)
    let (format, contents) = try CompressionFormat.decompressing(compressed)
    let bounded = RatioLimitedSource(
      contents, compressed: compressed, floor: limits.unpackedFloor, ratio: limits.unpackedRatio)
    let reader = TarReader(format == .none ? contents : bounded)
    var count = 0
    while let entry = try reader.next() {
      count += 1
      guard count <= limits.entryCount else {
        throw ImportError.tooMany("entries in the archive", limit: limits.entryCount)
      }
      try add(entry, reader)
    }
    // Only at its end is a compressed stream known to be whole.
    try reader.drain()
  }

  /// A blob of an archive was staged with all others; if it is not there, it is missing.
  func stage(_ descriptor: Descriptor, in staging: ContentStore) -> Bool {
    staging.contains(descriptor)
  }

  private func add(_ entry: TarEntry, _ reader: TarReader) throws {
    let path = try entry.validatedPath(absolute: .refuse)
    let name = String(decoding: path, as: UTF8.self)
    let member: Member
    switch entry.metadata.kind {
    case .directory: return
    case .regular: member = try stage(entry, at: name, reader)
    case .hardLink: member = .link(try entry.validatedHardLinkTarget(absolute: .refuse))
    case .symbolicLink: member = .link(try Self.target(of: entry, at: path, name: name))
    case .characterDevice, .blockDevice:
      throw ImportError.member(name, .unsupportedKind("a device"))
    case .fifo: throw ImportError.member(name, .unsupportedKind("a named pipe"))
    }
    guard members.updateValue(member, forKey: path) == nil else {
      throw ImportError.member(name, .duplicate)
    }
  }

  private func stage(_ entry: TarEntry, at name: String, _ reader: TarReader) throws -> Member {
    let blob = StagedBlobSink(try BlobWriter(store: staging))
    try reader.copyContents(to: blob)
    let digest = try blob.commit()
    let prefix = "blobs/sha256/"
    if name.hasPrefix(prefix), name.dropFirst(prefix.count) != digest.hex {
      throw ImportError.member(name, .wrongDigest(actual: digest))
    }
    return .file(digest, size: blob.size)
  }

  /// Where a symbolic link leads, by its text alone. Old versions of Docker write a layer that several
  /// images have as a link into another one's folder, `../<id>/layer.tar`.
  private static func target(of entry: TarEntry, at path: [UInt8], name: String) throws -> [UInt8] {
    let target = entry.metadata.linkTarget
    let leadsOut = ImportError.member(
      name, .linkLeadsOut(target: String(decoding: target, as: UTF8.self)))
    guard target.first != UInt8(ascii: "/"), !target.contains(0) else { throw leadsOut }
    var components = path.split(separator: UInt8(ascii: "/")).dropLast().map { Array($0) }
    for component in target.split(separator: UInt8(ascii: "/")) {
      switch Array(component) {
      case [0x2e]: break
      case [0x2e, 0x2e]:
        guard components.popLast() != nil else { throw leadsOut }
      case let name: components.append(name)
      }
    }
    return Array(components.joined(separator: [UInt8(ascii: "/")]))
  }

  /// The file at a path, links followed; nil where there is none.
  private func file(at path: String) throws -> (digest: Digest, size: Int64)? {
    var current = Array(path.utf8)
    for _ in 0...Self.mostLinks {
      switch members[current] {
      case .file(let digest, let size): return (digest, size)
      case .link(let target): current = target
      case nil: return nil
      }
    }
    throw ImportError.member(path, .linkLoop)
  }

  private func document(at path: String) throws -> [UInt8]? {
    guard let file = try file(at: path) else { return nil }
    guard file.size <= limits.documentSize else {
      throw ImportError.documentTooLarge("`\(path)`", size: file.size, limit: limits.documentSize)
    }
    return try staging.read(
      Descriptor(mediaType: .empty, digest: file.digest, size: file.size))
  }
}

// MARK: - What is in it

extension SpooledArchive {
  /// The images of the archive.
  ///
  /// What Docker writes today is a layout and a docker archive at once. The layout is believed, as
  /// containerd does: it keeps the digests of manifests and the images of other platforms. Names that
  /// only `manifest.json` has are taken from there.
  func images(limits: ImportLimits) throws -> [NamedImage] {
    let manifests = try document(at: DockerManifest.fileName).map { bytes in
      try Document.decode(
        [DockerManifest].self, from: bytes, origin: DockerManifest.fileName)
    }
    if let marker = try document(at: LayoutMarker.fileName),
      let index = try document(at: LayoutMarker.indexName)
    {
      var images = try layoutImages(marker, index)
      for manifest in manifests ?? [] { try addNames(of: manifest, to: &images) }
      try checkNames(of: images)
      return images
    }
    guard let manifests else {
      if try document(at: "repositories") != nil { throw ImportError.outdatedDockerArchive }
      throw ImportError.notAnImageArchive
    }
    let images = try dockerImages(manifests)
    try checkNames(of: images)
    return images
  }

  private func checkNames(of images: [NamedImage]) throws {
    guard images.reduce(0, { $0 + $1.names.count }) <= limits.nameCount else {
      throw ImportError.tooMany("names of images", limit: limits.nameCount)
    }
  }

  private func layoutImages(_ marker: [UInt8], _ index: [UInt8]) throws -> [NamedImage] {
    let marker = try Document.decode(
      LayoutMarker.self, from: marker, origin: LayoutMarker.fileName)
    guard marker.isSupported else { throw ImportError.layoutVersion(marker.imageLayoutVersion) }
    let index = try Document.decode(
      ImageIndex.self, from: index, origin: LayoutMarker.indexName)
    return try LayoutCatalogue(index).images(limits: limits)
  }

  private func addNames(of docker: DockerManifest, to images: inout [NamedImage]) throws {
    guard let config = try file(at: docker.config)?.digest else { return }
    for position in images.indices where images[position].names.isEmpty {
      let descriptor = images[position].descriptor
      guard descriptor.mediaType.isManifest, descriptor.size <= limits.documentSize,
        staging.contains(descriptor),
        let manifest = try? Image(descriptor, in: staging).manifest(),
        manifest.config.digest == config
      else { continue }
      images[position].names = try names(of: docker)
    }
  }

  private func names(of docker: DockerManifest) throws -> [Reference] {
    var names: [Reference] = []
    for text in docker.repositoryTags ?? [] {
      guard let name = try LayoutCatalogue.tagged(text), !names.contains(name) else { continue }
      names.append(name)
    }
    return names
  }

  private func dockerImages(_ manifests: [DockerManifest]) throws -> [NamedImage] {
    if manifests.isEmpty { throw ImportError.noImages }
    guard manifests.count <= limits.manifestCount else {
      throw ImportError.tooMany("images", limit: limits.manifestCount)
    }
    return try manifests.map { docker in
      guard docker.layers.count <= limits.layerCount else {
        throw ImportError.tooMany("layers in one image", limit: limits.layerCount)
      }
      let config = try descriptor(of: docker.config, as: .configuration)
      let layers = try docker.layers.map { try descriptor(of: $0, as: nil) }
      let manifest = Manifest(config: config, layers: layers)
      return NamedImage(
        descriptor: try staging.add(JSON.encode(manifest), as: .manifest),
        names: try names(of: docker))
    }
  }

  /// `type` nil stands for a layer, whose type its compression says.
  private func descriptor(of path: String, as type: MediaType?) throws -> Descriptor {
    guard let file = try file(at: path) else {
      throw ImportError.missingMember(path, wantedBy: "`\(DockerManifest.fileName)`")
    }
    let mediaType = try type ?? layerType(of: file.digest)
    return Descriptor(mediaType: mediaType, digest: file.digest, size: file.size)
  }

  private func layerType(of digest: Digest) throws -> MediaType {
    var start = [UInt8](repeating: 0, count: CompressionFormat.magicLength)
    let source = try BlobSource(opening: staging.path(of: digest))
    let count = try start.withUnsafeMutableBytes { try source.readFully(into: $0) }
    let format = CompressionFormat.detect(start.prefix(count))
    switch format {
    case .none: return .layer
    case .gzip: return .layerGzip
    case .zstd: return .layerZstd
    case .bzip2, .xz: throw ArchiveError.unsupportedCompression(format)
    }
  }
}
