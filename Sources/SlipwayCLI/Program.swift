import Dispatch
import Glibc
import Sandbox
import Slipway
import SystemPackage

/// Where the process starts: what must be done while it has one thread, then the command.
@main
enum Program {
  static func main() {
    // A closed pipe is an error of write(2) here, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    Privileges.take()
    Task {
      await SlipwayCommand.runToExit()
    }
    dispatchMain()
  }
}

/// What the user is allowed to do here.
enum Privileges {
  /// Why the user is not root, not even in a namespace of their own; nil where they are.
  nonisolated(unsafe) private(set) static var refusal: RootlessError?

  /// Makes a user without root be root in a user namespace. A refusal is kept until a command needs
  /// what it cannot have.
  static func take() {
    guard geteuid() != 0 else { return }
    // In the namespace nothing tells the user from root any more.
    setenv("SLIPWAY_HOME", Home.path(environment: ProcessEnvironment.read()).string, 1)
    do {
      try RootlessSession.enter()
    } catch {
      refusal = error
    }
  }

  /// Throws where a command needs to be root and cannot.
  static func require() throws {
    if let refusal { throw NotPrivileged(cause: refusal) }
  }
}

/// A user who is not root tries what only root, or root of a user namespace, can do.
private struct NotPrivileged: Error, CustomStringConvertible {
  let cause: RootlessError

  var description: String { "this needs root, or a user namespace, and \(cause)" }
}
