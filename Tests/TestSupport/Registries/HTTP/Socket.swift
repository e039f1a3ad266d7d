import Glibc
import Synchronization
import SystemPackage

/// A stream socket whose calls block.
///
/// One thread reads, one writes, any may shut it down; it is closed by whoever is last to use it,
/// because a descriptor that others still read may be somebody else's by then.
final class Socket: Sendable {
  static let pieceSize = 256 << 10

  private let descriptor: Int32
  private let isOpen = Mutex(true)

  init(adopting descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit { close() }

  static func listening(at address: SocketAddress) throws -> Socket {
    let socket = try bound(to: address)
    guard listen(socket.descriptor, 128) == 0 else { throw Errno(rawValue: errno) }
    return socket
  }

  /// A socket that has the address to itself, and does not listen.
  static func bound(to address: SocketAddress) throws -> Socket {
    let socket = try Socket(family: address.family)
    try address.withSystemAddress { pointer, length in
      guard bind(socket.descriptor, pointer, length) == 0 else { throw Errno(rawValue: errno) }
    }
    return socket
  }

  static func connected(to address: SocketAddress) throws -> Socket {
    let socket = try Socket(family: address.family)
    try address.withSystemAddress { pointer, length in
      guard connect(socket.descriptor, pointer, length) == 0 else { throw Errno(rawValue: errno) }
    }
    socket.sendAtOnce()
    return socket
  }

  private convenience init(family: Int32) throws {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, type, 0)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    self.init(adopting: descriptor)
  }

  /// The port that the kernel chose; nil for a Unix socket.
  var port: UInt16? { port(getsockname) }

  /// The port of the other end; nil for a Unix socket, and where nobody is connected.
  var peerPort: UInt16? { port(getpeername) }

  private func port(
    _ name: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> UInt16? {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name(descriptor, $0, &length) }
    }
    guard status == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
    return UInt16(bigEndian: address.sin_port)
  }

  /// The next connection; nil once this socket was shut down.
  func accept() -> Socket? {
    while true {
      let connection = Socket.acceptCloseOnExec(descriptor)
      if connection >= 0 {
        let socket = Socket(adopting: connection)
        socket.sendAtOnce()
        return socket
      }
      switch errno {
      case EINTR, ECONNABORTED: continue
      // Descriptors come back as other tests end.
      case EMFILE, ENFILE: poll(nil, 0, 10)
      default: return nil
      }
    }
  }

  private typealias Accept =
    @convention(c) (
      Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?, Int32
    ) -> Int32

  /// accept4(2), which Swift does not see for want of `_GNU_SOURCE`. With accept(2) and fcntl(2) a
  /// program that another test starts in between would keep the connection open.
  private static let accept4: Accept? = dlsym(nil, "accept4").map {
    unsafeBitCast($0, to: Accept.self)
  }

  private static func acceptCloseOnExec(_ descriptor: Int32) -> Int32 {
    accept4?(descriptor, nil, nil, Int32(SOCK_CLOEXEC.rawValue)) ?? -1
  }

  /// Some bytes; none at the end.
  func read(atMost limit: Int = Socket.pieceSize) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      while true {
        let received = recv(descriptor, buffer.baseAddress, limit, 0)
        if received >= 0 {
          count = received
          return
        }
        guard errno == EINTR else { throw Errno(rawValue: errno) }
      }
    }
  }

  func write(_ bytes: ArraySlice<UInt8>) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer
      while let base = rest.baseAddress, !rest.isEmpty {
        let count = send(descriptor, base, rest.count, Int32(MSG_NOSIGNAL))
        if count < 0 {
          if errno == EINTR { continue }
          throw Errno(rawValue: errno)
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }

  func write(_ bytes: [UInt8]) throws { try write(bytes[...]) }

  /// Throws away what arrives until the peer leaves or nothing has come for so long.
  func discard(untilQuietFor milliseconds: Int32) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while wait(for: POLLIN, atMost: milliseconds) {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count == 0 || count < 0 && errno != EINTR { return }
    }
  }

  /// Waits for the peer to leave, or for `shutDown`, and reads nothing meanwhile: a peer that sends
  /// comes to a halt when the buffers are full.
  func waitForHangUp() {
    // The news that the peer has closed comes behind what it sent, and so never where that is not read.
    while !pause(milliseconds: 20), !ConnectionTable.current.hasClosed(peerOf: self) {}
  }

  /// Lets time pass, unless the connection ends; then true.
  @discardableResult
  func pause(milliseconds: Int32) -> Bool {
    let hangUp: Int32 = 0x2000  // POLLRDHUP, hidden as accept4(2) is
    return wait(for: hangUp, atMost: milliseconds)
  }

  private func wait(for events: Int32, atMost milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&entry, 1, milliseconds) != 0
  }

  /// Ends both directions, which wakes every thread that reads, writes or accepts.
  func shutDown() { shutDown(Int32(SHUT_RDWR)) }

  /// Says that no more will be written.
  func endWriting() { shutDown(Int32(SHUT_WR)) }

  private func shutDown(_ direction: Int32) {
    isOpen.withLock { isOpen in
      if isOpen { shutdown(descriptor, direction) }
    }
  }

  func close() {
    // Another program may have the descriptor still, if only for a moment.
    shutDown()
    release()
  }

  private func release() {
    isOpen.withLock { isOpen in
      if isOpen { Glibc.close(descriptor) }
      isOpen = false
    }
  }

  /// Closes with a TCP reset, after the peer's machine has taken what was written.
  func reset() {
    for _ in 0..<1000 {
      var unsent: Int32 = 0
      guard ioctl(descriptor, UInt(TIOCOUTQ), &unsent) == 0, unsent > 0 else { break }
      pause(milliseconds: 1)
    }
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    release()
  }

  /// Nagle's algorithm would hold back a body until the client has acknowledged the head.
  private func sendAtOnce() { set(Int32(IPPROTO_TCP), TCP_NODELAY, 1) }

  private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }
}
