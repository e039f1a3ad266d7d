import Archive
import Testing

@Suite("Paths in archives")
struct TarPathTests {
  private func entry(_ path: String) -> TarEntry {
    TarEntry(path: path, metadata: FileMetadata(kind: .regular, permissions: 0o644))
  }

  @Test(
    "are brought into one form",
    arguments: [
      ("a", "a"), ("a/b", "a/b"), ("./a//b/", "a/b"), ("a/./b/.", "a/b"), ("/a/b", "a/b"),
      ("///a", "a"), ("./", ""), (".", ""), ("/", ""), ("...", "..."), ("a/..b", "a/..b"),
      ("a\\..\\b", "a\\..\\b"),
    ])
  func canonical(raw: String, clean: String) throws {
    #expect(try entry(raw).validatedPath() == Array(clean.utf8))
  }

  @Test(
    "are refused when they lead upwards",
    arguments: ["..", "../a", "a/..", "a/../b", "/..", "./.."])
  func parents(path: String) {
    #expect(throws: ArchiveError.unsafePath(Array(path.utf8), reason: .parentComponent)) {
      try entry(path).validatedPath()
    }
  }

  @Test("are refused when they are absolute, if so asked")
  func absolute() {
    #expect(throws: ArchiveError.unsafePath(Array("/a".utf8), reason: .absolute)) {
      try entry("/a").validatedPath(absolute: .refuse)
    }
  }

  @Test("are refused when they contain a NUL byte")
  func nul() {
    #expect(throws: ArchiveError.unsafePath([97, 0, 98], reason: .nulByte)) {
      try entry("a\0b").validatedPath()
    }
  }

  @Test("of hard links' targets follow the same rules")
  func targets() throws {
    let link = Sample.other(.hardLink, "b", target: "./a").entry
    #expect(try link.validatedHardLinkTarget() == Array("a".utf8))
    let evil = Sample.other(.hardLink, "b", target: "../a").entry
    #expect(throws: ArchiveError.self) { try evil.validatedHardLinkTarget() }
  }

  @Test("cannot write to the terminal through an error")
  func errorText() {
    let error = ArchiveError.unsafePath(
      Array("\u{1b}[2Jevil\u{202e}/..".utf8), reason: .parentComponent)
    #expect(
      "\(error)"
        == "the archive holds the path `\\u{1B}[2Jevil\\u{202E}/..`, which is refused: it contains a `..` component"
    )
  }
}
