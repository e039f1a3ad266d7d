import FoundationEssentials
import Glibc
import Sandbox
import SystemPackage
import Testing

extension BuiltInSandboxTests {
  struct Isolation {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    @Test("Every namespace is the process's own, the network's only when it is asked for")
    func namespaces() async throws {
      let names = ["mnt", "pid", "ipc", "uts", "cgroup", "net", "user"]
      func outside(_ name: String) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\(name)")
      }
      var specification = fixture.shell(
        "for n in \(names.joined(separator: " ")); do readlink /proc/self/ns/$n; done")
      let shared = try await run(specification).lines
      specification.network = .none
      let alone = try await run(specification).lines
      try #require(shared.count == names.count && alone.count == names.count)
      for (index, name) in names.enumerated() {
        #expect((shared[index] == (try outside(name))) == ["net", "user"].contains(name))
        #expect((alone[index] == (try outside(name))) == (name == "user"))
      }
    }

    @Test("The command is pid 1, the leader of a session, and sees no other process")
    func processes() async throws {
      let outcome = try await run(
        fixture.shell("read -r stat < /proc/self/stat; echo $$; echo $stat; echo /proc/[0-9]*"))
      #expect(outcome.lines.first == "1")
      let stat = try #require(outcome.lines.dropFirst().first).split(separator: " ")
      #expect(stat[3] == "0" && stat[4] == "1" && stat[5] == "1", "parent, group and session")
      #expect(outcome.lines.last == "/proc/1")
    }

    @Test("Nothing of the host's file system can be reached")
    func rootIsTheRoot() async throws {
      let outcome = try await run(
        fixture.shell("ls -a /; ls -di / /..; ls -d /proc/1/root/.. /../../..; cat /proc/mounts"))
      let lines = outcome.lines
      #expect(lines.prefix(6) == [".", "..", "bin", "dev", "proc", "sys"])
      #expect(lines[6].split(separator: " ").first == lines[7].split(separator: " ").first)
      #expect(!outcome.output.contains(fixture.folder.string))
      #expect(!outcome.output.contains("ext4"))
    }

    @Test("/dev has the devices of the OCI runtimes, and they work")
    func devices() async throws {
      let outcome = try await run(
        fixture.shell(
          """
          ls /dev; echo x > /dev/null && dd if=/dev/zero bs=4 count=1 2>/dev/null | wc -c
          dd if=/dev/urandom bs=5 count=1 2>/dev/null | wc -c; echo full > /dev/full || echo no
          echo out > /dev/stdout; echo x > /dev/shm/f && cat /dev/shm/f; readlink /dev/ptmx
          """))
      #expect(
        outcome.lines == [
          "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin",
          "stdout", "tty", "urandom", "zero", "4", "5", "no", "out", "x", "pts/ptmx",
        ])
    }

    @Test("A device node can be made, but neither opened nor made into a hole in /dev")
    func nodesAreDead() async throws {
      let outcome = try await run(
        fixture.shell(
          """
          mknod /node c 1 3 && echo made; (echo x > /node) 2>/dev/null || echo refused
          mknod /dev/node c 1 3 && (echo x > /dev/node) 2>/dev/null || echo refused
          mknod /dev/shm/node c 1 3 && (echo x > /dev/shm/node) 2>/dev/null || echo refused
          """))
      #expect(outcome.lines == ["made", "refused", "refused", "refused"])
    }

    @Test("Changing the mode of /dev/null is no change of the host's")
    func ownNodes() async throws {
      let before = try FileManager.default.attributesOfItem(atPath: "/dev/null")
      let outcome = try await run(fixture.shell("chmod 600 /dev/null && stat -c %a /dev/null"))
      #expect(outcome.lines == ["600"])
      let after = try FileManager.default.attributesOfItem(atPath: "/dev/null")
      #expect(before[.posixPermissions] as? Int == after[.posixPermissions] as? Int)
    }

    @Test("What the kernel says of the host is masked or read-only")
    func masks() async throws {
      let outcome = try await run(
        fixture.shell(
          """
          wc -c < /proc/keys; wc -c < /proc/timer_list; ls -A /sys/firmware | wc -l
          (echo 1 > /proc/sys/vm/drop_caches) 2>/dev/null || echo refused
          (echo h > /proc/sysrq-trigger) 2>/dev/null || echo refused
          mkdir /sys/fs/cgroup/x 2>/dev/null || echo refused
          """))
      #expect(outcome.lines == ["0", "0", "0", "refused", "refused", "refused"])

      var insecure = fixture.shell("wc -c < /proc/keys; grep -c ' /proc' /proc/mounts")
      insecure.unmasked = true
      let unmasked = try await run(insecure)
      #expect(unmasked.lines.first != "0" && unmasked.lines.last == "1")
    }

    @Test("Capabilities, seccomp and no_new_privs are those of a build container")
    func privileges() async throws {
      let status = "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status"
      var specification = fixture.shell(status)
      #expect(
        try await run(specification).lines == [
          "CapInh:\t0000000000000000", "CapPrm:\t00000000a80425fb", "CapEff:\t00000000a80425fb",
          "CapBnd:\t00000000a80425fb", "CapAmb:\t0000000000000000", "NoNewPrivs:\t0", "Seccomp:\t2",
        ])

      specification.user = SandboxUser(userID: 1000, groupID: 1000)
      specification.noNewPrivileges = true
      #expect(
        try await run(specification).lines == [
          "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
          "CapBnd:\t00000000a80425fb", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2",
        ])

      specification.user = .root
      specification.capabilities = []
      specification.seccomp = .unconfined
      #expect(
        try await run(specification).lines == [
          "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
          "CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t0",
        ])
    }

    @Test("The filter refuses mounts and namespaces, also to root")
    func filtered() async throws {
      var specification = fixture.shell(
        "unshare -U true 2>/dev/null || echo refused; unshare -m true 2>/dev/null || echo refused")
      #expect(try await run(specification).lines == ["refused", "refused"])
      specification.seccomp = .unconfined
      specification.capabilities = .all
      specification.arguments[2] = "unshare -m true && echo allowed"
      #expect(try await run(specification).lines == ["allowed"])
    }

    @Test("User, group and supplementary groups are exactly those given")
    func identity() async throws {
      var specification = fixture.shell(
        "grep -E '^(Uid|Gid|Groups)' /proc/self/status; echo x > /dev/stdout")
      specification.user = SandboxUser(
        userID: 1000, groupID: 1001, supplementaryGroups: [5, 70_000])
      #expect(
        try await run(specification).lines == [
          "Uid:\t1000\t1000\t1000\t1000", "Gid:\t1001\t1001\t1001\t1001", "Groups:\t5 70000 ", "x",
        ])
      specification.user = .root
      #expect(try await run(specification).lines.contains("Groups:\t "))
    }

    @Test("The environment is what is given and nothing else")
    func environment() async throws {
      var specification = SandboxSpecification(root: fixture.overlay, arguments: ["env"])
      specification.environment = ["PATH=/none:/bin", "A=1", "EMPTY=", "SPACE=a b"]
      #expect(try await run(specification).lines == specification.environment)
    }

    @Test("No descriptor but the standard three is open, and standard input is empty")
    func descriptors() async throws {
      let outcome = try await run(
        fixture.shell("ls /proc/1/fd; wc -c; readlink /proc/1/fd/0"))
      #expect(outcome.lines == ["0", "1", "2", "0", "/dev/null"])
    }

    @Test("Host name, working directory and umask are set")
    func smallThings() async throws {
      var specification = fixture.shell("hostname; pwd; umask")
      specification.hostname = "builder"
      specification.workingDirectory = "/bin"
      #expect(try await run(specification).lines == ["builder", "/bin", "0022"])
    }

    @Test("Without a network there is only the loopback interface, and it is up")
    func loopback() async throws {
      var specification = fixture.shell("ls /sys/class/net; ifconfig lo")
      specification.network = .none
      let outcome = try await run(specification)
      #expect(outcome.lines.first == "lo")
      #expect(outcome.output.contains("UP LOOPBACK RUNNING"))
      #expect(!outcome.output.contains("eth"))
    }

    @Test("With a user namespace, root inside is nobody outside")
    func userNamespace() async throws {
      // Another user must be able to walk to the layers and to write where the overlay writes.
      #expect(chmod(fixture.folder.string, 0o755) == 0)
      for path in [fixture.upper, fixture.work] {
        #expect(chown(path.string, 100_000, 100_000) == 0)
      }
      var specification = fixture.shell(
        "id -u; cat /proc/self/uid_map; echo x > /dev/null; echo x > /new && stat -c %u /new")
      let map = [IdentityMapping(inside: 0, outside: 100_000, count: 65536)]
      specification.userNamespace = .mapped(users: map, groups: map)
      let outcome = try await run(specification)
      #expect(outcome.errors == "")
      #expect(outcome.lines.first == "0")
      #expect(outcome.lines.dropFirst().first?.split(separator: " ") == ["0", "100000", "65536"])
      #expect(outcome.lines.last == "0")
      var written = stat()
      #expect(lstat(fixture.upper.appending("new").string, &written) == 0)
      #expect(written.st_uid == 100_000)
    }
  }
}
