import DockerfileSyntax

/// Which address and port of the host a port is published on is said by who runs the image.
enum ExposeInvalidFormat {
  /// Looks at a word of `EXPOSE`.
  static func check(_ port: String) -> LintFinding? {
    let parts = port.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.dropLast().contains(where: { !$0.isEmpty }) else { return nil }
    return LintFinding(
      .exposeInvalidFormat, "`EXPOSE` takes no address and no port of the host: `\(port)`",
      hint: "write `\(parts.last ?? "")`", culprit: port)
  }
}
