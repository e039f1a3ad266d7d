import BuildGraph
import DockerfileSyntax
import OCI

/// An image of another platform runs here only by chance, or by emulation.
enum InvalidBaseImagePlatform {
  static func check(_ image: ResolvedImage, wanted: Platform) -> LintFinding? {
    let own = image.configuration.platform.normalized
    let wanted = wanted.normalized
    guard own.os != wanted.os || own.architecture != wanted.architecture else { return nil }
    return LintFinding(
      .invalidBaseImagePlatform,
      "`\(image.source.reference)` is for `\(own)`, but `\(wanted)` was asked for",
      hint: "name the platform that is meant with `FROM --platform=…`",
      culprit: image.source.reference)
  }
}
