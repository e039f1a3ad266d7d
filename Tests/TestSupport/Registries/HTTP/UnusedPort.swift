internal import SystemPackage

/// A port of 127.0.0.1 where nobody listens, for as long as this lives.
///
/// The port of a server that has ended will not do: the kernel may give it to another test's server.
package final class UnusedPort: Sendable {
  package let number: UInt16
  private let socket: Socket

  package init() throws {
    socket = try Socket.bound(to: .loopback())
    guard let port = socket.port else { throw Errno.badAddress }
    number = port
  }
}
