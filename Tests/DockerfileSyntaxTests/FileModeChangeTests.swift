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
      // Without names, `=` leaves the sticky bit, and `t` leaves everything else.
      ("=rx", 0o1777, 0o1555), ("a=rx", 0o1777, 0o1555), ("=t", 0o644, 0o1644), ("+rt", 0, 0o1000),
      ("a+rt", 0, 0o1444), ("u=rwt", 0o1077, 0o1677),
      // Copies leave the set-id bits, and may follow other permissions or be followed by them.
      ("u=g", 0o4750, 0o4550), ("g=u-w", 0o604, 0o644), ("u+go", 0o021, 0o321),
      ("-u", 0o711, 0o000),
      ("g=uw", 0o640, 0o620), ("u=go", 0o042, 0o242), ("o+rg", 0o020, 0o026), ("g-u", 0o460, 0o420),
      // `X` looks at what was there first; taken away, it is `x`.
      ("u+x,g+X", 0o644, 0o744), ("a-x,+X", 0o755, 0o755), ("-X", 0o755, 0o644),
      ("a=X", 0o701, 0o111), ("a=X", 0o644, 0), ("u=rwX", 0o611, 0o711), ("=X", 0o1001, 0o1111),
      ("u+-w", 0o644, 0o444), ("u=,g=", 0o777, 0o007),
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
      "", "10000", "999", "0x1", "u", "rwx", "u=rz", "u=rw,", "z+x", "u=rw go=r", "-1", "+1", ",",
      "u=r,,g=r", "u=ra", "+é",
    ])
  func refused(text: String) {
    #expect(throws: InstructionError.self) { try FileModeChange.parse(text) }
  }
}
