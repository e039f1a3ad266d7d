import FoundationEssentials
import Glibc
import Sandbox
import SystemPackage
import Testing

extension BuiltInSandboxTests {
  struct FileSystem {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    @Test("Writes land in the upper directory, and in no layer")
    func upper() async throws {
      let before = entries(of: fixture.layer)
      try await run(fixture.shell("echo new > /new; rm /bin/cat; mkdir -p /a/b; chmod 700 /bin"))
        .expectSuccess()
      #expect(fixture.written() == ["a", "a/b", "bin", "bin/cat", "new"])
      #expect(contents(fixture.upper.appending("new")) == "new\n")
      var whiteout = stat()
      #expect(lstat(fixture.upper.appending("bin/cat").string, &whiteout) == 0)
      #expect(whiteout.st_mode & S_IFMT == S_IFCHR && whiteout.st_rdev == 0)
      #expect(entries(of: fixture.layer) == before)
    }

    @Test("Mount points that the image lacks leave no trace", arguments: [false, true])
    func noTrace(legacyOverlay: Bool) async throws {
      let etc = fixture.layer.appending("etc")
      try fixture.write("root:x:0:0::/:/bin/sh\n".utf8, to: etc.appending("passwd"))
      #expect(chmod(etc.string, 0o751) == 0 && chown(etc.string, 7, 8) == 0)
      var times = [
        timespec(tv_sec: 1_000_000, tv_nsec: 5), timespec(tv_sec: 2_000_000, tv_nsec: 6),
      ]
      #expect(utimensat(AT_FDCWD, etc.string, &times, 0) == 0)
      let cache = try fixture.folder("cache")

      var specification = fixture.shell(
        "cat /etc/resolv.conf /run/secrets/key; stat -c '%a %u %g %Y' /etc; ls /etc; echo x > /root/.cache/go/x"
      )
      specification.mounts = [
        .file(Array("nameserver ::1\n".utf8), at: "/etc/resolv.conf"),
        .file(Array("secret\n".utf8), at: "/run/secrets/key", mode: 0o400),
        .bind(cache, at: "/root/.cache/go", readOnly: false),
        .temporary(at: "/tmp/scratch"),
      ]
      let outcome = try await run(specification, in: BuiltInSandbox(legacyOverlay: legacyOverlay))
      #expect(
        outcome.lines == [
          "nameserver ::1", "secret", "751 7 8 2000000", "passwd", "resolv.conf",
        ])
      #expect(outcome.errors == "")
      #expect(fixture.written() == [])
      #expect(entries(of: cache) == ["x"])
      #expect(
        outcome.result.providedPaths == [
          "/proc", "/dev", "/sys", "/etc/resolv.conf", "/run", "/run/secrets", "/run/secrets/key",
          "/root", "/root/.cache", "/root/.cache/go", "/tmp", "/tmp/scratch",
        ])
    }

    @Test("A mount point is provided where a layer above deleted it or replaced its directory")
    func deletedMountPoints() async throws {
      try fixture.write("old".utf8, to: fixture.layer.appending("etc/hosts"))
      try fixture.write("old".utf8, to: fixture.layer.appending("run/leftover"))
      try fixture.write("old".utf8, to: fixture.layer.appending("srv/leftover"))
      // A step deletes one, replaces the other by an opaque directory, deletes the third.
      try await run(
        fixture.shell("rm -r /etc/hosts /run /srv && mkdir /run && echo new > /run/new")
      ).expectSuccess()

      var specification = SandboxSpecification(
        root: .overlay(
          lower: [fixture.upper, fixture.layer], upper: try fixture.folder("upper2"),
          work: try fixture.folder("work2")),
        arguments: ["sh", "-c", "cat /etc/hosts; ls /run /run/secrets /srv"])
      specification.mounts = [
        .file(Array("127.0.0.1 localhost\n".utf8), at: "/etc/hosts"),
        .file([], at: "/run/secrets/a"), .file([], at: "/srv/b"),
      ]
      let outcome = try await run(specification)
      #expect(
        outcome.lines == [
          "127.0.0.1 localhost", "/run:", "new", "secrets", "/run/secrets:", "a", "/srv:", "b",
        ])
      #expect(entries(of: fixture.folder.appending("upper2")) == [])
    }

    @Test("What a step makes beside a provided mount point is a change of its own")
    func besideMountPoint() async throws {
      var specification = fixture.shell("echo x > /run/secrets/other")
      specification.mounts = [.file([], at: "/run/secrets/key")]
      try await run(specification).expectSuccess()
      #expect(fixture.written() == ["run", "run/secrets", "run/secrets/other"])
    }

    @Test(
      "A mount target's symlinks are followed inside the root and never out of it",
      arguments: [
        ("/var/run", "/run", "/var/run/x", "run/x"),
        ("/etc/resolv.conf", "../run/systemd/stub", "/etc/resolv.conf", "run/systemd/stub"),
        ("/escape", "../../../../../../../../tmp", "/escape/slipway-escape", "tmp/slipway-escape"),
        ("/absolute", "/tmp/slipway-escape", "/absolute/x", "tmp/slipway-escape/x"),
        ("/proclink", "/proc/self/root/tmp", "/bin/../proclink/../../x", "proc/self/x"),
      ])
    func symlinks(link: String, destination: String, target: String, lands: String) async throws {
      let path = fixture.layer.appending(link.dropFirst().description)
      try fixture.makeDirectory(path.removingLastComponent())
      try fixture.link(path, to: destination)
      var specification = fixture.shell("cat /\(lands)")
      specification.mounts = [.file(Array("here\n".utf8), at: FilePath(target))]
      if lands.hasPrefix("proc") {
        // The kernel's file systems take no mount points; what matters is that nothing got out.
        await #expect(throws: SandboxError.self) { try await run(specification) }
      } else {
        #expect(try await run(specification).lines == ["here"])
        #expect(fixture.written() == [])
      }
      #expect(access("/tmp/slipway-escape", F_OK) != 0)
    }

    @Test("A symlink that turns in a circle is an error")
    func circle() async throws {
      try fixture.link(fixture.layer.appending("a"), to: "b")
      try fixture.link(fixture.layer.appending("b"), to: "a")
      var specification = fixture.shell("true")
      specification.mounts = [.file([], at: "/a/x")]
      await #expect(
        throws: SandboxError.mountFailed(target: "/a/x", .tooManySymbolicLinkLevels)
      ) { try await run(specification) }
    }

    @Test("A bind source does not leave its base, and is read-only unless said otherwise")
    func bindSource() async throws {
      let base = try fixture.folder("base")
      try fixture.write("inside\n".utf8, to: base.appending("etc/hostname"))
      try fixture.link(base.appending("link"), to: "/etc/hostname")
      var specification = fixture.shell(
        "cat /mounted; (echo x > /mounted) 2>/dev/null || echo refused")
      specification.mounts = [.bind("link", within: base, at: "/mounted")]
      #expect(try await run(specification).lines == ["inside", "refused"])

      specification.mounts = [.bind("missing", within: base, at: "/mounted")]
      await #expect(throws: SandboxError.mountSourceMissing("missing")) {
        try await run(specification)
      }
    }

    @Test("Layers can be mounted at a path, read-only or with a scratch that takes the writes")
    func layers() async throws {
      let top = try fixture.folder("top")
      try fixture.write("top\n".utf8, to: top.appending("src/a"))
      try fixture.write("bottom\n".utf8, to: fixture.layer.appending("src/b"))
      let scratch = OverlayScratch(
        upper: try fixture.folder("scratch"), work: try fixture.folder("scratch-work"))
      var specification = fixture.shell(
        "cat /ro/a /rw/b; (echo > /ro/c) 2>/dev/null || echo refused; echo new > /rw/c && cat /rw/c"
      )
      specification.mounts = [
        .layers([top, fixture.layer], path: "/src", at: "/ro"),
        .layers([top, fixture.layer], path: "src", at: "/rw", scratch: scratch),
      ]
      #expect(try await run(specification).lines == ["top", "bottom", "refused", "new"])
      #expect(entries(of: scratch.upper) == ["src", "src/c"])
      #expect(fixture.written() == [])
    }

    @Test("A temporary file system has the size and mode that were asked for")
    func temporary() async throws {
      var specification = fixture.shell(
        "stat -c %a /t; dd if=/dev/zero of=/t/f bs=1024 count=100 2>&1 | grep -c 'No space'")
      specification.mounts = [.temporary(at: "/t", size: 65536, mode: 0o1770)]
      #expect(try await run(specification).lines == ["1770", "1"])
    }

    @Test("A file in memory has its owner and mode, and binary contents")
    func memoryFile() async throws {
      var specification = fixture.shell("stat -c '%a %u %g %s' /f; grep ' /f ' /proc/mounts")
      specification.mounts = [.file([0, 1, 0, 255], at: "/f", mode: 0o440, userID: 3, groupID: 4)]
      let lines = try await run(specification).lines
      #expect(lines.first == "440 3 4 4")
      #expect(lines.last?.contains(" tmpfs ro,") == true)
    }

    @Test("A read-only root refuses writes, mounts in it still take them")
    func readOnlyRoot() async throws {
      for root in [
        fixture.overlay, .readOnlyOverlay(lower: [fixture.layer]),
        .directory(fixture.layer, readOnly: true),
      ] {
        var specification = fixture.shell(
          "(echo > /new) 2>/dev/null || echo refused; echo fine > /tmp/f && cat /tmp/f")
        specification.root = root
        specification.rootReadOnly = true
        specification.mounts = [.temporary(at: "/tmp")]
        #expect(try await run(specification).lines == ["refused", "fine"])
      }
      #expect(!entries(of: fixture.layer).contains("tmp"))
    }

    @Test("A directory root keeps its writes and loses the mount points made for it")
    func directoryRoot() async throws {
      let root = fixture.layer
      try fixture.makeDirectory(root.appending("etc"))
      try fixture.makeDirectory(root.appending("dev/shm"))
      var times = [
        timespec(tv_sec: 1_000_000, tv_nsec: 0), timespec(tv_sec: 2_000_000, tv_nsec: 0),
      ]
      for name in ["etc", ""] {
        #expect(utimensat(AT_FDCWD, root.appending(name).string, &times, 0) == 0)
      }
      let before = entries(of: root)
      var specification = fixture.shell("cat /etc/hosts && echo kept > /bin/kept")
      specification.root = .directory(root, readOnly: false)
      specification.mounts = [
        .file(Array("hosts\n".utf8), at: "/etc/hosts"), .file([], at: "/a/b/c"),
      ]
      #expect(try await run(specification).lines == ["hosts"])
      #expect(entries(of: root) == (before + ["bin/kept"]).sorted())
      for name in ["etc", ""] {
        var status = stat()
        #expect(lstat(root.appending(name).string, &status) == 0)
        #expect(status.st_mtim.tv_sec == 2_000_000)
      }
    }

    @Test("A hundred layers with long names make one root", arguments: [false, true])
    func manyLayers(legacyOverlay: Bool) async throws {
      var lower: [FilePath] = []
      for number in 0..<100 {
        let name = String(repeating: "long:name,", count: 20) + "\(number)"
        let layer = try fixture.folder(name)
        try fixture.write("\(number)\n".utf8, to: layer.appending("numbers/\(number)"))
        try fixture.write("\(number)\n".utf8, to: layer.appending("newest"))
        lower.append(layer)
      }
      var specification = fixture.shell("ls /numbers | wc -l; cat /newest")
      specification.root = .overlay(
        lower: lower + [fixture.layer], upper: fixture.upper, work: fixture.work)
      let outcome = try await run(specification, in: BuiltInSandbox(legacyOverlay: legacyOverlay))
      #expect(outcome.lines == ["100", "0"])
    }

    @Test("An upper directory can be used again after a volatile overlay")
    func again() async throws {
      try await run(fixture.shell("echo 1 > /one")).expectSuccess()
      try await run(fixture.shell("cat /one")).expectSuccess()
    }
  }
}

extension Outcome {
  func expectSuccess(_ location: SourceLocation = #_sourceLocation) {
    #expect(result.status == .exited(0), "\(errors)", sourceLocation: location)
  }
}
