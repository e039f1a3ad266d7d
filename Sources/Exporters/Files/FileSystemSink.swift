import Archive

/// Where the files of an image go.
///
/// A directory comes before what is in it, a file before the hard links to it, and no path twice.
protocol FileSystemSink: AnyObject {
  /// Adds a file. `contents` stands at the contents of a regular file, and is nil for all else.
  func add(_ entry: TarEntry, contents: TarReader?) throws

  /// Ends it, after the last file.
  func finish() throws
}

/// The files of an image as one tar.
final class TarFileSystemSink: FileSystemSink {
  private let writer: TarWriter

  init(_ sink: any ByteSink) {
    writer = TarWriter(sink)
  }

  func add(_ entry: TarEntry, contents: TarReader?) throws {
    try writer.begin(entry)
    try contents?.copyContents(to: TarContentsSink(writer))
  }

  func finish() throws {
    try writer.finish()
  }
}
