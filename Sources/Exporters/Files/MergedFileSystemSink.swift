import Archive

/// Joins the files of several images into one tree.
final class MergedFileSystemSink: FileSystemSink {
  private let sink: any FileSystemSink
  /// Whether each path that there is so far is a directory.
  private var isDirectory: [[UInt8]: Bool] = [:]

  init(_ sink: any FileSystemSink) {
    self.sink = sink
  }

  /// The first directory of a name decides its metadata. Throws ``ExportError/ambiguousFile(_:)``.
  func add(_ entry: TarEntry, contents: TarReader?) throws {
    let isDirectory = entry.metadata.kind == .directory
    if let known = self.isDirectory[entry.path] {
      guard known, isDirectory else {
        throw ExportError.ambiguousFile(String(decoding: entry.path, as: UTF8.self))
      }
      return
    }
    self.isDirectory[entry.path] = isDirectory
    try sink.add(entry, contents: contents)
  }

  func finish() throws {
    try sink.finish()
  }
}
