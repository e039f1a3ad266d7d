extension Dockerfile {
  /// Reads a Dockerfile. Never fails: what is wrong is in `diagnostics`.
  ///
  /// Linear in the bytes, and total: any bytes will do. Where `check` is given, it counts instead of
  /// the file's own `# check=`.
  package static func parse(_ bytes: [UInt8], check: CheckDirective? = nil) -> Dockerfile {
    var parser = DockerfileParser(bytes)
    return parser.parse(check: check)
  }

  /// Reads one instruction that is not in a Dockerfile: an `ONBUILD` trigger out of an image's
  /// configuration. `FROM`, `MAINTAINER` and `ONBUILD` are refused, as are several instructions.
  package static func parseInstruction(
    _ text: String, escape: UInt8 = UInt8(ascii: "\\")
  ) -> (instruction: Instruction?, diagnostics: [SyntaxDiagnostic]) {
    var parser = DockerfileParser(Array(text.utf8), escape: escape)
    return parser.parseTrigger()
  }
}
