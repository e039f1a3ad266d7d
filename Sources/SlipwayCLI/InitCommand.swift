import ArgumentParser
import Slipway
import SystemPackage

/// `slipway init`.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract:
      "Write the Dockerfile and .dockerignore that a Swift package or Go module is built by.")

  @Argument(help: "The directory of the package or module.")
  var path = "."

  @Option(name: .customLong("build-arg"), help: "NAME=VALUE, as for `slipway build`.")
  var buildArgument: [String] = []

  @Flag(help: "Replace files that exist.")
  var force = false

  func run() throws {
    do {
      let arguments = try Assignment.table(
        buildArgument, environment: ProcessEnvironment.current)
      let written = try initialize(FilePath(path), buildArguments: arguments, replacing: force)
      for path in written { Terminal.writeError("wrote \(path)") }
    } catch {
      throw CommandFailure.saying(error)
    }
  }
}
