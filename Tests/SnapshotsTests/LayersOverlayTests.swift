import Archive
import Glibc
import OCI
import Snapshots
import SystemPackage
import Testing

/// What a process changed in a mounted overlay is the layer: apply∘diff is the identity.
@Suite("A layer from an overlay")
struct LayersOverlayTests {
  /// A view of a mounted overlay; the attributes of overlayfs itself do not show there.
  private func view(_ merged: FilePath) throws -> LayersView {
    try LayersView(StackTree(layers: [LayerDirectoryTree(merged)]), wholeSeconds: true)
  }

  private func expectApplies(
    _ upper: LayerID, above lower: [LayerID], to expected: LayersView, in scratch: LayersScratch,
    _ comment: Comment? = nil
  ) throws {
    let direct = try LayersView(
      scratch.store.tree(ofStack: lower + [upper]), wholeSeconds: true)
    #expect(direct == expected, "\(direct.difference(from: expected))")

    let adopted = try scratch.adopted(upper, above: lower)
    let indexed = try LayersView(
      scratch.store.tree(ofStack: lower + [adopted]), wholeSeconds: true)
    #expect(indexed == expected, "index: \(indexed.difference(from: expected))")

    let directories = try scratch.store.lowerDirectories(of: lower + [adopted])
    let unpacked = try LayersView(
      StackTree(layers: directories.map { try LayerDirectoryTree($0) }), wholeSeconds: true)
    #expect(unpacked == expected, "unpacked: \(unpacked.difference(from: expected))")

    var remounted: LayersView?
    _ = try scratch.overlay(lower + [adopted]) { remounted = try view($0) }
    #expect(remounted == expected, "mounted: \(remounted?.difference(from: expected) ?? "")")

    // Without the layers below, the marks of opaque directories do the same.
    let alone = try scratch.adopted(upper, above: nil, latestTime: 4_000_000_000)
    let marked = try LayersView(
      scratch.store.tree(ofStack: lower + [alone]), wholeSeconds: true)
    #expect(marked == expected, "alone: \(marked.difference(from: expected))")
  }

  @Test(
    "A change that a process makes comes back from the blob",
    arguments: [
      "true",
      "rm etc/passwd",
      "rm -r etc",
      "rm -r etc; mkdir etc",
      "rm -r etc; mkdir etc; echo new > etc/passwd",
      "rm -r etc; echo file > etc",
      "rm -r etc/deep; mkdir -p etc/deep/er; echo x > etc/deep/er/new",
      "echo more >> etc/deep/er/file",
      "chmod 4755 bin/tool; chown 7:8 bin/tool",
      "chmod 700 etc/deep",
      "mv etc etc2",
      "mv bin/tool bin/renamed",
      "ln bin/tool bin/second; ln bin/tool etc/third",
      "rm bin/link; mkdir bin/link; echo y > bin/link/y",
      "mkfifo pipe; mknod null c 1 3; touch 'strange\nname'",
      "setcap cap_net_raw+ep bin/tool; setfattr -n user.x -v y etc",
      "touch -d @1 etc/passwd; touch -d @2 etc",
      "mkdir empty; rmdir empty",
      "echo t > temporary; rm temporary",
    ])
  func change(script: String) throws {
    let scratch = try LayersScratch()
    let bottom = try scratch.blobLayer([
      .directory("bin"), .link("bin/link", to: "tool"), .regular("bin/tool", "tool", mode: 0o755),
      .directory("etc"), .directory("etc/deep"), .directory("etc/deep/er"),
      .regular("etc/deep/er/file", "deep"), .regular("etc/passwd", "root"),
    ])
    let middle = try scratch.directoryLayer([
      .directory("etc"), .regular("etc/second", "2"), .directory("srv"),
    ])
    var expected: LayersView?
    let upper = try scratch.overlay([bottom, middle]) { merged in
      try LayersScratch.shell("cd \(merged)\n\(script)")
      expected = try view(merged)
    }
    try expectApplies(
      upper, above: [bottom, middle], to: try #require(expected), in: scratch)
  }

  @Test("Random changes to random trees come back from the blob", arguments: UInt64(1)...6)
  func randomChanges(seed: UInt64) throws {
    let scratch = try LayersScratch()
    var random = LayersRandom(seed: seed)
    let bottom = try scratch.directoryLayer(random.files(80))
    let middle = try scratch.overlay([bottom]) { try change($0, &random) }
    var expected: LayersView?
    let top = try scratch.overlay([bottom, middle]) {
      try change($0, &random)
      expected = try view($0)
    }
    try expectApplies(top, above: [bottom, middle], to: try #require(expected), in: scratch)
  }

  /// Removes, replaces, renames and adds at random.
  private func change(_ merged: FilePath, _ random: inout LayersRandom) throws {
    for _ in 0..<25 {
      let paths = try LayersView.paths(DirectoryTree(merged))
      guard let chosen = paths.randomElement(using: &random) else { break }
      let other = paths.randomElement(using: &random) ?? chosen
      let target = "\(merged)/"
      func quoted(_ path: TreePath) -> String {
        let bytes = path.bytes.map { "\\0" + String($0, radix: 8) }.joined()
        return "\"$(printf '%b.' '\(bytes)')\""
      }
      let script =
        switch Int.random(in: 0..<6, using: &random) {
        case 0: "rm -rf \"$p\""
        case 1: "rm -rf \"$p\"; mkdir \"$p\"; echo new > \"$p/new\""
        case 2: "rm -rf \"$p\"; echo replaced > \"$p\""
        case 3: "mv -T \"$p\" \"$p.moved\" 2>/dev/null || true"
        case 4: "test -f \"$q\" && ln -T \"$q\" \"$p.linked\" 2>/dev/null || true"
        default: "chmod 0751 \"$p\" 2>/dev/null || true"
        }
      try LayersScratch.shell(
        "cd '\(target)'; p=\(quoted(chosen)); p=./${p%.}; q=\(quoted(other)); q=./${q%.}\n\(script)"
      )
    }
  }

  @Test("A directory that was only copied up is not in the blob")
  func unchangedParents() throws {
    let scratch = try LayersScratch()
    let lower = try scratch.blobLayer([
      .directory("usr"), .directory("usr/lib"), .regular("usr/lib/b", "b"),
      .directory("usr/share"), .regular("usr/share/a", "a"),
    ])
    let upper = try scratch.overlay([lower]) { merged in
      try LayersScratch.shell("cd \(merged); echo more >> usr/share/a; touch usr/lib/b")
    }
    let blob = try scratch.store.blob(
      of: upper, encoding: LayerEncoding(compression: .uncompressed), above: [lower])
    try scratch.shell(
      "test \"$(tar -tf \(scratch.content.path(of: blob.descriptor.digest)) | tr '\\n' ' ')\""
        + " = 'usr/lib/b usr/share/a '")
  }
}

extension LayersView {
  static func paths(_ tree: some FileTree) throws -> [TreePath] {
    var result: [TreePath] = []
    try tree.walk { path, _ in
      if !path.isRoot { result.append(path) }
      return .into
    }
    return result
  }
}
