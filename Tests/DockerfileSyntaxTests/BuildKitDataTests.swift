import Testing

@testable import DockerfileSyntax

@Suite(
  "BuildKit's own cases",
  .enabled(if: SharedData.isThere, "needs BuildKit's test data: set SLIPWAY_TEST_DATA"))
struct BuildKitDataTests {
  static let parserCases = SharedData.folders("buildkit-parser/testfiles")
  static let refusedCases = SharedData.folders("buildkit-parser/testfiles-negative")

  @Test("an instruction is cut as BuildKit's parser cuts it", arguments: parserCases)
  func cutsAsBuildKit(name: String) throws {
    let bytes = try SharedData.bytes("buildkit-parser/testfiles/\(name)/Dockerfile")
    let expected = try SharedData.text("buildkit-parser/testfiles/\(name)/result")
    var parser = DockerfileParser(bytes)
    let dump = try parser.nodes().map(NodeDump.dump).joined(separator: "\n")
    #expect(dump + "\n" == expected)
  }

  @Test("what BuildKit's parser refuses is refused", arguments: refusedCases)
  func refusesAsBuildKit(name: String) throws {
    let bytes = try SharedData.bytes("buildkit-parser/testfiles-negative/\(name)/Dockerfile")
    #expect(Dockerfile.parse(bytes).hasErrors)
  }

  @Test("there are cases")
  func thereAreCases() {
    #expect(BuildKitDataTests.parserCases.count >= 15)
    #expect(BuildKitDataTests.refusedCases.count >= 2)
  }

  @Test("a word is expanded as BuildKit's lexer expands it")
  func expandsAsBuildKit() throws {
    let environment = ["PWD": "/home", "SHELL": "bash", "KOREAN": "한국어", "NULL": ""]
    var count = 0
    for line in try SharedData.text("buildkit-shell/envVarTest").split(separator: "\n") {
      guard let fields = Self.fields(line, count: 3), ["A", "U"].contains(fields[0]) else {
        continue
      }
      count += 1
      let (word, expected) = (fields[1], fields[2])
      let expanded = try? Expander().expand(word) { environment[$0] }.text
      #expect(expanded == (expected == "error" ? nil : expected), "\(word)")
    }
    #expect(count > 100)
  }

  @Test("words are split as BuildKit's lexer splits them")
  func splitsAsBuildKit() throws {
    var environment: [String: String] = [:]
    var count = 0
    for line in try SharedData.text("buildkit-shell/wordsTest").split(separator: "\n") {
      if line.hasPrefix("#") { continue }
      if line.hasPrefix("ENV ") {
        let pair = line.dropFirst(4).split(separator: "=", maxSplits: 1)
        environment[String(pair[0])] = String(pair[1])
        continue
      }
      let separator = try #require(line.firstRange(of: " | "))
      let word = Self.trim(line[..<separator.lowerBound])
      let expected = line[separator.upperBound...].drop { $0 == " " }.split(separator: ",")
      let words = try Expander().expand(word) { environment[$0] }.words
      #expect(words == expected.map(String.init), "\(word)")
      count += 1
    }
    #expect(count >= 11)
  }

  private static func fields(_ line: Substring, count: Int) -> [String]? {
    guard !line.hasPrefix("#") else { return nil }
    let fields = line.split(
      separator: "|", maxSplits: count - 1, omittingEmptySubsequences: false)
    return fields.count == count ? fields.map(trim) : nil
  }

  private static func trim(_ text: Substring) -> String {
    var text = text.drop { $0 == " " }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
