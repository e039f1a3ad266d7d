// swift-tools-version: 6.2
import PackageDescription

/// The manifest is the architecture: one target per specification or per seam with the world, and
/// every arrow goes down. `docs/walk.md` walks through the floors from the top.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

/// A module of ours: strict settings, its floor named by what it may use.
func module(_ name: String, uses dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(
  of name: String, uses dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: [.target(name: name)] + dependencies,
    exclude: exclude,
    swiftSettings: strict)
}

let package = Package(
  name: "slipway",
  products: [.executable(name: "slipway", targets: ["SlipwayCLI"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    // Floor 4: the terminal.
    .executableTarget(
      name: "SlipwayCLI",
      dependencies: [
        "Slipway", "Engine", "Exporters", "DockerfileSyntax", "BuildGraph", "Registry",
        "Snapshots", "Sandbox", "OCI", "Archive", "Reporting", "CLinux", systemPackage,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    // Floor 3: the table of contents.
    module(
      "Slipway",
      uses: [
        "Frontends", "Engine", "Exporters", "DockerfileSyntax", "BuildGraph", "Registry",
        "Snapshots", "Sandbox", "Transport", "OCI", "Archive", "Reporting", systemPackage,
      ]),

    // Floor 2: source tree to plan, plan to image, image to destination.
    module(
      "Frontends",
      uses: ["DockerfileSyntax", "BuildGraph", "OCI", "Reporting", systemPackage]),
    module(
      "Engine",
      uses: [
        "BuildGraph", "DockerfileSyntax", "Snapshots", "Sandbox", "Transport", "OCI", "Archive",
        "Reporting", "CLinux", systemPackage,
        .product(name: "Subprocess", package: "swift-subprocess"),
      ]),
    module(
      "Exporters",
      uses: ["Registry", "Transport", "OCI", "Archive", "Snapshots", "CLinux", systemPackage]),

    // Floor 1: one specification each.
    module("DockerfileSyntax", uses: ["Reporting"]),
    module("BuildGraph", uses: ["OCI"]),
    module(
      "Registry",
      uses: [
        "Transport", "OCI", "CLinux", systemPackage,
        .product(name: "Subprocess", package: "swift-subprocess"),
      ]),
    module("Snapshots", uses: ["Archive", "OCI", "CLinux", systemPackage]),
    module("Sandbox", uses: ["CLinux", systemPackage]),

    // Floor 0: nothing of ours below.
    module("OCI", uses: ["CCrypto", "CLinux", systemPackage]),
    module("Archive", uses: ["CZlib", "CDeflate", "CZstd", "CBzip2", "CLZMA"]),
    module("Reporting", uses: []),
    module(
      "Transport",
      uses: [
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        systemPackage,
      ]),

    // What Swift cannot call.
    .target(name: "CLinux", cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra"])]),
    .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CDeflate", providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CBzip2", providers: [.apt(["libbz2-dev"])]),
    .systemLibrary(name: "CLZMA", providers: [.apt(["liblzma-dev"])]),

    // Tests.
    .target(
      name: "TestSupport",
      dependencies: ["OCI", "Archive", "CLinux", systemPackage],
      path: "Tests/TestSupport",
      swiftSettings: strict),
    // `Fuzz` is a package of its own; the tests check its invariants on its corpus.
    .target(
      name: "FuzzInvariants",
      dependencies: ["DockerfileSyntax"],
      path: "Fuzz/Sources/FuzzInvariants",
      swiftSettings: strict),
    tests(of: "OCI", uses: ["TestSupport", systemPackage]),
    tests(of: "Archive", uses: ["TestSupport"]),
    tests(of: "Reporting"),
    tests(of: "Transport", uses: ["TestSupport", systemPackage]),
    tests(
      of: "Registry",
      uses: ["Transport", "OCI", "Archive", "Snapshots", "TestSupport", systemPackage]),
    tests(of: "DockerfileSyntax", uses: ["FuzzInvariants", "Reporting"]),
    tests(of: "BuildGraph", uses: ["OCI"]),
    tests(of: "Snapshots", uses: ["TestSupport", "Archive", "OCI", "CLinux", systemPackage]),
    tests(of: "Sandbox", uses: ["TestSupport", "CLinux", systemPackage]),
    tests(
      of: "Frontends",
      uses: ["DockerfileSyntax", "BuildGraph", "OCI", "Reporting", "TestSupport", systemPackage],
      exclude: ["Recipes/Golden"]),
    tests(
      of: "Engine",
      uses: [
        "BuildGraph", "Snapshots", "Sandbox", "Transport", "OCI", "Archive", "Reporting",
        "TestSupport", systemPackage,
      ]),
    tests(
      of: "Exporters",
      uses: ["Transport", "OCI", "Archive", "Snapshots", "TestSupport", systemPackage]),
    tests(
      of: "SlipwayCLI",
      uses: ["Slipway", "Engine", "Exporters", "Snapshots", "OCI", systemPackage]),
    .testTarget(
      name: "IntegrationTests",
      // The executable is named so that it is built: the tests run it.
      dependencies: ["TestSupport", "SlipwayCLI", "OCI", systemPackage],
      exclude: ["Cases", "Scripts"],
      swiftSettings: strict),
  ],
  cLanguageStandard: .gnu17
)
