import Testing

@testable import SlipwayCLI

@Suite("--call")
struct CallArgumentTests {
  @Test("methods and fields")
  func accepted() throws {
    #expect(try CallArgument("build").method == .build)
    #expect(try CallArgument("").method == .build)
    #expect(try CallArgument("check").method == .check)
    #expect(try CallArgument("lint").method == .check)
    let outline = try CallArgument("outline,format=json")
    #expect(outline.method == .outline && outline.format == .json)
    #expect(try CallArgument("targets,format=text").format == .text)
    #expect(try CallArgument("check,ignorestatus=true").ignoresStatus)
    #expect(try !CallArgument("check,ignorestatus=false").ignoresStatus)
  }

  @Test("--check is --call=check, and keeps the format")
  func check() throws {
    #expect(try CallArgument("build", checks: true).method == .check)
    let json = try CallArgument("check,format=json", checks: true)
    #expect(json.method == .check && json.format == .json)
    #expect(throws: CallProblem.twoMethods(.targets)) {
      try CallArgument("targets", checks: true)
    }
  }

  @Test(
    "what is not known is refused with what is", arguments: ["build2", "Check", "run,format=json"])
  func unknownMethod(text: String) {
    let name = text.split(separator: ",").first.map(String.init) ?? ""
    let error = #expect(throws: CallProblem.method(name)) { try CallArgument(text) }
    #expect(error.map { "\($0)" }?.contains("`check`") ?? false)
  }

  @Test(
    "fields that are not known are refused",
    arguments: ["format=yaml", "format", "json", "", "ignorestatus"])
  func unknownField(field: String) {
    #expect(throws: CallProblem.field(field)) { try CallArgument("check,\(field)") }
  }
}
