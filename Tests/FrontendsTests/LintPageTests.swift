import BuildGraph
import DockerfileSyntax
import Frontends
import OCI
import SystemPackage
import TestSupport
import Testing

/// A page of `docs/rules/`: its bad example shows what Slipway says of it, and its good one does not make
/// it say anything. What an example needs besides is in its section, for people and for this:
///
/// - a block `dockerignore`: the ignore file of the context;
/// - `--build-arg NAME=VALUE` between backquotes;
/// - "an image for `PLATFORM`": the platform of the base image, where it is not `linux/amd64`.
struct LintPage: Sendable, CustomTestStringConvertible {
  let rule: LintRule

  static let folder = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("docs/rules")

  static let all = LintRule.allCases.map(LintPage.init)

  var testDescription: String { rule.name }

  /// An example with its surroundings.
  struct Example {
    let dockerfile: String
    /// What is said of it, line by line.
    let said: [String]
    let ignorePatterns: [String]
    let buildArguments: [String: String]
    let basePlatform: Platform
  }

  func text() throws -> String {
    try Files.text(LintPage.folder.appending("\(rule.page).md"))
  }

  /// The example below a heading.
  func example(_ heading: String) throws -> Example {
    let section = Section(heading, of: try text())
    return Example(
      dockerfile: try #require(section.block("dockerfile")),
      said: (section.block("text") ?? "").split(separator: "\n").map(String.init),
      ignorePatterns: DockerIgnore.parse(Array((section.block("dockerignore") ?? "").utf8))
        .patterns,
      buildArguments: section.buildArguments,
      basePlatform: try #require(Platform(section.phrase(after: "an image for `") ?? "linux/amd64"))
    )
  }

  /// The lines of a section.
  private struct Section {
    private let lines: [Substring]

    init(_ heading: String, of page: String) {
      lines = Array(
        page.split(separator: "\n", omittingEmptySubsequences: false)
          .drop { $0 != "## \(heading)" }.dropFirst().prefix { !$0.hasPrefix("## ") })
    }

    /// The block of this language.
    func block(_ language: String) -> String? {
      guard let start = lines.firstIndex(of: "```\(language)") else { return nil }
      return lines[(start + 1)...].prefix { $0 != "```" }.joined(separator: "\n")
    }

    /// What stands behind a phrase, up to the next backquote.
    func phrase(after words: String) -> String? {
      let text = lines.joined(separator: "\n")
      guard let range = text.firstRange(of: words) else { return nil }
      return String(text[range.upperBound...].prefix { $0 != "`" })
    }

    var buildArguments: [String: String] {
      guard let pair = phrase(after: "`--build-arg "), let equals = pair.firstIndex(of: "=") else {
        return [:]
      }
      return [String(pair[..<equals]): String(pair[equals...].dropFirst())]
    }
  }
}

/// Has every image, on Linux for one architecture.
private struct AnyImage: ImageResolver {
  let platform: Platform

  func resolve(_ reference: String, platform: Platform) async throws -> ResolvedImage {
    ResolvedImage(
      source: ImageSource(
        reference: reference, descriptor: Descriptor(of: Array(reference.utf8), as: .manifest)),
      configuration: baseImage { $0.platform = self.platform })
  }
}

@Suite("The pages of the lint rules")
struct LintPageTests {
  /// What is said of an example, as the pages have it, and the rules that say it.
  private func findings(
    in example: LintPage.Example, buildArguments: [String: String]? = nil
  ) async throws -> (said: [String], rules: Set<LintRule?>) {
    var options = FrontendOptions()
    options.buildPlatform = Platform(os: "linux", architecture: "amd64")
    options.ignorePatterns = example.ignorePatterns
    options.buildArguments = buildArguments ?? example.buildArguments
    options.includesAllStages = true
    let dockerfile = Dockerfile.parse(Array(example.dockerfile.utf8))
    let result = try await DockerfileFrontend.plan(
      dockerfile, options: options, resolver: AnyImage(platform: example.basePlatform))
    let all = dockerfile.diagnostics + result.warnings
    return (
      all.map { "Dockerfile:\($0.range.startLine): \($0.message)" }, Set(all.map(\.rule))
    )
  }

  @Test("the bad example is told by this rule alone, as the page says", arguments: LintPage.all)
  func bad(page: LintPage) async throws {
    let example = try page.example("Bad")
    let found = try await findings(in: example)
    #expect(found.rules == [page.rule])
    #expect(found.said == example.said)
  }

  @Test("the good example is told nothing", arguments: LintPage.all)
  func good(page: LintPage) async throws {
    let example = try page.example("Good")
    #expect(try await findings(in: example).said == [])
    #expect(try await findings(in: example, buildArguments: [:]).said == [])
  }

  @Test("every rule has a page with its name, and every page a rule")
  func pages() throws {
    let names = Files.names(in: LintPage.folder).filter { $0 != "README.md" }
    #expect(Set(names) == Set(LintRule.allCases.map { "\($0.page).md" }))
    for page in LintPage.all {
      #expect(try page.text().hasPrefix("# \(page.rule.name)\n"))
      let isMarked = try page.text().contains("The rule is experimental")
      #expect(isMarked == page.rule.isExperimental)
    }
  }

  @Test("the index has every rule with what it asks for")
  func index() throws {
    let lines = try Files.text(LintPage.folder.appending("README.md")).split(separator: "\n")
    let expected = LintRule.allCases.map { rule in
      "| [\(rule.name)](\(rule.page).md)\(rule.isExperimental ? " (experimental)" : "") | \(rule.summary) |"
    }
    #expect(lines.filter { $0.hasPrefix("| [") }.map(String.init).sorted() == expected.sorted())
  }
}
