package import SystemPackage

/// Why a process could not be run.
package enum SandboxError: Error, Equatable {
  /// The specification contradicts itself or cannot be passed to the kernel.
  case invalidSpecification(String)
  /// No file of that name in the image, or in any directory of its `PATH`.
  case commandNotFound(String)
  /// The file is there; the program that must run it (a `#!` line's, or the dynamic loader) is not.
  case interpreterNotFound(command: String, interpreter: String)
  case notExecutable(String)
  /// `ENOEXEC`: not a program of this machine, or a script without a `#!` line.
  case wrongFormat(String)
  case workingDirectoryMissing(FilePath)
  case workingDirectoryUnusable(FilePath, Errno)
  case mountSourceMissing(FilePath)
  case mountFailed(target: FilePath, Errno)
  case rootFailed(Errno)
  /// The machine refuses to make namespaces.
  case namespacesRefused(Errno)
  /// Any other step of the set-up, named by what it does.
  case setupFailed(operation: String, Errno)
  /// The helper process ended without a word: killed from outside, most likely.
  case helperDied(ExitStatus)
}

extension SandboxError: CustomStringConvertible {
  package var description: String {
    guard let hint else { return summary }
    return "\(summary)\nhint: \(hint)"
  }

  package var summary: String {
    switch self {
    case .invalidSpecification(let reason):
      "the process cannot be described: \(reason)"
    case .commandNotFound(let command):
      "`\(command)` not found in the image"
    case .interpreterNotFound(let command, let interpreter):
      "`\(command)` needs `\(interpreter)`, which is not in the image"
    case .notExecutable(let command):
      "`\(command)` is not executable for this user"
    case .wrongFormat(let command):
      "`\(command)` is not a program that this machine can run"
    case .workingDirectoryMissing(let path):
      "working directory `\(path)` does not exist in the image"
    case .workingDirectoryUnusable(let path, let errno):
      "cannot enter the working directory `\(path)`: \(errno.words)"
    case .mountSourceMissing(let path):
      "nothing to mount at `\(path)`"
    case .mountFailed(let target, let errno):
      "cannot mount at `\(target)`: \(errno.words)"
    case .rootFailed(let errno):
      "cannot mount the root file system: \(errno.words)"
    case .namespacesRefused(let errno):
      "cannot make namespaces: \(errno.words)"
    case .setupFailed(let operation, let errno):
      "cannot \(operation): \(errno.words)"
    case .helperDied(.signalled(let signal)):
      "the sandbox's helper process was killed by signal \(signal)"
    case .helperDied(.exited(let code)):
      "the sandbox's helper process ended with code \(code) and no report"
    }
  }

  /// What can be done about it, where something can.
  package var hint: String? {
    switch self {
    case .commandNotFound(let command) where command.hasSuffix("/sh"):
      "a `FROM scratch` stage has no shell: use the exec form, `RUN [\"/program\", \"argument\"]`"
    case .commandNotFound(let command) where !command.contains("/"):
      "it is looked up in the `PATH` of the image; give the whole path, or install it first"
    case .interpreterNotFound(_, let interpreter) where interpreter.contains("/ld-"):
      "the program is linked dynamically: link it statically, or use a base image with its C library"
    case .interpreterNotFound:
      "install the interpreter, or correct the script's `#!` line (a CR at its end counts too)"
    case .notExecutable:
      "`chmod +x` it, for instance with `COPY --chmod=755`"
    case .wrongFormat:
      "it was built for another architecture, or it is a script without a `#!` line"
    case .workingDirectoryMissing:
      "create it with `WORKDIR`"
    case .namespacesRefused(.permissionDenied), .namespacesRefused(.notPermitted):
      "run as root, or allow user namespaces: `sysctl user.max_user_namespaces` must not be 0"
    case .namespacesRefused(.noSpace):
      "the limit of namespaces is reached: raise `sysctl user.max_user_namespaces` and its kin"
    case .rootFailed(.noSuchFileOrDirectory):
      "a layer is gone from the store while it was used; build again"
    case .rootFailed(.notSupported), .rootFailed(Errno(rawValue: 19)):
      "the kernel has no overlayfs: `modprobe overlay`"
    default:
      nil
    }
  }
}

extension Errno {
  /// The C library's words, in lower case as our messages are.
  fileprivate var words: String {
    let text = description
    guard let first = text.first else { return "error \(rawValue)" }
    return first.lowercased() + text.dropFirst()
  }
}
