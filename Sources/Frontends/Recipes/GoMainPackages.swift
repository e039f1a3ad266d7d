/// Finds a module's main packages by reading the first lines of its files.
enum GoMainPackages {
  /// Directories looked at before the search gives up: nobody's module has more.
  private static let directoryLimit = 50_000

  /// A file's package clause comes after its licence and its build constraint.
  private static let headLimit = 64 << 10

  /// The directories, as package paths such as `./cmd/server`, in order; `.` is the root.
  static func find(in tree: SourceTree) throws(RecipeError) -> [String] {
    var packages: [String] = []
    var queue = [""]
    var seen = 0
    while let directory = queue.popLast(), seen < directoryLimit {
      seen += 1
      let entries = try tree.entries(of: directory)
      // A directory with a go.mod of its own is another module.
      if !directory.isEmpty, entries.contains(where: { $0.name == "go.mod" && !$0.isDirectory }) {
        continue
      }
      let prefix = directory.isEmpty ? "" : directory + "/"
      let subdirectories = entries.filter { $0.isDirectory && isBuilt(directory: $0.name) }
      queue += subdirectories.map { prefix + $0.name }.filter { !tree.ignores($0) }.reversed()
      for entry in entries where !entry.isDirectory && isBuilt(file: entry.name) {
        let path = prefix + entry.name
        guard !tree.ignores(path),
          GoFileHeader(try tree.head(of: path, atMost: headLimit)).isMain
        else { continue }
        packages.append(directory.isEmpty ? "." : "./" + directory)
        break
      }
    }
    return packages
  }

  /// Names that `./...` does not match.
  private static func isBuilt(directory name: String) -> Bool {
    !name.hasPrefix(".") && !name.hasPrefix("_") && name != "testdata" && name != "vendor"
  }

  private static let otherSystems: Set<Substring> = [
    "aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "nacl", "netbsd",
    "openbsd", "plan9", "solaris", "wasip1", "windows", "zos",
  ]

  /// Whether a file of that name takes part in a build for Linux.
  private static func isBuilt(file name: String) -> Bool {
    guard name.hasSuffix(".go"), !name.hasSuffix("_test.go"), !name.hasPrefix("."),
      !name.hasPrefix("_")
    else { return false }
    // `name_GOOS.go` and `name_GOOS_GOARCH.go`
    let parts = name.dropLast(3).split(separator: "_").dropFirst()
    return !parts.suffix(2).contains { otherSystems.contains($0) }
  }
}
