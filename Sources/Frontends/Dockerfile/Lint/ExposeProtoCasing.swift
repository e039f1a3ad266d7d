import DockerfileSyntax

/// `tcp`, not `TCP`.
enum ExposeProtoCasing {
  /// Looks at a word of `EXPOSE`.
  static func check(_ port: String) -> LintFinding? {
    let networkProtocol = port.drop { $0 != "/" }.dropFirst()
    guard networkProtocol != networkProtocol.lowercased() else { return nil }
    return LintFinding(
      .exposeProtoCasing, "the protocol of `EXPOSE \(port)` should be in lower case",
      hint: "write `\(port.lowercased())`", culprit: port)
  }
}
