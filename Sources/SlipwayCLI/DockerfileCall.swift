import DockerfileSyntax
import Glibc
import Reporting
import Slipway
import SystemPackage

/// Asks about a Dockerfile instead of building it. Answers go to standard output, errors to standard
/// error; findings of lint rules end in exit code 1.
struct DockerfileCall {
  private let call: CallArgument
  private let request: BuildRequest

  init(_ call: CallArgument, _ request: BuildRequest) {
    self.call = call
    self.request = request
  }

  /// Throws `CommandFailure`, once it has said why.
  func run() async throws {
    do {
      let home = try Home.ofCaller()
      switch call.method {
      case .build, .check: try show(try await lint(home))
      case .outline:
        let report = try await Interruption.cancelling { try await home.outline(request) }
        Terminal.write(call.format == .json ? try report.json() : report.text)
      case .targets:
        let report = try await home.targets(request)
        Terminal.write(call.format == .json ? try report.json() : report.text)
      }
    } catch let end as Interruption.Ended {
      throw CommandFailure(code: end.exitCode)
    } catch {
      throw CommandFailure.saying(error)
    }
  }

  private func lint(_ home: Home) async throws -> LintReport {
    try await Interruption.cancelling { try await home.lint(request) }
  }

  private func show(_ report: LintReport) throws {
    let renderer = DiagnosticRenderer(colour: TerminalTraits.detect(STDERR_FILENO).hasColour)
    for remark in report.remarks { Terminal.writeError(renderer.render(remark)) }
    switch call.format {
    case .json: Terminal.write(try report.json())
    case .sarif:
      Terminal.write(try report.sarif(path: path(of: report), version: SlipwayVersion.current))
    case .text: showText(report)
    }
    let isFailure = !report.problems.isEmpty || (!report.findings.isEmpty && !call.ignoresStatus)
    if isFailure { throw CommandFailure(code: 1) }
  }

  private func showText(_ report: LintReport) {
    let out = DiagnosticRenderer(colour: TerminalTraits.detect(STDOUT_FILENO).hasColour)
    let err = DiagnosticRenderer(colour: TerminalTraits.detect(STDERR_FILENO).hasColour)
    for diagnostic in report.warnings { Terminal.write(out.render(diagnostic) + "\n") }
    for diagnostic in report.errors { Terminal.writeError(err.render(diagnostic)) }
    let count = report.findings.count
    guard report.problems.isEmpty || count > 0 else { return }
    let verdict = count == 0 ? "no warnings" : count == 1 ? "1 warning" : "\(count) warnings"
    Terminal.write("\(report.source.name): \(verdict)")
  }

  /// The Dockerfile as seen from the working directory.
  private func path(of report: LintReport) -> String {
    switch (request.dockerfile, request.context) {
    case (.file(let path), _): path.lexicallyNormalized().string
    case (.http(let address), _): address
    case (.inContext, .directory(let directory)):
      directory.appending(report.source.name).lexicallyNormalized().string
    case (.inContext, _): report.source.name
    case (.standardInput, _): "Dockerfile"
    }
  }
}
