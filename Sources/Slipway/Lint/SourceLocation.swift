internal import DockerfileSyntax
internal import OCI

/// A place in a file as BuildKit's subrequests write it: a range for each line, all of one file.
struct SourceLocation: Encodable {
  let ranges: [LineRange]

  struct LineRange: Encodable {
    let start: Position
    let end: Position
  }

  struct Position: Encodable {
    let line: Int
  }

  /// More lines than this are no use to anybody.
  private static let mostLines = 10_000

  init(_ range: SourceRange) {
    self.init([range])
  }

  init(_ ranges: [SourceRange]) {
    var lines: Set<Int> = []
    for range in ranges {
      lines.formUnion((range.startLine...range.endLine).prefix(Self.mostLines))
    }
    self.ranges = lines.sorted().map { line in
      LineRange(start: Position(line: line), end: Position(line: line))
    }
  }
}
