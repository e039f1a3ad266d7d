import Glibc
import Sandbox
import SystemPackage
import Testing

extension BuiltInSandboxTests {
  struct SocketRelays {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    @Test("A relay leads to the other socket, for those whom its owner and mode let in")
    func relays() async throws {
      let agent = fixture.folder.appending("agent")
      let server = try FileDescriptor.listen(at: agent)
      defer { try? server.close() }
      let relay = try SocketRelay(
        to: agent, in: fixture.folder("relay"), mode: 0o641, userID: 100, groupID: 102)
      defer { relay.close() }

      let client = try FileDescriptor.connected(to: relay.path)
      try client.writeAll("question".utf8)
      let peer = FileDescriptor(rawValue: accept(server.rawValue, nil, nil))
      #expect(try peer.text(8) == "question")
      try peer.writeAll("answer".utf8)
      #expect(try client.text(6) == "answer")
      try peer.close()
      #expect(try client.text(1) == "", "the end of one side is the end of the other")
      try client.close()

      var command = fixture.shell("stat -c '%a %u:%g %F' /socket; test -w /socket || echo closed")
      command.mounts = [.bind(relay.path, at: "/socket", readOnly: false)]
      command.user = SandboxUser(userID: 1000, groupID: 1000)
      command.capabilities = []
      #expect(try await run(command).lines == ["641 100:102 socket", "closed"])
    }

    @Test("Who has said all is still answered")
    func halfClosed() throws {
      let agent = fixture.folder.appending("agent")
      let server = try FileDescriptor.listen(at: agent)
      defer { try? server.close() }
      let relay = try SocketRelay(
        to: agent, in: fixture.folder("relay"), mode: 0o600, userID: 0, groupID: 0)
      defer { relay.close() }
      let client = try FileDescriptor.connected(to: relay.path)
      try client.writeAll("question".utf8)
      #expect(shutdown(client.rawValue, Int32(SHUT_WR)) == 0)
      let peer = FileDescriptor(rawValue: accept(server.rawValue, nil, nil))
      #expect(try peer.text(8) == "question")
      #expect(try peer.text(1) == "", "that it was all is passed on")
      try peer.writeAll("answer".utf8)
      try peer.close()
      #expect(try client.text(6) == "answer")
      #expect(try client.text(1) == "")
      try client.close()
    }

    @Test("Who connects without end takes no more than a few descriptors, and the others wait")
    func manyConnections() throws {
      let agent = fixture.folder.appending("agent")
      let server = try FileDescriptor.listen(at: agent, backlog: 200)
      defer { try? server.close() }
      let relay = try SocketRelay(
        to: agent, in: fixture.folder("relay"), mode: 0o600, userID: 0, groupID: 0)
      defer { relay.close() }
      // As many as are carried at once, and some that find room in the line.
      var clients: [FileDescriptor] = []
      defer { for client in clients { try? client.close() } }
      for _ in 1...40 { clients.append(try FileDescriptor.connected(to: relay.path)) }
      var peers: [FileDescriptor] = []
      defer { for peer in peers { try? peer.close() } }
      for _ in 1...32 { peers.append(FileDescriptor(rawValue: accept(server.rawValue, nil, nil))) }
      var waiting = pollfd(fd: server.rawValue, events: Int16(POLLIN), revents: 0)
      #expect(poll(&waiting, 1, 200) == 0, "there are more than the relay should carry")
      for _ in 1...8 {
        try clients.removeFirst().close()
        peers.append(FileDescriptor(rawValue: accept(server.rawValue, nil, nil)))
      }
      #expect(peers.allSatisfy { $0.rawValue >= 0 })
      // The last in the line is served as well as the first.
      try clients[31].writeAll("q".utf8)
      #expect(try peers[39].text(1) == "q")
    }

    @Test("A relay to a socket that is gone ends each connection, and not the program")
    func targetGone() throws {
      let relay = try SocketRelay(
        to: "/nowhere", in: fixture.folder("relay"), mode: 0o600, userID: 0, groupID: 0)
      defer { relay.close() }
      for _ in 1...2 {
        let client = try FileDescriptor.connected(to: relay.path)
        #expect(try client.text(1) == "")
        try client.close()
      }
    }
  }
}

extension FileDescriptor {
  fileprivate static func listen(
    at path: FilePath, backlog: Int32 = 4
  ) throws -> FileDescriptor {
    try withSocket(at: path) { bind($0, $1, $2) == 0 && Glibc.listen($0, backlog) == 0 }
  }

  fileprivate static func connected(to path: FilePath) throws -> FileDescriptor {
    try withSocket(at: path) { connect($0, $1, $2) == 0 }
  }

  private static func withSocket(
    at path: FilePath, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
  ) throws -> FileDescriptor {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.string.utf8) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let succeeded = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard succeeded else { throw Errno(rawValue: errno) }
    return FileDescriptor(rawValue: descriptor)
  }

  fileprivate func text(_ count: Int) throws -> String {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = try bytes.withUnsafeMutableBytes { try self.read(into: $0) }
    return String(decoding: bytes[..<read], as: UTF8.self)
  }
}
