/// `RUN`: a command, what is mounted while it runs, and what it may do.
package struct RunInstruction: Hashable, Sendable {
  /// What reaches the network.
  package enum Network: String, CaseIterable, Hashable, Sendable {
    case `default`, none, host
  }

  /// How confined it is.
  package enum Security: String, CaseIterable, Hashable, Sendable {
    case sandbox, insecure
  }

  /// A device asked for by `--device=<name>[,required]`.
  package struct Device: Hashable, Sendable {
    /// A CDI name such as `vendor.com/class=id`.
    package var name: String
    /// Whether the build fails without it.
    package var isRequired: Bool
  }

  /// The command; never empty for the exec form.
  package var command: CommandLine
  /// Its heredocs, in order. Their bodies are not part of `command`.
  package var heredocs: [Heredoc]
  /// `--mount`, in order.
  package var mounts: [MountFlag]
  /// `--network`; absent where it was not given.
  package var network: Network?
  /// `--security`; absent where it was not given.
  package var security: Security?
  /// `--device`, in order.
  package var devices: [Device]

  /// What is to be run, heredocs worked in.
  package var script: RunScript { RunScript(command: command, heredocs: heredocs) }
}

/// A `RUN` command with its heredocs worked in.
package enum RunScript: Hashable, Sendable {
  /// Run these words as they are.
  case exec([String])
  /// Give this text to the shell as its one argument.
  case shell(String)
  /// Put this body into a file, mode 0755, at `/dev/pipes/<name>` on a read-only mount, and run
  /// the file: a lone heredoc whose body starts with `#!`.
  case file(name: String, body: [UInt8])
}
