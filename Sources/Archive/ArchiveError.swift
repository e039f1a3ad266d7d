internal import Glibc

/// Why an archive could not be read or written.
package enum ArchiveError: Error, Hashable, Sendable {
  /// Why a path must not be extracted.
  package enum PathReason: String, Hashable, Sendable {
    case absolute = "it is absolute"
    case nulByte = "it contains a NUL byte"
    case parentComponent = "it contains a `..` component"
    case notCanonical = "it is not in canonical form"
  }

  /// What in a tar header is wrong, by the field's name in the specification.
  package enum HeaderFault: Error, Hashable, Sendable {
    case checksum
    case field(String)
    case noName
    case type(UInt8)
    case sparse
    /// The map of a sparse file's data.
    case sparseMap
    case extendedHeader(String)
    case extensionTooLong(length: Int64, limit: Int64)
    case danglingExtension
    case loneZeroBlock
  }

  /// A tar header makes no sense, or asks for what is not supported. `offset` is in the tar stream.
  case badHeader(HeaderFault, offset: Int64)
  /// The stream ends in the middle of something.
  case truncated(String)
  /// A path that could lead out of where it belongs.
  case unsafePath([UInt8], reason: PathReason)
  /// More bytes than were allowed.
  case tooLarge(limit: Int64)
  /// Compressed data does not decode; the text is the library's.
  case corrupt(CompressionFormat, String)
  /// Something follows the end of the compressed data.
  case trailingGarbage(CompressionFormat)
  /// A format that is recognised and not read.
  case unsupportedCompression(CompressionFormat)
  /// A value that the tar format, or its readers, cannot take.
  case unrepresentable(String, path: [UInt8])
  /// The contents written for an entry are not as long as its size said.
  case sizeMismatch(path: [UInt8], expected: Int64, actual: Int64)
  /// A block index that does not fit its blob.
  case badBlockIndex(String)
  /// A system call failed.
  case system(call: String, errno: Int32)
  /// A compression library refused to start: out of memory, or an unknown level.
  case compressorUnavailable(CompressionFormat, level: Int)
  /// Compressed data that takes more memory to read than it may.
  case needsMemory(CompressionFormat, limit: UInt64)
  /// A decompression library refused to start, or to go on: out of memory.
  case decompressorUnavailable(CompressionFormat)
}

extension ArchiveError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .badHeader(let fault, let offset):
      return "the tar archive is malformed at byte \(offset): \(fault)"
    case .truncated(let what):
      return "the archive ends in the middle of \(what)\nhint: it was cut short; fetch it again"
    case .unsafePath(let path, let reason):
      return "the archive holds the path `\(Self.text(path))`, which is refused: \(reason.rawValue)"
    case .tooLarge(let limit):
      return "the archive unpacks to more than the \(limit) bytes allowed"
    case .corrupt(let format, let detail):
      return "the \(format.rawValue) data is corrupt: \(detail)"
    case .trailingGarbage(let format):
      return "there is garbage after the end of the \(format.rawValue) data"
    case .unsupportedCompression(let format):
      return "archives compressed with \(format.rawValue) are not read\n"
        + "hint: compress it with gzip or zstd"
    case .unrepresentable(let what, let path):
      return "`\(Self.text(path))` cannot be put into a tar archive: \(what)"
    case .sizeMismatch(let path, let expected, let actual):
      return "the contents of `\(Self.text(path))` are \(actual) bytes, not \(expected)\n"
        + "hint: the file changed while it was read; build again when nothing writes to it"
    case .badBlockIndex(let detail):
      return "the index of the gzip blocks does not fit the data: \(detail)"
    case .system(let call, let code):
      return "`\(call)` failed: \(String(cString: strerror(code)))"
    case .compressorUnavailable(let format, let level):
      return "cannot start \(format.rawValue) compression at level \(level)"
    case .needsMemory(let format, let limit):
      return "the \(format.rawValue) data takes more than \(limit >> 20) MiB of memory to read\n"
        + "hint: compress it with a smaller dictionary, such as that of `xz -9`"
    case .decompressorUnavailable(let format):
      return "there is no memory to decompress \(format.rawValue)"
    }
  }

  /// A path for people: what is not printable ASCII or valid UTF-8 is escaped, so that an archive
  /// cannot write to the terminal.
  static func text(_ path: [UInt8]) -> String {
    let shown = path.prefix(256)
    var result = ""
    for scalar in String(decoding: shown, as: UTF8.self).unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
        result += scalar.escaped(asASCII: true)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return shown.count < path.count ? result + "…" : result
  }
}

extension ArchiveError.HeaderFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .checksum: "the checksum of a header is wrong"
    case .field(let name): "the field `\(name)` is not a number in range"
    case .noName: "an entry has no name"
    case .type(let type): "entries of type \(Self.character(type)) are not supported"
    case .sparse: "sparse files are not supported\nhint: create the archive without `--sparse`"
    case .sparseMap: "the map of a sparse file makes no sense"
    case .extendedHeader(let detail): "an extended header is malformed: \(detail)"
    case .extensionTooLong(let length, let limit):
      "an extended header or long name of \(length) bytes is longer than the \(limit) allowed"
    case .danglingExtension: "an extended header is not followed by its entry"
    case .loneZeroBlock: "a lone zero block is followed by more data"
    }
  }

  private static func character(_ type: UInt8) -> String {
    (0x21...0x7e).contains(type) ? "`\(Character(Unicode.Scalar(type)))`" : "\(type)"
  }
}
