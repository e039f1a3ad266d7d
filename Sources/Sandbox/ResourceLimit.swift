/// A limit of a process and its children (`setrlimit(2)`).
package struct ResourceLimit: Sendable, Hashable {
  package var resource: Resource
  /// `UInt64.max` is no limit.
  package var soft: UInt64
  package var hard: UInt64

  package init(_ resource: Resource, soft: UInt64, hard: UInt64) {
    self.resource = resource
    self.soft = soft
    self.hard = hard
  }

  /// Linux's `RLIMIT_` numbers, under the names of `docker --ulimit`.
  package enum Resource: UInt32, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case cpu = 0
    case fileSize = 1
    case data = 2
    case stack = 3
    case core = 4
    case residentSet = 5
    case processes = 6
    case openFiles = 7
    case lockedMemory = 8
    case fileLocks = 10
    case pendingSignals = 11
    case messageQueues = 12
    case nice = 13
    case realTimePriority = 14
    case realTime = 15

    package init?(name: String) {
      guard let resource = Self.allCases.first(where: { $0.description == name }) else {
        return nil
      }
      self = resource
    }

    package var description: String {
      switch self {
      case .cpu: "cpu"
      case .fileSize: "fsize"
      case .data: "data"
      case .stack: "stack"
      case .core: "core"
      case .residentSet: "rss"
      case .processes: "nproc"
      case .openFiles: "nofile"
      case .lockedMemory: "memlock"
      case .fileLocks: "locks"
      case .pendingSignals: "sigpending"
      case .messageQueues: "msgqueue"
      case .nice: "nice"
      case .realTimePriority: "rtprio"
      case .realTime: "rttime"
      }
    }
  }
}
