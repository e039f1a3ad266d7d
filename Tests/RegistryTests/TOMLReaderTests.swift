import Testing

@testable import Registry

@Suite("TOMLReader")
struct TOMLReaderTests {
  /// The document in one line, with sorted keys.
  private func read(_ text: String) throws -> String {
    TOMLReaderTests.show(.table(try TOMLReader.read(Array(text.utf8))))
  }

  private static func show(_ content: TOMLValue.Content) -> String {
    switch content {
    case .string(let text): "\"\(text)\""
    case .integer(let integer): "\(integer)"
    case .boolean(let boolean): "\(boolean)"
    case .other(let word): "<\(word)>"
    case .array(let elements): "[" + elements.map { show($0.content) }.joined(separator: " ") + "]"
    case .table(let members):
      "{"
        + members.sorted { $0.key < $1.key }.map { "\($0.key)=\(show($0.value.content))" }
        .joined(separator: " ") + "}"
    }
  }

  @Test(
    "reads values",
    arguments: [
      ("true", "true"), ("false", "false"), ("0", "0"), ("+17", "17"), ("-1_000", "-1000"),
      ("0xdead_BEEF", "3735928559"), ("0o755", "493"), ("0b1_1", "3"),
      ("9223372036854775807", "9223372036854775807"),
      ("1.5", "<1.5>"), ("-0.0", "<-0.0>"), ("6.02e+2_3", "<6.02e+2_3>"), ("1e5", "<1e5>"),
      ("inf", "<inf>"), ("-nan", "<-nan>"), ("1979-05-27", "<1979-05-27>"),
      ("1979-05-27T07:32:00.5-07:00", "<1979-05-27T07:32:00.5-07:00>"),
      ("1979-05-27 07:32:00Z", "<1979-05-27 07:32:00Z>"), ("07:32:00", "<07:32:00>"),
      ("1979-05-27 # a day", "<1979-05-27>"),
      ("\"\"", "\"\""), ("''", "\"\""), ("\"a # b\"", "\"a # b\""), ("'a\\b'", "\"a\\b\""),
      (#""\b\t\n\f\r\"\\\u00e9\U0001F600""#, "\"\u{8}\t\n\u{C}\r\"\\é😀\""),
      ("\"\"\"\na\nb\"\"\"", "\"a\nb\""), ("\"\"\"a\r\nb\"\"\"", "\"a\nb\""),
      ("\"\"\"a \\\n   \n  b\"\"\"", "\"a b\""), ("\"\"\"\"a\"\"\"\"\"", "\"\"a\"\"\""),
      ("'''\na\\n'b'''", "\"a\\n'b\""), ("'''a'''''", "\"a''\""),
      ("[]", "[]"), ("[1,'a', [true]]", "[1 \"a\" [true]]"),
      ("[ # one\n 1, # two\n\n 2 ,\n]", "[1 2]"),
      ("{}", "{}"), ("{ a = 1, b.c = \"x\" }", "{a=1 b={c=\"x\"}}"), ("[{a=1},{}]", "[{a=1} {}]"),
    ])
  func values(text: String, expected: String) throws {
    #expect(try read("key = \(text)") == "{key=\(expected)}")
    #expect(try read("key=\(text)\t# comment\r\nz=1") == "{key=\(expected) z=1}")
  }

  @Test(
    "reads keys and tables",
    arguments: [
      ("", "{}"), ("\u{FEFF}a=1", "{a=1}"), ("# only\n\n\t\r\n#", "{}"),
      ("a.b.c = 1\na.b.d = 2", "{a={b={c=1 d=2}}}"), ("a . \"b.c\" . 'd' = 1", "{a={b.c={d=1}}}"),
      ("1-2_x = 1\n\"\" = 2", "{=2 1-2_x=1}"),
      ("[a]\nx=1\n[b]\n[ a . c ] # c\ny=2", "{a={c={y=2} x=1} b={}}"),
      ("[a.b.c]\n[a.b]\nx=1\n[a]\ny=1", "{a={b={c={} x=1} y=1}}"),
      (
        "[[r]]\nx=1\n[[r]]\n[[r.m]]\ny=1\n[[r.m]]\n[r.t]\nz=1",
        "{r=[{x=1} {m=[{y=1} {}] t={z=1}}]}"
      ),
      ("[[a.b]]\n[a]\nx=1", "{a={b=[{}] x=1}}"),
    ])
  func tables(text: String, expected: String) throws {
    #expect(try read(text) == expected)
  }

  @Test("knows the line of everything")
  func lines() throws {
    let document = try TOMLReader.read(
      Array("a = 1\n\n[[r]] # here\nx = '''\n\n''' \ny = [\n1,\n2]\n[[r]]\n".utf8))
    #expect(document["a"]?.line == 1)
    guard case .array(let elements) = document["r"]?.content,
      case .table(let first) = elements[0].content, case .array(let numbers) = first["y"]?.content
    else {
      Issue.record("\(document)")
      return
    }
    #expect(elements.map(\.line) == [3, 10])
    #expect(first["x"]?.line == 4)
    #expect(numbers.map(\.line) == [8, 9])
  }

  @Test(
    "says which line is wrong, and why",
    arguments: [
      ("a", 1, TOMLFault.equals), ("= 1", 1, .key), ("a = ", 1, .value), ("\na = b", 2, .value),
      ("a = 1 b", 1, .lineEnd), ("a = 1\n\n b c", 3, .equals), ("a.=1", 1, .key),
      ("\"\"\"a\"\"\" = 1", 1, .key), ("a = 'x\n'", 1, .openString), ("a = \"x", 1, .openString),
      ("a = \"\"\"\n\nx", 3, .openString), ("a = \"\\x\"", 1, .escape),
      ("a = \"\\uD800\"", 1, .escape), ("a = \"\\u12\"", 1, .escape),
      ("a = \"\\U00110000\"", 1, .escape), ("a = \"\"\"\\ x\"\"\"", 1, .escape),
      ("a = [1 2]", 1, .array), ("a = [\n1,\n", 3, .value), ("a = [,]", 1, .value),
      ("a = {b=1,}", 1, .key), ("a = {b=1\n}", 1, .inlineTable), ("a = {b=1", 1, .inlineTable),
      ("a = {b}", 1, .equals), ("[a", 1, .header), ("[[a]", 1, .header), ("[a] x", 1, .lineEnd),
      ("[]", 1, .key), ("[a]\n[a]", 2, .redefinition), ("[a]\n[[a]]", 2, .redefinition),
      ("[[a]]\n[a]", 2, .redefinition), ("a=1\n[a]", 2, .notATable), ("a=1\n[[a]]", 2, .notATable),
      ("a=1\na.b=1", 2, .notATable), ("a=1\n[a.b]", 2, .notATable), ("a=[]\n[[a]]", 2, .notATable),
      ("a={}\n[a.b]", 2, .notATable), ("a={b={}}\na.b.c=1", 2, .notATable),
      ("a=1\na=2", 2, .duplicate), ("a={b=1,b=2}", 1, .duplicate), ("a.b=1\na.b=2", 2, .duplicate),
      ("a.b=1\n[a]", 2, .redefinition), ("[a.b]\n[a]\nb.c=1", 3, .redefinition),
      ("a = 01", 1, .value), ("a = 1__0", 1, .value), ("a = _1", 1, .value), ("a = 1.", 1, .value),
      ("a = .5", 1, .value), ("a = 0xg", 1, .value), ("a = +0x1", 1, .value),
      ("a = 1.2.3", 1, .value), ("a = 1e", 1, .value), ("a = True", 1, .value),
      ("a = 07:32", 1, .value), ("a = 9223372036854775808", 1, .integer),
      ("a = 0xFFFFFFFFFFFFFFFF", 1, .integer), ("# \u{1}", 1, .controlCharacter),
      ("a = '\u{7F}'", 1, .controlCharacter), ("a = 1\rb = 2", 1, .lineEnd),
      ("a = '''\n\u{0}'''", 2, .controlCharacter),
    ])
  func refused(text: String, line: Int, fault: TOMLFault) {
    let failure = #expect(throws: TOMLReader.Failure.self) {
      try TOMLReader.read(Array(text.utf8))
    }
    #expect(failure == TOMLReader.Failure(fault: fault, line: line), "\(text)")
  }

  @Test("refuses bytes that are not UTF-8, and says where they are")
  func notUTF8() {
    let failure = #expect(throws: TOMLReader.Failure.self) {
      try TOMLReader.read(Array("a = 1\n# ".utf8) + [0xC3, 0x0A])
    }
    #expect(failure == TOMLReader.Failure(fault: .notUTF8, line: 2))
  }

  @Test(
    "has an end at whatever depth and length",
    arguments: [
      "a = " + String(repeating: "[", count: 100_000),
      "a = " + String(repeating: "{a=", count: 100_000),
      String(repeating: "a.", count: 100_000) + "a = 1",
      "[" + String(repeating: "a.", count: 100_000) + "a]",
      "a = " + String(repeating: "{a.a.a.a.a.a.a.a.a.a=", count: 10_000),
    ])
  func depth(text: String) {
    let failure = #expect(throws: TOMLReader.Failure.self) {
      try TOMLReader.read(Array(text.utf8))
    }
    #expect(failure?.fault == .depth)
  }

  @Test("reads many tables in a time that grows no faster than they do")
  func manyTables() throws {
    let document = try TOMLReader.read(
      Array(String(repeating: "[[a]]\nb.c = 1\n", count: 30_000).utf8))
    guard case .array(let elements) = document["a"]?.content else {
      Issue.record("no array")
      return
    }
    #expect(elements.count == 30_000)
  }

  @Test("reads or refuses any bytes", arguments: 1...8)
  func randomBytes(seed: UInt64) {
    let valid = Array(
      "[[r]]\np.\"q\" = '''x\n'''\nl = [1, {a = true}, \"\"\"b\\\n c\"\"\"]\n[r.t]\nd = 1979-05-27 07:32:00Z\n"
        .utf8)
    let alphabet = Array("[]{}\"'=.,#\\ \n\r\ta1_-+:eux".utf8) + [0x00, 0x7F, 0xC3, 0xFF]
    var random = SeededBytes(seed: seed)
    var readable = 0
    for round in 0..<500 {
      var bytes = round % 2 == 0 ? valid : (0..<random.below(16)).map { _ in random.pick(alphabet) }
      for _ in 0..<random.below(4) where !bytes.isEmpty {
        let place = random.below(bytes.count)
        switch random.below(3) {
        case 0: bytes[place] = random.pick(alphabet)
        case 1: bytes.insert(random.pick(alphabet), at: place)
        default: bytes.remove(at: place)
        }
      }
      do {
        _ = try TOMLReader.read(bytes)
        readable += 1
      } catch {
        let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
        #expect((1...lines).contains(error.line), "seed \(seed): \(bytes)")
      }
    }
    #expect(readable > 50, "seed \(seed)")
  }
}
