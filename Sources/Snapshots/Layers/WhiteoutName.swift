internal import Archive

/// The names by which a layer's tar says what is gone (image-spec, layer.md, "Whiteouts").
enum WhiteoutName: Hashable {
  /// `.wh.<name>`: the lower layers' `path` is gone.
  case whiteout(TreePath)
  /// `.wh..wh..opq`: all that lower layers have in the directory is gone.
  case opaque(TreePath)
  /// `.wh..wh.*`: the records of AUFS, which are no part of the image.
  case ignored

  static let prefix = Array(".wh.".utf8)
  static let opaqueMarker = Array(".wh..wh..opq".utf8)
  private static let metadataPrefix = Array(".wh..wh.".utf8)

  /// What the path of a tar entry says; nil for an ordinary file.
  ///
  /// A whiteout of `.`, `..` or of nothing, and an entry below a whiteout, are refused: to take them
  /// literally would delete the directory they lie in, or its parent.
  init?(of path: TreePath) throws(LayerError) {
    guard Self.mayOccur(in: path.bytes) else { return nil }
    let components = path.components
    if components.contains(where: { $0.starts(with: Self.metadataPrefix) }) {
      let isMarker = components.last.map { $0.elementsEqual(Self.opaqueMarker) } ?? false
      let rest = components.dropLast()
      guard isMarker, !rest.contains(where: { $0.starts(with: Self.prefix) }) else {
        self = .ignored
        return
      }
      self = .opaque(path.parent)
      return
    }
    if components.dropLast().contains(where: { $0.starts(with: Self.prefix) }) {
      throw .refused(path, .badWhiteout)
    }
    guard let name = components.last, name.starts(with: Self.prefix) else { return nil }
    let hidden = name.dropFirst(Self.prefix.count)
    if hidden.isEmpty || hidden.elementsEqual([Self.dot])
      || hidden.elementsEqual([Self.dot, Self.dot])
    {
      throw .refused(path, .badWhiteout)
    }
    self = .whiteout(path.parent.appending(hidden))
  }

  /// The path of the tar entry that hides `path`.
  static func entry(hiding path: TreePath) -> [UInt8] {
    path.parent.appending(prefix + path.name).bytes
  }

  /// Whether a component starts with `.wh.`, in one look: nearly none does.
  private static func mayOccur(in path: [UInt8]) -> Bool {
    path.withUnsafeBufferPointer { bytes in
      var start = 0
      while start + 4 <= bytes.count {
        if bytes[start] == dot, bytes[start + 1] == UInt8(ascii: "w"),
          bytes[start + 2] == UInt8(ascii: "h"), bytes[start + 3] == dot
        {
          return true
        }
        guard let slash = bytes[start...].firstIndex(of: UInt8(ascii: "/")) else { return false }
        start = slash + 1
      }
      return false
    }
  }

  private static var dot: UInt8 { UInt8(ascii: ".") }
}

extension TreePath {
  /// Refuses a file that would read as a whiteout in an image.
  func checkName() throws(LayerError) {
    if name.starts(with: WhiteoutName.prefix) { throw .refused(self, .reservedName) }
  }
}

/// Which extended attributes are part of a layer.
enum LayerAttributes {
  private static let user = Array("user.".utf8)
  private static let capability = Array("security.capability".utf8)
  private static let overlay = Array("user.overlay.".utf8)

  /// Those of users and file capabilities: not those of overlayfs, with which a layer could point
  /// outside of itself, and not those that depend on the machine (labels, access lists) or that only
  /// root sees. A layer is the same whoever makes it.
  static func isKept(_ name: [UInt8]) -> Bool {
    name == capability || (name.starts(with: user) && !name.starts(with: overlay))
  }
}

extension FileMetadata {
  /// Without the extended attributes that are no part of a layer.
  var layerMetadata: FileMetadata {
    if extendedAttributes.allSatisfy({ LayerAttributes.isKept($0.name) }) { return self }
    var result = self
    result.extendedAttributes.removeAll { !LayerAttributes.isKept($0.name) }
    return result
  }

  /// A directory that nobody described, as every unpacker makes it.
  static let implicitDirectory = FileMetadata(kind: .directory, permissions: 0o755)
}
