extension Platform {
  /// Whether an image for this platform can stand where `wanted` is asked for.
  package func satisfies(_ wanted: Platform) -> Bool {
    rank(for: wanted) != nil
  }

  /// How well an image for this platform can stand where `wanted` is asked for: 0 is best; nil where
  /// it cannot.
  ///
  /// The version and the features of the system do not count.
  package func rank(for wanted: Platform) -> Int? {
    let own = normalized
    return wanted.normalized.acceptable.firstIndex { candidate in
      own.os == candidate.os && own.architecture == candidate.architecture
        && own.variant == candidate.variant
    }
  }

  /// The platforms whose programs run where this one's do, best first: the order of containerd's
  /// `platforms.Only` (github.com/containerd/platforms, compare.go).
  private var acceptable: [Platform] {
    let own = variant.map { String($0.drop { $0 == "v" }) }
    var variants: [String?]
    var others: [Platform] = []
    switch architecture {
    case "amd64":
      variants = [variant] + Self.below(own).filter { $0 > 0 }.map { "v\($0)" }
      others = [with("386", nil)]
    case "arm":
      variants = [variant] + Self.below(own).filter { $0 >= 5 }.map { "v\($0)" }
    case "arm64":
      variants = [variant] + Self.belowArm64(own ?? "8")
      // In its 32-bit mode it is an Arm of version 8.
      others = with("arm", "v8").acceptable
    default: variants = [variant]
    }
    return variants.map { with(architecture, $0).normalized } + others
  }

  private func with(_ architecture: String, _ variant: String?) -> Platform {
    Platform(os: os, architecture: architecture, variant: variant)
  }

  /// The numbers below a version of one digit, falling; none for what is no such version.
  private static func below(_ version: String?) -> [Int] {
    guard let version, version.utf8.count == 1, let number = Int(version) else { return [] }
    return (0..<number).reversed()
  }

  /// The versions of 64-bit Arm that `version` includes, such as `8.2` of `8.3`. Version 9.x has
  /// what 8.(x+5) has.
  private static func belowArm64(_ version: String) -> [String] {
    let parts = version.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let minor = parts.count > 1 ? parts[1] : "0"
    guard parts.count <= 2, minor.utf8.count == 1, let number = Int(minor) else { return [] }
    switch parts[0] {
    case "8": return below(minor).map { "v8.\($0)" }
    case "9":
      return below(minor).map { "v9.\($0)" } + (0...number + 5).reversed().map { "v8.\($0)" }
    default: return []
    }
  }
}

extension Collection<Descriptor> {
  /// The entry whose platform stands best where `wanted` is asked for, the first of equals; nil where
  /// none does.
  package func best(for wanted: Platform) -> Descriptor? {
    let ranked = compactMap { entry in
      entry.platform?.rank(for: wanted).map { (entry: entry, rank: $0) }
    }
    return ranked.min { $0.rank < $1.rank }?.entry
  }
}
