/// What is wrong with the delivery of a body.
enum BodyFlaw: Sendable {
  case end(after: Int64, ConnectionEnd)
  case flippedBit(at: Int64)
  case length(Int64)
  case surplus([UInt8])
  case drip(Int, milliseconds: Int32)
}

/// An answer that goes out with a flaw.
struct FlawedDelivery: Sendable {
  let response: ServerResponse
  let flaw: BodyFlaw
  let isToHead: Bool
  let traffic: HTTPTraffic

  func send(on connection: HTTPConnection) throws {
    // Flaws do not combine: what already has one is sent with that.
    if case .takeover(let body) = response.body { return try body(connection) }
    traffic.answer(response.status)
    try connection.write(response.head(length: declaredLength))
    if isToHead || !response.hasBody { return }
    var offset: Int64 = 0
    try response.body.produce { bytes in
      try send(bytes, at: offset, on: connection)
      offset += Int64(bytes.count)
    }
    try finish(on: connection)
  }

  private var declaredLength: Int64 {
    if case .length(let length) = flaw { length } else { response.body.length ?? 0 }
  }

  private func send(_ bytes: [UInt8], at offset: Int64, on connection: HTTPConnection) throws {
    switch flaw {
    case .length, .surplus: try write(bytes[...], on: connection)
    case .end(let limit, let end):
      let part = bytes.prefix(Int(min(limit - offset, Int64(bytes.count))))
      try write(part, on: connection)
      if offset + Int64(bytes.count) >= limit { throw end }
    case .flippedBit(let position):
      var bytes = bytes
      let index = Int(position - offset)
      if bytes.indices.contains(index) { bytes[index] ^= 1 }
      try write(bytes[...], on: connection)
    case .drip(let count, let milliseconds):
      for start in stride(from: 0, to: bytes.count, by: count) {
        try write(bytes[start..<min(start + count, bytes.count)], on: connection)
        connection.socket.pause(milliseconds: milliseconds)
      }
    }
  }

  private func finish(on connection: HTTPConnection) throws {
    switch flaw {
    case .length: throw ConnectionEnd.close
    case .end(_, let end): throw end
    case .surplus(let bytes): try write(bytes[...], on: connection)
    case .flippedBit, .drip: break
    }
  }

  private func write(_ bytes: ArraySlice<UInt8>, on connection: HTTPConnection) throws {
    traffic.send(bytes.count)
    try connection.socket.write(bytes)
  }
}
