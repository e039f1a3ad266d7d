// swift-tools-version: 6.2
import PackageDescription

/// Fuzz targets for `DockerfileSyntax`; `README.md` says how to run them.
///
/// What they call is `package`, which ends at a package's border, so this package compiles the sources
/// as its own: `Sources/DockerfileSyntax` and `Sources/Reporting` are symbolic links.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
// Checked as in a debug build, yet fast enough to fuzz.
let optimized: [SwiftSetting] = strict + [.unsafeFlags(["-O"])]

/// An executable whose `main` is libFuzzer's.
func fuzzer(_ name: String) -> Target {
  .executableTarget(
    name: name, dependencies: ["FuzzInvariants"],
    swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])])
}

let package = Package(
  name: "slipway-fuzz",
  targets: [
    .target(name: "Reporting", swiftSettings: optimized),
    .target(name: "DockerfileSyntax", dependencies: ["Reporting"], swiftSettings: optimized),
    .target(name: "FuzzInvariants", dependencies: ["DockerfileSyntax"], swiftSettings: optimized),
    fuzzer("FuzzDockerfile"),
    fuzzer("FuzzHeredoc"),
    fuzzer("FuzzExpansion"),
    fuzzer("FuzzIgnore"),
    .executableTarget(
      name: "Scaling", dependencies: ["DockerfileSyntax", "Reporting"], swiftSettings: optimized),
  ]
)
