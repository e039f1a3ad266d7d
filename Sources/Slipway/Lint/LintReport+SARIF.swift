internal import DockerfileSyntax
internal import OCI
internal import Reporting

extension LintReport {
  /// The report as a SARIF 2.1.0 log (OASIS standard), for code scanners and editors.
  ///
  /// - Parameters:
  ///   - path: the Dockerfile as seen from the working directory.
  ///   - version: of this program.
  package func sarif(path: String, version: String) throws -> String {
    let address = Self.uri(of: path)
    let rules = LintRule.allCases.filter { rule in findings.contains { $0.rule == rule } }
    var results = findings.map { finding in
      SARIF.Result(
        ruleId: finding.rule.name, ruleIndex: rules.firstIndex(of: finding.rule) ?? 0,
        level: "warning", message: SARIF.Message(finding.message, finding.hint),
        locations: [Self.location(address, finding.range, source)])
    }
    var descriptors = rules.map { rule in
      SARIF.Rule(
        id: rule.name, shortDescription: SARIF.Message(text: rule.summary),
        helpUri: rule.address, defaultConfiguration: SARIF.Configuration(level: "warning"))
    }
    if !problems.isEmpty { descriptors.append(SARIF.Rule.buildError) }
    results += problems.map { problem in
      SARIF.Result(
        ruleId: SARIF.Rule.buildError.id, ruleIndex: descriptors.count - 1, level: "error",
        message: SARIF.Message(problem.message, problem.hint),
        locations: [Self.location(address, problem.range, source)])
    }
    let log = SARIF(
      runs: [
        SARIF.Run(
          tool: SARIF.Tool(
            driver: SARIF.Driver(name: "slipway", version: version, rules: descriptors)),
          results: results)
      ])
    return String(decoding: try JSON.encodePretty(log), as: UTF8.self)
  }

  private static func location(
    _ address: String, _ range: SourceRange?, _ source: SourceText
  ) -> SARIF.Location {
    SARIF.Location(
      physicalLocation: SARIF.PhysicalLocation(
        artifactLocation: SARIF.ArtifactLocation(uri: address),
        region: range.map { range in
          SARIF.Region(
            startLine: range.startLine,
            startColumn: range.startColumn.map { source.column($0, ofLine: range.startLine) },
            endLine: range.endLine,
            endColumn: range.endColumn.map { source.column($0, ofLine: range.endLine) })
        }))
  }

  /// A relative reference or a `file:` URI (RFC 3986), percent-encoded.
  private static func uri(of path: String) -> String {
    var text = path.hasPrefix("/") ? "file://" : ""
    for byte in path.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"):
        text.unicodeScalars.append(UnicodeScalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        text += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return text
  }
}

extension SourceText {
  /// The column from 1, in Unicode scalars, of a byte offset from 0.
  fileprivate func column(_ offset: Int, ofLine number: Int) -> Int {
    guard let line = line(number) else { return offset + 1 }
    return String(decoding: line.prefix(offset), as: UTF8.self).unicodeScalars.count + 1
  }
}

/// The part of the SARIF object model that is written here, under its own names.
private struct SARIF: Encodable {
  let schema = "https://json.schemastore.org/sarif-2.1.0.json"
  let version = "2.1.0"
  let runs: [Run]

  enum CodingKeys: String, CodingKey {
    case schema = "$schema"
    case version, runs
  }

  struct Run: Encodable {
    let tool: Tool
    let results: [Result]
    let columnKind = "unicodeCodePoints"

    enum CodingKeys: CodingKey {
      case tool, results, columnKind
    }
  }

  struct Tool: Encodable {
    let driver: Driver
  }

  struct Driver: Encodable {
    let name: String
    let version: String
    let rules: [Rule]
  }

  struct Rule: Encodable {
    let id: String
    let shortDescription: Message
    let helpUri: String?
    let defaultConfiguration: Configuration

    /// What is no rule's finding but an error.
    static let buildError = Rule(
      id: "BuildError", shortDescription: Message(text: "the Dockerfile can be built"),
      helpUri: nil, defaultConfiguration: Configuration(level: "error"))
  }

  struct Configuration: Encodable {
    let level: String
  }

  struct Result: Encodable {
    let ruleId: String
    let ruleIndex: Int
    let level: String
    let message: Message
    let locations: [Location]
  }

  struct Message: Encodable {
    let text: String

    init(text: String) {
      self.text = text
    }

    /// A message with what to do about it.
    init(_ message: String, _ hint: String?) {
      text = message + (hint.map { "; hint: \($0)" } ?? "")
    }
  }

  struct Location: Encodable {
    let physicalLocation: PhysicalLocation
  }

  struct PhysicalLocation: Encodable {
    let artifactLocation: ArtifactLocation
    let region: Region?
  }

  struct ArtifactLocation: Encodable {
    let uri: String
  }

  struct Region: Encodable {
    let startLine: Int
    let startColumn: Int?
    let endLine: Int
    let endColumn: Int?
  }
}
