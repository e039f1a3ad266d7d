/// One field of a tar header block.
///
/// The block is 512 bytes (POSIX.1-2017, pax, "ustar Interchange Format"):
///
///     offset  size  field      meaning
///          0   100  name       NUL-terminated unless it fills the field
///        100     8  mode       numbers are octal digits, ended by a NUL or a space
///        108     8  uid
///        116     8  gid
///        124    12  size       of the contents that follow, padded to whole blocks
///        136    12  mtime      seconds since 1970
///        148     8  chksum     sum of all bytes of the block, this field as spaces
///        156     1  typeflag
///        157   100  linkname
///        257     6  magic      "ustar\0"; GNU: "ustar "; absent in v7, as all that follows
///        263     2  version    "00"; GNU: " \0"
///        265    32  uname
///        297    32  gname
///        329     8  devmajor
///        337     8  devminor
///        345   155  prefix     of the name, to be joined with a slash; GNU keeps times here
///        500    12             padding; star ends its prefix at 131 and has "tar\0" at 508
struct TarField {
  let name: String
  let offset: Int
  let length: Int

  static let name = TarField(name: "name", offset: 0, length: 100)
  static let mode = TarField(name: "mode", offset: 100, length: 8)
  static let userID = TarField(name: "uid", offset: 108, length: 8)
  static let groupID = TarField(name: "gid", offset: 116, length: 8)
  static let size = TarField(name: "size", offset: 124, length: 12)
  static let modificationTime = TarField(name: "mtime", offset: 136, length: 12)
  static let checksum = TarField(name: "chksum", offset: 148, length: 8)
  static let typeFlag = TarField(name: "typeflag", offset: 156, length: 1)
  static let linkName = TarField(name: "linkname", offset: 157, length: 100)
  static let magic = TarField(name: "magic", offset: 257, length: 6)
  static let version = TarField(name: "version", offset: 263, length: 2)
  static let deviceMajor = TarField(name: "devmajor", offset: 329, length: 8)
  static let deviceMinor = TarField(name: "devminor", offset: 337, length: 8)
  static let prefix = TarField(name: "prefix", offset: 345, length: 155)
  /// GNU's, of an entry of type `S`: the size of the file with its holes.
  static let sparseSize = TarField(name: "realsize", offset: 483, length: 12)
  static let starPrefix = TarField(name: "prefix", offset: 345, length: 131)

  /// The largest number that the field holds in octal, with its terminator.
  var largestOctal: Int64 { (1 << (3 * Int64(length - 1))) - 1 }
}

/// What an entry, or an extension before an entry, is.
enum TarType {
  static let oldRegular: UInt8 = 0
  static let regular = UInt8(ascii: "0")
  static let hardLink = UInt8(ascii: "1")
  static let symbolicLink = UInt8(ascii: "2")
  static let characterDevice = UInt8(ascii: "3")
  static let blockDevice = UInt8(ascii: "4")
  static let directory = UInt8(ascii: "5")
  static let fifo = UInt8(ascii: "6")
  static let contiguous = UInt8(ascii: "7")
  static let extendedHeader = UInt8(ascii: "x")
  static let globalExtendedHeader = UInt8(ascii: "g")
  static let gnuLongName = UInt8(ascii: "L")
  static let gnuLongLink = UInt8(ascii: "K")
  static let gnuSparse = UInt8(ascii: "S")
}

enum TarBlock {
  static let size = 512

  /// The sum of all bytes; wrapping, which 512 of them cannot, lets the compiler add many at once.
  static func sum(_ block: UnsafeRawBufferPointer) -> UInt32 {
    var sum: UInt32 = 0
    for byte in block { sum &+= UInt32(byte) }
    return sum
  }

  /// How many bytes of padding follow contents of this length.
  static func padding(after length: Int64) -> Int {
    Int(-length & Int64(size - 1))
  }
}

/// Fills in one header block, in place.
struct TarHeaderEncoder {
  private let block: UnsafeMutableRawBufferPointer

  /// `block` must be 512 bytes; it is cleared.
  init(_ block: UnsafeMutableRawBufferPointer) {
    self.block = block
    _ = block.initializeMemory(as: UInt8.self, repeating: 0)
  }

  /// Puts as much of `bytes` as there is room for.
  func put(_ bytes: ArraySlice<UInt8>, in field: TarField) {
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(rebasing: block[field.offset..<field.offset + field.length])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source.prefix(field.length)))
    }
  }

  /// Puts a text that fits.
  func put(_ text: StaticString, in field: TarField) {
    for index in 0..<text.utf8CodeUnitCount { block[field.offset + index] = text.utf8Start[index] }
  }

  /// Zero-padded octal digits and a NUL; 0 for what does not fit, which an extended header then has.
  func put(_ number: Int64, in field: TarField) {
    var rest = (0...field.largestOctal).contains(number) ? number : 0
    for index in stride(from: field.offset + field.length - 2, through: field.offset, by: -1) {
      block[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest & 7)
      rest >>= 3
    }
  }

  func put(type: UInt8) {
    block[TarField.typeFlag.offset] = type
  }

  /// Marks the block as ustar and seals it with its checksum; to be called last.
  func seal() {
    put("ustar", in: .magic)
    put("00", in: .version)
    let field = TarField.checksum
    put("        ", in: field)
    var sum = TarBlock.sum(UnsafeRawBufferPointer(block))
    // Six digits, a NUL, and the space that is there: the form every tar has written since v7.
    for index in stride(from: field.offset + 5, through: field.offset, by: -1) {
      block[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: sum & 7)
      sum >>= 3
    }
    block[field.offset + 6] = 0
  }
}

/// Reads the fields of one header block, trusting none of them.
struct TarHeaderDecoder {
  enum Dialect { case v7, ustar, star, gnu }

  private let block: UnsafeRawBufferPointer
  let dialect: Dialect

  /// `block` must be 512 bytes, and outlive the decoder.
  init(_ block: UnsafeRawBufferPointer) {
    self.block = block
    let magic = block[TarField.magic.offset..<TarField.magic.offset + TarField.magic.length]
    if magic.elementsEqual("ustar\0".utf8) {
      dialect = block[508..<512].elementsEqual("tar\0".utf8) ? .star : .ustar
    } else if magic.elementsEqual("ustar ".utf8) {
      dialect = .gnu
    } else {
      dialect = .v7
    }
  }

  static func isZero(_ block: UnsafeRawBufferPointer) -> Bool {
    block.allSatisfy { $0 == 0 }
  }

  var type: UInt8 { block[TarField.typeFlag.offset] }

  /// Whether a byte is set.
  func hasFlag(at offset: Int) -> Bool { block[offset] != 0 }

  /// Throws unless the checksum is right; some old tars summed signed bytes, which is allowed.
  func verifyChecksum() throws(HeaderFault) {
    let field = TarField.checksum
    guard let expected = try? number(field) else { throw .checksum }
    let own = UnsafeRawBufferPointer(rebasing: block[field.offset..<field.offset + field.length])
    let spaces = Int64(UInt8(ascii: " ")) * Int64(field.length)
    let unsigned = Int64(TarBlock.sum(block)) - Int64(TarBlock.sum(own)) + spaces
    if expected == unsigned { return }
    let negative = block.count { $0 >= 0x80 } - own.count { $0 >= 0x80 }
    guard expected == unsigned - 256 * Int64(negative) else { throw .checksum }
  }

  /// The bytes of a field up to its first NUL.
  func bytes(_ field: TarField) -> [UInt8] {
    Array(block[field.offset..<field.offset + field.length].prefix { $0 != 0 })
  }

  /// The name, joined with its prefix where the dialect has one.
  var name: [UInt8] {
    let name = bytes(.name)
    let prefix =
      switch dialect {
      case .ustar: bytes(.prefix)
      case .star: bytes(.starPrefix)
      case .v7, .gnu: [UInt8]()
      }
    return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
  }

  /// A number in octal, or in base 256 as GNU and star write what octal cannot hold.
  func number(_ field: TarField) throws(HeaderFault) -> Int64 {
    let bytes = UnsafeRawBufferPointer(
      rebasing: block[field.offset..<field.offset + field.length])
    return bytes[0] & 0x80 != 0 ? try base256(bytes, field) : try octal(bytes, field)
  }

  /// A number that must not be negative.
  func naturalNumber(_ field: TarField) throws(HeaderFault) -> Int64 {
    let value = try number(field)
    if value < 0 { throw .field(field.name) }
    return value
  }

  /// A user, group or device number.
  func smallNumber(_ field: TarField) throws(HeaderFault) -> UInt32 {
    guard let value = UInt32(exactly: try number(field)) else { throw .field(field.name) }
    return value
  }

  private func octal(
    _ bytes: UnsafeRawBufferPointer, _ field: TarField
  ) throws(HeaderFault) -> Int64 {
    func isFiller(_ byte: UInt8) -> Bool { byte == 0 || byte == UInt8(ascii: " ") }
    var result: Int64 = 0
    var index = 0
    while index < bytes.count, isFiller(bytes[index]) { index += 1 }
    while index < bytes.count, (0x30...0x37).contains(bytes[index]) {
      // Twelve digits are 36 bits at most.
      result = result << 3 | Int64(bytes[index] - 0x30)
      index += 1
    }
    // After the terminator anything but digits may follow in theory; all writers have filler there.
    guard bytes[index...].allSatisfy(isFiller) else { throw .field(field.name) }
    return result
  }

  /// Two's complement, big-endian, the top bit set as the mark of the encoding.
  private func base256(
    _ bytes: UnsafeRawBufferPointer, _ field: TarField
  ) throws(HeaderFault) -> Int64 {
    let isNegative = bytes[0] & 0x40 != 0
    var result: Int64 = isNegative ? -1 : 0
    for (index, byte) in bytes.enumerated() {
      let digit = index == 0 ? (isNegative ? byte | 0x80 : byte & 0x7f) : byte
      let (shifted, overflow) = result.multipliedReportingOverflow(by: 256)
      if overflow { throw .field(field.name) }
      result = shifted | Int64(digit)
    }
    return result
  }
}

typealias HeaderFault = ArchiveError.HeaderFault
