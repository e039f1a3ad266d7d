import ArgumentParser
import Glibc
import OCI
import Reporting
import Slipway
import SystemPackage

/// `slipway pull`.
struct PullCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull", abstract: "Fetch an image from a registry into the store.",
    discussion: "The digest that the name stands for is printed.")

  @Option(help: "Platforms, such as linux/amd64,linux/arm64; this machine's where none is given.")
  var platform: [String] = []

  @Flag(name: .customLong("all-platforms"), help: "Every platform that there is.")
  var allPlatforms = false

  @Option(help: "Progress: auto, tty, plain, rawjson or quiet.")
  var progress = ProgressMode.auto

  @Argument(help: "[REGISTRY/]REPOSITORY[:TAG][@DIGEST]")
  var name: String

  func run() async throws {
    let reference = try CommandFailure.explaining { try Reference(name) }
    let platforms = try CommandFailure.explaining {
      allPlatforms ? nil : try Platform.parse(list: platform)
    }
    let digest = try await Transfer.run("Pulling", reference.familiar, progress) { home, reporter in
      try await home.pull(reference, platforms: platforms, reporter).digest
    }
    Terminal.write("\(digest)")
  }
}

/// `slipway push`.
struct PushCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push", abstract: "Send an image of the store to a registry.",
    discussion: "The name that it has there is printed, with its digest.")

  @Option(help: "Progress: auto, tty, plain, rawjson or quiet.")
  var progress = ProgressMode.auto

  @Argument(help: "An image of the store.")
  var image: String

  @Argument(help: "Where to, if not by its own name: [REGISTRY/]REPOSITORY[:TAG]")
  var destination: String?

  func run() async throws {
    let target = try CommandFailure.explaining {
      try destination.map(Reference.parse(newName:))
    }
    let image = image
    let pushed = try await Transfer.run("Pushing", image, progress) { home, reporter in
      try await home.push(image, to: target, reporter)
    }
    Terminal.write("\(pushed.name.familiar)@\(pushed.descriptor.digest)")
  }
}

/// `slipway copy`.
struct CopyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "copy",
    abstract: "Copy an image from a registry to another one, or to a layout or archive.",
    discussion: """
      Between registries the layers pass through and are not kept. Of an image for several platforms \
      all are copied, unless some are named. The digest of what was copied is printed.
      """)

  @Option(help: "Platforms, such as linux/amd64; all where none is given.")
  var platform: [String] = []

  @Option(help: "Progress: auto, tty, plain, rawjson or quiet.")
  var progress = ProgressMode.auto

  @Argument(help: "[REGISTRY/]REPOSITORY[:TAG][@DIGEST]")
  var source: String

  @Argument(help: "[REGISTRY/]REPOSITORY[:TAG], oci:DIR, oci-archive:FILE or docker-archive:FILE")
  var destination: String

  func run() async throws {
    let reference = try CommandFailure.explaining { try Reference(source) }
    let target = try CommandFailure.explaining { try CopyDestination.parse(destination) }
    let platforms = try CommandFailure.explaining { try Platform.parse(list: platform) }
    let digest = try await Transfer.run("Copying", reference.familiar, progress) { home, reporter in
      try await home.copy(reference, to: target, platforms: platforms, reporter).digest
    }
    Terminal.write("\(digest)")
  }
}

/// `slipway login`.
struct LoginCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "login", abstract: "Keep credentials for a registry.",
    discussion: """
      They are tried first, and then kept where Docker keeps them: with the credential helper that \
      ~/.docker/config.json names, else in that file. Without --password-stdin the password is asked \
      for at the terminal, and not shown.
      """)

  @Option(name: .shortAndLong, help: "The user; asked for where it is not given.")
  var username: String?

  @Flag(name: .customLong("password-stdin"), help: "Read the password from standard input.")
  var passwordFromInput = false

  @Argument(help: "The registry, such as ghcr.io or localhost:5000.")
  var registry = "docker.io"

  func run() async throws {
    do {
      let (user, password) = try credentials()
      let location = try await Home.ofCaller().logIn(
        to: registry, user: user, password: password)
      Terminal.writeError("logged in to \(registry) as \(user); the credentials are in \(location)")
    } catch {
      throw CommandFailure.saying(error)
    }
  }

  private func credentials() throws -> (user: String, password: String) {
    if passwordFromInput {
      guard let username, !username.isEmpty else { throw LoginProblem.userMissing }
      var password = String(
        decoding: try SmallFile.readStandardInput(limit: 64 << 10), as: UTF8.self)
      // What `echo` adds; a password may end in anything else.
      if password.hasSuffix("\n") { password.removeLast() }
      if password.hasSuffix("\r") { password.removeLast() }
      guard !password.isEmpty else { throw LoginProblem.passwordMissing }
      return (username, password)
    }
    let prompt = try TerminalPrompt()
    let user = try username ?? prompt.ask("Username: ", echo: true)
    let password = try prompt.ask("Password: ", echo: false)
    guard !user.isEmpty else { throw LoginProblem.userMissing }
    guard !password.isEmpty else { throw LoginProblem.passwordMissing }
    return (user, password)
  }
}

/// `slipway logout`.
struct LogoutCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logout", abstract: "Forget the credentials for a registry.")

  @Argument(help: "The registry, such as ghcr.io or localhost:5000.")
  var registry = "docker.io"

  func run() async throws {
    do {
      let wasKnown = try await Home.ofCaller().logOut(of: registry)
      Terminal.writeError(
        wasKnown ? "logged out of \(registry)" : "there are no credentials for \(registry)")
    } catch {
      throw CommandFailure.saying(error)
    }
  }
}

/// Why nobody was logged in.
enum LoginProblem: Error, CustomStringConvertible {
  case userMissing, passwordMissing, noTerminal

  var description: String {
    switch self {
    case .userMissing: "there is no user name; hint: `--username NAME`"
    case .passwordMissing: "the password is empty"
    case .noTerminal:
      "there is no terminal to ask for the password at; hint: "
        + "`--password-stdin` reads it from standard input"
    }
  }
}

extension CopyDestination {
  static func parse(_ text: String) throws -> CopyDestination {
    let formats: [(String, SaveFormat)] = [
      ("oci-archive:", .ociArchive), ("docker-archive:", .dockerArchive), ("oci:", .oci),
    ]
    for (prefix, format) in formats where text.hasPrefix(prefix) {
      let path = text.dropFirst(prefix.count)
      guard !path.isEmpty else { throw ArgumentProblem.destinationWithoutPath(text) }
      return .file(format, FilePath(String(path)))
    }
    return .registry(try Reference.parse(newName: text))
  }
}
