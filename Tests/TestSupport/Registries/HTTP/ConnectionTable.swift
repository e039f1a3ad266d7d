import SystemPackage

/// The TCP connections of this machine, from `/proc/net/tcp` (proc_net_tcp(5)).
struct ConnectionTable {
  private struct Ends: Hashable {
    let local: UInt16
    let remote: UInt16
  }

  /// `01` is an established connection, `08` one that only the other end has closed.
  private static let openStates: Set<Substring> = ["01", "08"]

  private let open: Set<Ends>

  static var current: ConnectionTable {
    let text = (try? Files.read("/proc/net/tcp")) ?? []
    return ConnectionTable(String(decoding: text, as: UTF8.self))
  }

  init(_ text: String) {
    open = Set(
      text.split(separator: "\n").dropFirst().compactMap { line in
        let fields = line.split(separator: " ")
        guard fields.count > 3, ConnectionTable.openStates.contains(fields[3]),
          let local = ConnectionTable.port(fields[1]), let remote = ConnectionTable.port(fields[2])
        else { return nil }
        return Ends(local: local, remote: remote)
      })
  }

  /// `0100007F:1F90` is port 8080.
  private static func port(_ address: Substring) -> UInt16? {
    address.split(separator: ":").last.flatMap { UInt16($0, radix: 16) }
  }

  /// Whether the other end of a connection within this machine has been closed.
  func hasClosed(peerOf socket: Socket) -> Bool {
    guard let port = socket.port, let peer = socket.peerPort else { return false }
    return !open.contains(Ends(local: peer, remote: port))
  }
}
