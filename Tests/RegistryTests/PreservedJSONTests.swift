import OCI
import Testing

@testable import Registry

@Suite("PreservedJSON")
struct PreservedJSONTests {
  private func written(_ text: String) throws -> String {
    String(decoding: try PreservedJSON(Array(text.utf8)).bytes, as: UTF8.self)
  }

  @Test(
    "writes what it has read",
    arguments: [
      "{}", "[]", "null", "true", "false", "0", "-0", "-12.50e+06", "1E400", "\"\"",
      "18446744073709551616", #""\"\\\/\b\f\n\r\t\u0041\uD83D\uDE00\uD800""#, "\"é\u{7F}\u{2028}\"",
      "[\n\t1,\n\t[],\n\t{\n\t\t\"b\": {},\n\t\t\"a\": 1,\n\t\t\"a\": 2\n\t}\n]",
    ])
  func identity(text: String) throws {
    #expect(try written(text) == text)
    #expect(try written(" \t\r\n" + text + "\n") == text)
  }

  @Test("understands strings as others do")
  func strings() throws {
    let text = #""\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\uDE00|\uD83D\u0041|\uD83D|\uDE00""#
    let document = try PreservedJSON(Array(text.utf8))
    #expect(
      document.string == "\"\\/\u{8}\u{C}\n\r\tAé😀|\u{FFFD}A|\u{FFFD}|\u{FFFD}")
    for value in ["", "plain", "\"\\/\n\u{1}\u{7F}é😀", "\r\n"] {
      let bytes = PreservedJSON.string(PreservedJSON.Text(value)).bytes
      #expect(try PreservedJSON(bytes).string == value)
      #expect(try JSON.decode(String.self, from: bytes) == value)
    }
  }

  @Test("changes what it is told to")
  func changes() throws {
    var document = try PreservedJSON(Array(#"{"a": 1, "b": 2, "a": 3}"#.utf8))
    #expect(document["a"] == .number("3"))
    document["a"] = .null
    document["c"] = .boolean(true)
    document["b"] = nil
    document["none"] = nil
    #expect(
      String(decoding: document.bytes, as: UTF8.self).filter { !$0.isWhitespace }
        == #"{"a":1,"a":null,"c":true}"#)
    #expect(PreservedJSON.null["a"] == nil)
  }

  @Test(
    "says where a text is not JSON",
    arguments: [
      ("", 1, 1, "value"), ("\n {", 2, 3, "key"), ("{\"a\" 1}", 1, 6, "`:`"),
      ("{\"a\": }", 1, 7, "value"), ("{\"a\": 1,}", 1, 9, "key"), ("{\"a\": 1 \"b\"", 1, 9, "`,`"),
      ("[1,]", 1, 4, "value"), ("[1", 1, 3, "`,`"), ("[1}", 1, 3, "`,`"), ("tru", 1, 1, "value"),
      ("nullx", 1, 5, "follows"), ("01", 1, 3, "number"), ("-", 1, 2, "number"),
      ("1.", 1, 3, "number"), ("1e", 1, 3, "number"), ("+1", 1, 1, "value"), (".5", 1, 1, "value"),
      ("NaN", 1, 1, "value"), ("'a'", 1, 1, "value"), ("\"a", 1, 3, "no end"),
      ("\"a\nb\"", 1, 3, "no end"), (#""\x""#, 1, 3, "escape"), (#""\u12g4""#, 1, 4, "escape"),
      (#""\u12"#, 1, 4, "escape"), ("{} {}", 1, 4, "follows"), ("// a\n{}", 1, 1, "value"),
      ("{a: 1}", 1, 2, "key"), ("\u{FEFF}{}", 1, 1, "value"),
    ])
  func refused(text: String, line: Int, column: Int, words: String) {
    let error = #expect(throws: PreservedJSON.SyntaxError.self) {
      try PreservedJSON(Array(text.utf8))
    }
    #expect(error?.line == line && error?.column == column, "\(String(describing: error))")
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test("has an end at whatever depth", arguments: ["[", "{\"a\":", "[{\"a\":"])
  func depth(opening: String) {
    #expect(throws: PreservedJSON.SyntaxError.self) {
      try PreservedJSON(Array(String(repeating: opening, count: 200_000).utf8))
    }
  }

  @Test("reads any bytes or refuses them, and reads what it writes", arguments: 1...8)
  func randomBytes(seed: UInt64) throws {
    let valid = Array(#"{"a": [1, -2.5e3, true, null, "x\u0041\n"], "b": {"c": ""}}"#.utf8)
    let alphabet = Array("{}[]\":,.-+eE019 \\un\ntrfals\u{E9}".utf8) + [0x00, 0x1F, 0x80, 0xFF]
    var random = SeededBytes(seed: seed)
    for round in 0..<400 {
      var bytes = round % 2 == 0 ? valid : (0..<random.below(12)).map { _ in random.pick(alphabet) }
      for _ in 0..<random.below(4) where !bytes.isEmpty {
        let place = random.below(bytes.count)
        switch random.below(3) {
        case 0: bytes[place] = random.pick(alphabet)
        case 1: bytes.insert(random.pick(alphabet), at: place)
        default: bytes.remove(at: place)
        }
      }
      guard let document = try? PreservedJSON(bytes) else { continue }
      let again = try PreservedJSON(document.bytes)
      #expect(again == document, "seed \(seed): \(bytes)")
    }
  }
}

/// The same bytes for the same seed (SplitMix64).
struct SeededBytes {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  mutating func pick(_ alphabet: [UInt8]) -> UInt8 { alphabet[below(alphabet.count)] }
}
