import Subprocess
import SystemPackage

/// One run of a credential helper.
struct HelperRun: Sendable {
  let program: FilePath
  let action: String
  let input: String
  let environment: [String: String]

  /// What it wrote, and how it ended.
  struct End: Sendable {
    let status: TerminationStatus
    let output: [UInt8]
    let errors: [UInt8]
  }

  /// Runs the helper to its end; it and all that it started are killed when the time is over, or the
  /// task is cancelled. Throws `CredentialError.HelperFault` and `CancellationError`.
  func result(within timeLimit: Duration, outputLimit: Int) async throws -> End {
    try await withThrowingTaskGroup(of: End?.self) { group in
      group.addTask { try await result(outputLimit: outputLimit) }
      group.addTask {
        try await Task.sleep(for: timeLimit)
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let end = first else {
        throw CredentialError.HelperFault.tookTooLong(timeLimit)
      }
      return end
    }
  }

  private func result(outputLimit: Int) async throws -> End {
    var options = PlatformOptions()
    // A process group of its own, so that what a helper starts ends with it.
    options.processGroupID = 0
    options.teardownSequence = [
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
    ]
    let variables = environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
    do {
      let result = try await Subprocess.run(
        .path(program), arguments: [action],
        environment: .custom(Dictionary(uniqueKeysWithValues: variables)),
        platformOptions: options, input: .inputWriter, output: .bytes(limit: outputLimit),
        error: .bytes(limit: outputLimit)
      ) { execution in
        // A helper need not read all of it, and what it says is worth more than this failure. That
        // it is one, and not the end of the process, needs SIGPIPE to be ignored.
        _ = try? await execution.standardInputWriter.write(input)
      }
      try Task.checkCancellation()
      return End(
        status: result.terminationStatus, output: result.standardOutput,
        errors: result.standardError)
    } catch let error as SubprocessError {
      try Task.checkCancellation()
      if error.code == .outputLimitExceeded { throw CredentialError.HelperFault.wroteTooMuch }
      throw CredentialError.HelperFault.cannotStart(
        error.underlyingError.map { $0.description.lowercased() } ?? error.description)
    }
  }
}
