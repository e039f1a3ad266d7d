import Archive
import OCI
import Snapshots
import SystemPackage
import Testing

/// Layers that others made by hand describe only their files. Where a base has `lib` as a link to
/// `usr/lib`, a layer of `lib/x` alone puts `x` there, and the link stays.
@Suite("A layer whose paths lead through links of the layers below")
struct LayersLinksTests {
  private func stack(_ scratch: LayersScratch, _ fill: (inout LayersRawTar) -> Void) throws
    -> [LayerID]
  {
    var base = LayersRawTar()
    base.add("usr/", .directory, mode: "0000755")
    base.add("usr/lib/", .directory, mode: "0000711")
    base.add("usr/lib/base", "base")
    base.add("lib", .symbolicLink, link: "usr/lib")
    base.add("chain", .symbolicLink, link: "/lib")
    base.add("dangling", .symbolicLink, link: "nowhere")
    var top = LayersRawTar()
    fill(&top)
    return [try scratch.adopt(tar: base.ended), try scratch.adopt(tar: top.ended)]
  }

  private func check(
    _ expected: [String], without: [String] = [], _ fill: (inout LayersRawTar) -> Void
  ) throws {
    let scratch = try LayersScratch()
    let layers = try stack(scratch, fill)
    // Both ways to look at a stack: through what the store knows, and as an overlay has it.
    let known = try scratch.store.tree(ofStack: layers)
    let unpacked = StackTree(
      layers: try scratch.store.lowerDirectories(of: layers).map { try LayerDirectoryTree($0) })
    for tree in [known, unpacked] {
      for path in expected {
        #expect(try tree.node(at: TreePath(cleaning: path)) != nil, "\(path)")
      }
      for path in without {
        #expect(try tree.node(at: TreePath(cleaning: path)) == nil, "\(path)")
      }
      #expect(try tree.node(at: TreePath(cleaning: "lib"))?.metadata.kind == .symbolicLink)
      #expect(try tree.node(at: TreePath(cleaning: "usr/lib"))?.metadata.permissions == 0o711)
    }
  }

  @Test("puts its files where the links lead")
  func files() throws {
    try check(["usr/lib/x", "usr/lib/new/y", "usr/lib/z", "usr/lib/base"]) {
      $0.add("lib/x", "x")
      $0.add("lib/new/y", "y")
      $0.add("chain/z", "z")
    }
  }

  @Test("links and takes away through them")
  func others() throws {
    try check(["usr/lib/x", "usr/lib/linked", "usr/lib/further"], without: ["usr/lib/base"]) {
      $0.add("lib/x", "x")
      $0.add("lib/linked", .hardLink, link: "lib/x")
      $0.add("lib/further", .hardLink, link: "usr/lib/linked")
      $0.add("lib/.wh.base")
    }
  }

  @Test("replaces a link only where it says so, or where the link leads to no directory")
  func replaced() throws {
    let scratch = try LayersScratch()
    let layers = try stack(scratch) {
      $0.add("lib/", .directory, mode: "0000755")
      $0.add("lib/x", "x")
      $0.add("dangling/y", "y")
    }
    let tree = try scratch.store.tree(ofStack: layers)
    #expect(try tree.node(at: TreePath(cleaning: "lib/x")) != nil)
    #expect(try tree.node(at: TreePath(cleaning: "usr/lib/x")) == nil)
    #expect(try tree.node(at: TreePath(cleaning: "dangling/y")) != nil)
  }
}
