import Archive
import Glibc
import OCI
import SystemPackage
import Testing

@testable import Snapshots

@Suite("This machine's own system")
struct TreesHostTests {
  /// A machine in a directory: merged /usr, a person whose home is below /opt, a Swift below that.
  private func machine() throws -> TreesScratch {
    let machine = try TreesScratch()
    let elf = "\u{7f}ELF…"
    for (name, text) in [
      ("usr/bin/cc", elf), ("usr/lib/libc.a", "c"), ("usr/lib/os-release", "ID=test\n"),
      ("usr/local/go/bin/go", elf), ("usr/local/go/src/runtime/x.go", ""),
      ("usr/local/go/pkg/tool/asm", elf),
      ("opt/people/ann/.ssh/id", "secret"), ("opt/people/ann/swift/usr/bin/swift-driver", elf),
      ("opt/people/ann/swift/usr/lib/swift/x", ""), ("opt/people/bob/mail", "secret"),
      ("opt/tool/x", ""), ("opt/slipway/index.json", "state"),
      ("etc/shadow", "secret"), ("etc/ssh/key", "secret"), ("etc/ssl/private/key", "secret"),
      ("etc/ssl/certs/ca.crt", "public"), ("etc/hosts", "private"), ("etc/ld.so.cache", "cache"),
      (
        "etc/passwd",
        """
        root:x:0:0::/root:/bin/sh
        daemon:x:1:1::/usr/sbin:
        ann:x:1000:1000::/opt/people/ann:
        bob:x:1001:1001::/opt/people/bob:
        odd:x:1002:1002::/usr:

        """
      ),
      ("root/.netrc", "secret"), ("home/carl/x", "secret"), ("var/lib/secret", "secret"),
      ("var/lib/dpkg/status", "Package: base-files\n"), ("run/secrets/x", "secret"),
    ] { try machine.write(name, text) }
    for name in ["bin", "lib"] { try machine.link(name, to: "usr/\(name)") }
    try machine.link("etc/os-release", to: "../usr/lib/os-release")
    try machine.link("opt/people/ann/swift/usr/bin/swift", to: "swift-driver")
    try machine.link("opt/people/ann/swift/usr/bin/swiftc", to: "swift")
    try machine.link("usr/local/bin/go", to: "../go/bin/go")
    try machine.directory("lib64")
    return machine
  }

  private func system(_ machine: TreesScratch) throws -> HostSystem {
    try HostSystem.discover(
      path: "/usr/bin::relative:/usr/local/bin:/opt/people/ann/swift/usr/bin",
      home: "/opt/people/ann", state: "/opt/slipway", machine: machine.path)
  }

  @Test("shows the system and toolchains, and nothing of people")
  func contents() throws {
    let machine = try machine()
    let system = try system(machine)
    let expected = """
      bin -> usr/bin|dev/|etc/|etc/group|etc/ld.so.cache|etc/os-release -> ../usr/lib/os-release|\
      etc/passwd|etc/ssl/|etc/ssl/certs/|etc/ssl/certs/ca.crt|home/|lib -> usr/lib|lib64/|\
      opt/|opt/people/|opt/people/ann/|opt/people/ann/swift/|opt/people/ann/swift/usr/|\
      opt/people/ann/swift/usr/bin/|opt/people/ann/swift/usr/bin/swift -> swift-driver|\
      opt/people/ann/swift/usr/bin/swift-driver|opt/people/ann/swift/usr/bin/swiftc -> swift|\
      opt/people/ann/swift/usr/lib/|opt/people/ann/swift/usr/lib/swift/|\
      opt/people/ann/swift/usr/lib/swift/x|opt/people/bob/|opt/slipway/|opt/tool/|opt/tool/x|\
      proc/|root/|run/|sys/|tmp/|usr/|usr/bin/|usr/bin/cc|usr/lib/|usr/lib/libc.a|\
      usr/lib/os-release|usr/local/|usr/local/bin/|usr/local/bin/go -> ../go/bin/go|usr/local/go/|\
      usr/local/go/bin/|usr/local/go/bin/go|usr/local/go/pkg/|usr/local/go/pkg/tool/|\
      usr/local/go/pkg/tool/asm|usr/local/go/src/|usr/local/go/src/runtime/|\
      usr/local/go/src/runtime/x.go|var/|var/tmp/
      """
    let tree = try HostTree(system)
    #expect(try listing(tree) == expected.split(separator: "|").map(String.init))
    #expect(
      system.environment == [
        .init(
          name: "PATH",
          value: "/opt/people/ann/swift/usr/bin"
            + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
      ])
    #expect(
      system.masks
        == ["opt/people/ann", "opt/people/bob", "opt/slipway"].map { TreePath(cleaning: $0) })
    #expect(system.binds.allSatisfy { $0.isReadOnly })
    #expect(system.binds.contains { $0.source == FilePath(machine.at("usr")) })
    #expect(try text(tree, "etc/ssl/certs/ca.crt") == "public")
    #expect(try text(tree, "etc/passwd").hasPrefix("root:x:0:0"))
    for hidden in ["opt/people/bob/mail", "opt/slipway/index.json", "opt/people/ann/.ssh/id"] {
      #expect(try tree.node(at: TreePath(cleaning: hidden)) == nil)
      #expect(throws: TreeError.self) { try tree.open(TreePath(cleaning: hidden)) }
    }
    let modes = try ["tmp", "var/tmp", "root"].map {
      try tree.node(at: TreePath(cleaning: $0))?.metadata.permissions
    }
    #expect(modes == [0o1777, 0o1777, 0o700])
  }

  @Test("is told from others by packages and by what was installed beside them")
  func identity() throws {
    let machine = try machine()
    let before = try system(machine).identity
    #expect(try system(machine).identity == before)
    try machine.write("home/carl/y", "nobody's business")
    try machine.write("opt/slipway/more", "our own state")
    try machine.write("opt/people/bob/more", "")
    #expect(try system(machine).identity == before)
    var seen: Set = [before]
    for (name, text) in [
      ("var/lib/dpkg/status", "Package: gcc\n"), ("usr/lib/os-release", "ID=other\n"),
      ("usr/local/go/pkg/tool/asm", "new"), ("opt/tool/y", ""), ("etc/ld.so.cache", "longer cache"),
      ("opt/people/ann/swift/usr/lib/swift/y", ""),
    ] {
      try machine.write(name, text)
      #expect(seen.insert(try system(machine).identity).inserted, "\(name)")
    }
  }

  @Test("takes no home for a toolchain, and no script")
  func wrongPrefixes() throws {
    let machine = try TreesScratch()
    for (name, text) in [
      ("home/ann/bin/go", "\u{7f}ELF"), ("home/ann/src/x", ""), ("home/bob/bin/go", "\u{7f}ELF"),
      ("home/bob/src/x", ""), ("srv/shims/bin/go", "#!/bin/sh"), ("srv/shims/src/x", ""),
      ("srv/only/bin/swift", "\u{7f}ELF"), ("srv/flat/go", "\u{7f}ELF"),
    ] { try machine.write(name, text) }
    let system = try HostSystem.discover(
      path: "/home/ann/bin:/home/bob/bin:/srv/shims/bin:/srv/only/bin:/srv/flat",
      home: "/home/ann", state: nil, machine: machine.path)
    #expect(system.binds.isEmpty)
  }

  @Test("finds the toolchain that swiftly stands for")
  func swiftly() throws {
    let machine = try TreesScratch()
    let base = "home/ann/.local/share/swiftly"
    try machine.write("\(base)/bin/swiftly", "\u{7f}ELF")
    try machine.link("\(base)/bin/swift", to: "swiftly")
    try machine.write("\(base)/config.json", #"{"installed":["6.2.0"],"inUse" : "6.2.0"}"#)
    try machine.write("\(base)/toolchains/6.2.0/usr/bin/swift", "\u{7f}ELF")
    try machine.write("\(base)/toolchains/6.2.0/usr/lib/swift/x")
    let system = try HostSystem.discover(
      path: "/\(base)/bin", home: "/home/ann", state: nil, machine: machine.path)
    #expect(
      system.binds.map(\.target) == [TreePath(cleaning: "\(base)/toolchains/6.2.0/usr")])
    let tree = try HostTree(system)
    #expect(try tree.node(at: TreePath(cleaning: "\(base)/config.json")) == nil)
    #expect(try tree.node(at: TreePath(cleaning: "\(base)/toolchains/6.2.0/usr/bin/swift")) != nil)
    #expect(HostToolchainFinder.valueInUse(Array(#"{"inUse":"../../x"}"#.utf8)) == nil)
    #expect(HostToolchainFinder.valueInUse(Array(#"{"inUse""#.utf8)) == nil)
    #expect(HostToolchainFinder.valueInUse([0xff, 0x22]) == nil)
  }

  @Test("shows no secret of the machine that this test runs on")
  func thisMachine() throws {
    let environment = { (name: String) in getenv(name).map { String(cString: $0) } }
    let home = environment("HOME").map { FilePath($0) }
    let system = try HostSystem.discover(path: environment("PATH") ?? "", home: home, state: nil)
    let tree = try HostTree(system)
    #expect(try tree.node(at: TreePath(cleaning: "usr/bin")) != nil)
    for hidden in [
      "etc/shadow", "etc/gshadow", "etc/ssh", "etc/hosts", "etc/ssl/private", "etc/machine-id",
      "var/lib", "var/log", "srv", "boot",
    ] {
      #expect(try tree.node(at: TreePath(cleaning: hidden)) == nil, "\(hidden)")
      #expect(try tree.children(of: TreePath(cleaning: hidden)).isEmpty, "\(hidden)")
    }
    for empty in ["run", "proc", "sys", "dev", "tmp", "var/tmp"] {
      #expect(try tree.children(of: TreePath(cleaning: empty)).isEmpty, "\(empty)")
    }
    #expect(try tree.node(at: TreePath(cleaning: "root/.ssh")) == nil)
    #expect(!(try text(tree, "etc/passwd")).contains("daemon"))
    #expect(
      try HostSystem.discover(path: environment("PATH") ?? "", home: home, state: nil).identity
        == system.identity)
  }
}
