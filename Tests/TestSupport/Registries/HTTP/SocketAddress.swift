import Glibc
package import SystemPackage

/// Where a server of the tests listens, or a client of them connects to.
package enum SocketAddress: Hashable, Sendable {
  /// A port of 127.0.0.1. To listen on 0 lets the kernel choose one.
  case loopback(port: UInt16 = 0)
  case unix(FilePath)

  var family: Int32 {
    switch self {
    case .loopback: AF_INET
    case .unix: AF_UNIX
    }
  }

  /// Hands the address to a system call in the form that it wants.
  func withSystemAddress<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
  ) throws -> Result {
    switch self {
    case .loopback(let port):
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      return try SocketAddress.rebound(&address, body)
    case .unix(let path):
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let bytes = Array(path.string.utf8)
      // The last byte stays 0.
      guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
        throw Errno.fileNameTooLong
      }
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
      return try SocketAddress.rebound(&address, body)
    }
  }

  private static func rebound<Address, Result>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
  ) rethrows -> Result {
    try withUnsafePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        try body($0, socklen_t(MemoryLayout<Address>.size))
      }
    }
  }
}
