import Testing

/// The suites that start real processes, one test at a time: some look at this process as a whole.
@Suite(.serialized)
struct BuiltInSandboxTests {}
