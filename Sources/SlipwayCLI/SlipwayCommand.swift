import ArgumentParser
import Glibc

/// The command line: each command in a file of its own, which turns what was typed into a request
/// that means something.
struct SlipwayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slipway",
    abstract: "Turns a source tree into a container image that holds the program and nothing else.",
    discussion: """
      Builds Dockerfiles, and Swift packages and Go modules that have none, without a daemon. State \
      is kept in $SLIPWAY_HOME (default: /var/lib/slipway for root, else \
      ~/.local/share/slipway), which is an OCI image layout that other tools read in place.
      """,
    version: SlipwayVersion.current,
    subcommands: [
      BuildCommand.self, InitCommand.self, RunCommand.self, ImagesCommand.self,
      InspectCommand.self, TagCommand.self, RemoveCommand.self, LoadCommand.self,
      SaveCommand.self, PullCommand.self, PushCommand.self, CopyCommand.self, LoginCommand.self,
      LogoutCommand.self, LintCommand.self,
    ])

  /// Runs the command that was typed and ends the process with its code.
  static func runToExit() async -> Never {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      Glibc.exit(0)
    } catch let failure as CommandFailure {
      Glibc.exit(failure.code)
    } catch  where exitCode(for: error).isSuccess {
      // Help and the version, which were asked for.
      exit(withError: error)
    } catch {
      let failure = UsageFailure(
        message: message(for: error), arguments: Array(CommandLine.arguments.dropFirst()))
      CommandFailure.say(failure.diagnostic)
      Glibc.exit(exitCode(for: error).rawValue)
    }
  }
}

/// The version that `--version` prints and images carry nowhere.
enum SlipwayVersion {
  static let current = "0.1.0"
}
