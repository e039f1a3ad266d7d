/// Slipway's own sandbox: namespaces, `pivot_root`, capabilities and seccomp, set up by a small C
/// helper that this executable becomes when it is started under another name.
package struct BuiltInSandbox: ProcessSandbox {
  package init() {}

  package func start(
    _ specification: SandboxSpecification,
    output: @escaping @Sendable (OutputStream, [UInt8]) -> Void
  ) throws -> any RunningProcess {
    throw SandboxError.invalidSpecification("not written yet")
  }
}
