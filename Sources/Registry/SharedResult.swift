extension Task where Failure == any Error {
  /// The result of a task that others wait for too: who is cancelled waits no longer, and the task goes
  /// on for the others. Throws `CancellationError`, and what the task throws.
  func sharedValue() async throws -> Success {
    let (results, continuation) = AsyncStream<Result<Success, any Error>>.makeStream()
    Task<Void, Never> {
      continuation.yield(await self.result)
      continuation.finish()
    }
    for await result in results { return try result.get() }
    // Inside of `Task` the bare name is a method's.
    throw _Concurrency.CancellationError()
  }
}
