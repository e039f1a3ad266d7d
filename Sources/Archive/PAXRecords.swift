/// The keywords of extended headers that mean something here (POSIX.1-2017, pax, "pax Extended
/// Header"; the last two are star's and GNU's).
enum PAXKeyword {
  static let path = "path"
  static let linkPath = "linkpath"
  static let size = "size"
  static let userID = "uid"
  static let groupID = "gid"
  static let modificationTime = "mtime"
  static let extendedAttributePrefix = "SCHILY.xattr."
  static let sparsePrefix = "GNU.sparse."
}

/// Gathers the records of an extended header to be written.
struct PAXRecordEncoder {
  private var records: [(keyword: [UInt8], value: [UInt8])] = []

  var isEmpty: Bool { records.isEmpty }

  mutating func removeAll() {
    records.removeAll(keepingCapacity: true)
  }

  mutating func add(_ keyword: String, _ value: [UInt8]) {
    records.append((Array(keyword.utf8), value))
  }

  mutating func add(_ keyword: String, _ value: Int64) {
    add(keyword, Array(String(value).utf8))
  }

  mutating func add(_ attribute: ExtendedAttribute) {
    records.append(
      (Array(PAXKeyword.extendedAttributePrefix.utf8) + attribute.name, attribute.value))
  }

  /// All records, sorted by keyword: the order they were added in does not show.
  func encoded() -> [UInt8] {
    var result: [UInt8] = []
    for (keyword, value) in records.sorted(by: { $0.keyword.lexicographicallyPrecedes($1.keyword) })
    {
      // "LENGTH KEYWORD=VALUE\n", where the length counts itself.
      let rest = keyword.count + value.count + 3
      var length = rest + Self.digits(rest)
      length = rest + Self.digits(length)
      result.append(contentsOf: String(length).utf8)
      result.append(UInt8(ascii: " "))
      result.append(contentsOf: keyword)
      result.append(UInt8(ascii: "="))
      result.append(contentsOf: value)
      result.append(UInt8(ascii: "\n"))
    }
    return result
  }

  private static func digits(_ number: Int) -> Int {
    String(number).utf8.count
  }
}

/// What extended headers say about an entry.
struct PAXAttributes {
  /// Whether the header speaks of the one entry that follows it, or of all of them.
  enum Scope { case local, global }

  var path: [UInt8]?
  var linkPath: [UInt8]?
  var size: Int64?
  var userID: UInt32?
  var groupID: UInt32?
  var modificationTime: FileTime?
  var extendedAttributes: [[UInt8]: [UInt8]] = [:]
  /// Whether what is said of sparse files is read; else it is an error.
  var readsSparse = false
  var sparse = SparseRecords()

  /// Applies the records in order: a later one replaces an earlier one, and an empty value takes it
  /// back.
  mutating func apply(_ header: UnsafeRawBufferPointer, scope: Scope) throws(HeaderFault) {
    var rest = header
    while !rest.isEmpty {
      let record = try Self.nextRecord(&rest)
      try apply(keyword: record.keyword, value: record.value, scope: scope)
    }
  }

  private typealias Record = (keyword: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)

  private static func nextRecord(
    _ rest: inout UnsafeRawBufferPointer
  ) throws(HeaderFault) -> Record {
    // The header is capped at a megabyte: seven digits.
    guard
      let space = rest.prefix(8).firstIndex(of: UInt8(ascii: " ")),
      let length = decimal(UnsafeRawBufferPointer(rebasing: rest[..<space])),
      length > Int64(space) + 1, length <= Int64(rest.count),
      rest[Int(length) - 1] == UInt8(ascii: "\n")
    else { throw .extendedHeader("a record's length is wrong") }
    let record = UnsafeRawBufferPointer(rebasing: rest[(space + 1)..<(Int(length) - 1)])
    rest = UnsafeRawBufferPointer(rebasing: rest[Int(length)...])
    guard let equals = record.firstIndex(of: UInt8(ascii: "=")), equals > 0 else {
      throw .extendedHeader("a record has no keyword")
    }
    return (
      UnsafeRawBufferPointer(rebasing: record[..<equals]),
      UnsafeRawBufferPointer(rebasing: record[(equals + 1)...])
    )
  }

  private mutating func apply(
    keyword: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, scope: Scope
  ) throws(HeaderFault) {
    func fault(_ name: String) -> HeaderFault { .extendedHeader("`\(name)` is malformed") }
    func refuseGlobal(_ name: String) throws(HeaderFault) {
      // Readers disagree on whether these apply, and so on where the next entry starts.
      if scope == .global { throw .extendedHeader("`\(name)` is set for all entries") }
    }
    if Self.matches(keyword, PAXKeyword.path) {
      try refuseGlobal(PAXKeyword.path)
      path = try Self.name(value, PAXKeyword.path)
    } else if Self.matches(keyword, PAXKeyword.linkPath) {
      try refuseGlobal(PAXKeyword.linkPath)
      linkPath = try Self.name(value, PAXKeyword.linkPath)
    } else if Self.matches(keyword, PAXKeyword.size) {
      try refuseGlobal(PAXKeyword.size)
      size = value.isEmpty ? nil : Self.decimal(value)
      if size == nil, !value.isEmpty { throw fault(PAXKeyword.size) }
    } else if Self.matches(keyword, PAXKeyword.userID) {
      userID = value.isEmpty ? nil : Self.decimal(value).flatMap { UInt32(exactly: $0) }
      if userID == nil, !value.isEmpty { throw fault(PAXKeyword.userID) }
    } else if Self.matches(keyword, PAXKeyword.groupID) {
      groupID = value.isEmpty ? nil : Self.decimal(value).flatMap { UInt32(exactly: $0) }
      if groupID == nil, !value.isEmpty { throw fault(PAXKeyword.groupID) }
    } else if Self.matches(keyword, PAXKeyword.modificationTime) {
      modificationTime = value.isEmpty ? nil : Self.time(value)
      if modificationTime == nil, !value.isEmpty { throw fault(PAXKeyword.modificationTime) }
    } else if Self.hasPrefix(keyword, PAXKeyword.extendedAttributePrefix) {
      // Attributes for all entries would be a few bytes that unfold into many; nobody writes them.
      if scope == .global { return }
      let name = Array(keyword.dropFirst(PAXKeyword.extendedAttributePrefix.utf8.count))
      if name.isEmpty || name.contains(0) { throw fault(PAXKeyword.extendedAttributePrefix) }
      extendedAttributes[name] = Array(value)
    } else if Self.hasPrefix(keyword, PAXKeyword.sparsePrefix) {
      guard readsSparse, scope == .local else { throw .sparse }
      try sparse.apply(keyword: String(decoding: keyword, as: UTF8.self), value: value)
    }
  }

  private static func matches(_ keyword: UnsafeRawBufferPointer, _ name: String) -> Bool {
    keyword.elementsEqual(name.utf8)
  }

  private static func hasPrefix(_ keyword: UnsafeRawBufferPointer, _ prefix: String) -> Bool {
    keyword.starts(with: prefix.utf8)
  }

  private static func name(
    _ value: UnsafeRawBufferPointer, _ keyword: String
  ) throws(HeaderFault) -> [UInt8]? {
    if value.isEmpty { return nil }
    if value.contains(0) { throw .extendedHeader("`\(keyword)` contains a NUL byte") }
    return Array(value)
  }

  /// Digits only, and in the range of a file offset.
  static func decimal(_ digits: UnsafeRawBufferPointer) -> Int64? {
    if digits.isEmpty { return nil }
    var result: Int64 = 0
    for byte in digits {
      guard (0x30...0x39).contains(byte) else { return nil }
      let (tenfold, overflow) = result.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tenfold.addingReportingOverflow(Int64(byte - 0x30))
      if overflow || carry { return nil }
      result = sum
    }
    return result
  }

  /// Seconds with an optional sign and fraction; what is finer than a nanosecond is dropped.
  private static func time(_ text: UnsafeRawBufferPointer) -> FileTime? {
    let isNegative = text.first == UInt8(ascii: "-")
    let parts = text.dropFirst(isNegative ? 1 : 0)
      .split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let seconds = decimal(UnsafeRawBufferPointer(rebasing: parts[0])) else { return nil }
    var nanoseconds: Int32 = 0
    if parts.count == 2 {
      guard parts[1].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      var digits = parts[1].makeIterator()
      for _ in 0..<9 { nanoseconds = nanoseconds * 10 + Int32((digits.next() ?? 0x30) - 0x30) }
    }
    if !isNegative { return FileTime(seconds: seconds, nanoseconds: nanoseconds) }
    return nanoseconds == 0
      ? FileTime(seconds: -seconds)
      : FileTime(seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
  }
}
