import Testing

@testable import DockerfileSyntax

@Suite("--chmod")
struct FileModeChangeTests {
  @Test(
    "a mode becomes another",
    arguments: [
      ("0755", 0o644, 0o755), ("7777", 0, 0o7777), ("0", 0o777, 0), ("u=rwX,go=rX", 0o600, 0o644),
      ("u=rwX,go=rX", 0o700, 0o755), ("+x", 0o644, 0o755), ("a+x", 0o644, 0o755),
      ("-w", 0o666, 0o444),
      ("go-rwx", 0o755, 0o700), ("g=u", 0o750, 0o770), ("o=g", 0o750, 0o755),
      ("u+s", 0o755, 0o4755),
      ("g+s", 0o755, 0o2755), ("+s", 0o755, 0o6755), ("a+s", 0o755, 0o6755), ("o+s", 0o755, 0o755),
      ("+t", 0o777, 0o1777), ("u+t", 0o777, 0o1777), ("o+t", 0o777, 0o777), ("=", 0o6755, 0),
      ("u+x-w", 0o644, 0o544), ("a=r,u+w", 0o777, 0o644), ("ug+rw,o=", 0o007, 0o660),
      ("u=rws", 0, 0o4600),
      ("u-s", 0o4755, 0o755), ("=rx", 0o777, 0o555), ("u=", 0o4755, 0o055),
    ] as [(String, UInt32, UInt32)])
  func applies(text: String, before: UInt32, after: UInt32) throws {
    let change = try FileModeChange.parse(text)
    #expect(
      String(change.apply(to: 0o100000 | before, isDirectory: false), radix: 8)
        == String(after, radix: 8))
  }

  @Test("X gives directories execution")
  func directories() throws {
    let change = try FileModeChange.parse("u=rwX,go=rX")
    #expect(change.apply(to: 0o600, isDirectory: true) == 0o755)
    #expect(change.octal == nil)
    #expect(try FileModeChange.parse("755").octal == 0o755)
  }

  @Test(
    "what is no mode",
    arguments: [
      "", "10000", "999", "0x1", "u", "rwx", "u=rz", "u=rw,", "z+x", "u=rw go=r", "-1", "+1",
    ])
  func refused(text: String) {
    #expect(throws: InstructionError.self) { try FileModeChange.parse(text) }
  }
}
