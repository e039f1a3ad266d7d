import Glibc
package import SystemPackage

/// A socket with an owner and a mode of its own that leads to another one: what a sandbox is given
/// of an SSH agent.
///
/// The relay is the only one who opens the agent's own socket, so that the sandbox's user need not be
/// able to, and nothing else about it can be seen from inside.
package final class SocketRelay: Sendable {
  /// Where the socket is.
  package let path: FilePath
  /// Closing its other end ends the relay.
  private let stop: FileDescriptor

  /// Listens at `name` in `directory`, which is the caller's to remove. Throws `Errno`.
  package init(
    to target: FilePath, in directory: FilePath, name: String = "socket", mode: UInt32,
    userID: UInt32, groupID: UInt32
  ) throws {
    path = directory.appending(name)
    let listener = try Self.listen(at: name, in: directory)
    do {
      guard lchown(path.string, userID, groupID) == 0, chmod(path.string, mode_t(mode)) == 0
      else { throw Errno.current }
      let (ending, stop) = try FileDescriptor.pipe()
      self.stop = stop
      let connections = RelayedConnections(
        listener: listener.rawValue, ending: ending.rawValue, target: target)
      try startThread {
        connections.carry()
        try? ending.close()
        try? listener.close()
      }
    } catch {
      try? listener.close()
      throw error
    }
  }

  /// Ends all connections.
  package func close() {
    try? stop.close()
  }

  /// A socket's address holds about 100 bytes, a folder's path may be longer.
  private static func listen(at name: String, in directory: FilePath) throws -> FileDescriptor {
    let folder = try FileDescriptor.open(directory, .readOnly, options: [.directory, .closeOnExec])
    defer { try? folder.close() }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Errno.current }
    let listener = FileDescriptor(rawValue: descriptor)
    var address = sockaddr_un(path: "/proc/self/fd/\(folder.rawValue)/\(name)")
    let isBound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    guard isBound, Glibc.listen(descriptor, 16) == 0 else {
      let error = Errno.current
      try? listener.close()
      throw error
    }
    return listener
  }
}

/// Carries bytes both ways between those who connect and the target, on one thread.
private struct RelayedConnections: Sendable {
  let listener: Int32
  let ending: Int32
  let target: FilePath

  /// One end of a connection.
  private struct End {
    /// The descriptor of the other one.
    let peer: Int32
    /// Whether nothing more will come from here.
    var isDone = false
  }

  /// A connection takes two of the descriptors that all of the build has, and who connects may be
  /// hostile; the others wait in line.
  private static let mostConnections = 32

  func carry() {
    var ends: [Int32: End] = [:]
    defer { for descriptor in ends.keys { close(descriptor) } }
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    var isOutOfDescriptors = false
    while true {
      let accepts = ends.count < 2 * Self.mostConnections && !isOutOfDescriptors
      var polled = [
        pollfd(fd: ending, events: Int16(POLLIN), revents: 0),
        pollfd(fd: accepts ? listener : -1, events: Int16(POLLIN), revents: 0),
      ]
      for (descriptor, end) in ends {
        // Without events it is still said when the other side has gone for good.
        polled.append(
          pollfd(fd: descriptor, events: end.isDone ? 0 : Int16(POLLIN), revents: 0))
      }
      let count = poll(&polled, nfds_t(polled.count), isOutOfDescriptors ? 100 : -1)
      isOutOfDescriptors = false
      guard count > 0 else { continue }
      if polled[0].revents != 0 { return }
      if polled[1].revents != 0 { isOutOfDescriptors = !accept(into: &ends) }
      for ready in polled.dropFirst(2) where ready.revents != 0 {
        guard let end = ends[ready.fd] else { continue }
        if !end.isDone, pass(from: ready.fd, to: end.peer, &buffer) { continue }
        finish(ready.fd, end, &ends)
      }
    }
  }

  /// What one end has said last may still be answered: both are closed when both are done.
  private func finish(_ descriptor: Int32, _ end: End, _ ends: inout [Int32: End]) {
    if !end.isDone, ends[end.peer]?.isDone == false,
      shutdown(end.peer, Int32(SHUT_WR)) == 0
    {
      ends[descriptor]?.isDone = true
      return
    }
    for descriptor in [descriptor, end.peer] {
      ends[descriptor] = nil
      close(descriptor)
    }
  }

  /// False where there are no descriptors left.
  private func accept(into ends: inout [Int32: End]) -> Bool {
    let client = Glibc.accept(listener, nil, nil)
    guard client >= 0 else { return errno != EMFILE && errno != ENFILE }
    _ = fcntl(client, F_SETFD, FD_CLOEXEC)
    guard let agent = connectToTarget() else {
      close(client)
      return true
    }
    ends[client] = End(peer: agent)
    ends[agent] = End(peer: client)
    return true
  }

  private func connectToTarget() -> Int32? {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var address = sockaddr_un(path: target.string)
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    guard isConnected else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  /// Passes on what there is; false where either side has ended.
  private func pass(from source: Int32, to destination: Int32, _ buffer: inout [UInt8]) -> Bool {
    buffer.withUnsafeMutableBytes { buffer in
      let count = recv(source, buffer.baseAddress, buffer.count, 0)
      guard count > 0 else { return false }
      var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      while !rest.isEmpty {
        let sent = send(destination, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        guard sent > 0 else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest[sent...])
      }
      return true
    }
  }
}

extension sockaddr_un {
  /// A path that is too long is cut, and leads nowhere.
  fileprivate init(path: String) {
    self.init()
    sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &sun_path) { bytes in
      bytes.copyBytes(from: path.utf8.prefix(bytes.count - 1))
    }
  }
}
