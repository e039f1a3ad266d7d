import CLinux
import Glibc
import SystemPackage

/// Reads what a sandbox says until all of it has ended: the process's captured output, and the
/// helper's reports. Runs on a thread of its own, because it lasts as long as the process.
struct OutputPump: Sendable {
  var standardOutput: FileDescriptor?
  var standardError: FileDescriptor?
  var status: FileDescriptor

  /// Passes output on as it comes, and returns the bytes of all reports.
  func drain(to output: (OutputStream, [UInt8]) -> Void) -> [UInt8] {
    var reports: [UInt8] = []
    var sources: [(descriptor: FileDescriptor, stream: OutputStream?)] = [(status, nil)]
    if let standardOutput { sources.append((standardOutput, .standardOutput)) }
    if let standardError { sources.append((standardError, .standardError)) }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)

    while !sources.isEmpty {
      var polled = sources.map {
        pollfd(fd: $0.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
      }
      guard poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
      for index in sources.indices.reversed() where polled[index].revents != 0 {
        let (descriptor, stream) = sources[index]
        let count = (try? buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }) ?? 0
        if count == 0 {
          try? descriptor.close()
          sources.remove(at: index)
        } else if let stream {
          output(stream, Array(buffer[..<count]))
        } else {
          reports += buffer[..<count]
        }
      }
    }
    return reports
  }
}

/// Runs a function on a new thread, for calls that block for as long as a process lives.
func startThread(_ body: @escaping @Sendable () -> Void) throws(Errno) {
  final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  var thread = pthread_t()
  let context = Unmanaged.passRetained(Body(body))
  let error = pthread_create(
    &thread, &attributes,
    { context in
      if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
      return nil
    }, context.toOpaque())
  guard error == 0 else {
    context.release()
    throw Errno(rawValue: error)
  }
}
