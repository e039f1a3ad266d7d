import Glibc

/// A file descriptor that is written to without ever waiting long for its reader.
struct PatientDescriptor: Sendable {
  enum Outcome: Equatable {
    case wrote(Int)
    /// The reader does not read; try again.
    case stalled
    /// There will never be a reader again.
    case gone
  }

  /// A pipe that polls as writable takes this much at once (PIPE_BUF): the write does not block,
  /// even where the descriptor does. Making it non-blocking is not ours to do, since whoever
  /// shares it would have to live with that.
  private static let mostBytes = 4096

  let number: CInt

  /// Writes the beginning of `bytes`, waiting for at most `patience` milliseconds.
  func write(_ bytes: ArraySlice<UInt8>, patience: CInt) -> Outcome {
    var request = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
    let ready = poll(&request, 1, patience)
    if ready == 0 || ready < 0 && errno == EINTR { return .stalled }
    guard ready > 0, request.revents & Int16(POLLNVAL) == 0 else { return .gone }
    let count = bytes.prefix(Self.mostBytes).withUnsafeBytes {
      Glibc.write(number, $0.baseAddress, $0.count)
    }
    if count >= 0 { return .wrote(count) }
    return errno == EINTR || errno == EAGAIN ? .stalled : .gone
  }
}
