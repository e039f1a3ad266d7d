/// What goes wrong while the body of an answer is sent. The server has done what was asked of it.
extension Fault {
  /// The connection is reset after `count` bytes of the body.
  package static func reset(afterSending count: Int64) -> Fault {
    flaw(.end(after: count, .reset))
  }

  /// The connection is closed after `count` bytes, although `Content-Length` promised more.
  package static func truncate(afterSending count: Int64) -> Fault {
    flaw(.end(after: count, .close))
  }

  /// Nothing more comes after `count` bytes, and the connection stays open.
  package static func stall(afterSending count: Int64) -> Fault {
    flaw(.end(after: count, .silence))
  }

  /// One bit of the byte at `offset` of the body is wrong; all else is right.
  package static func flipBit(at offset: Int64) -> Fault { flaw(.flippedBit(at: offset)) }

  /// `Content-Length` is `length`, the body is whole, and then the connection is closed.
  package static func lie(aboutLength length: Int64) -> Fault { flaw(.length(length)) }

  /// More bytes than `Content-Length` promised; the connection stays open for the next answer.
  package static func surplus(_ bytes: [UInt8]) -> Fault { flaw(.surplus(bytes)) }

  /// `count` bytes of the body at a time, with a pause after each.
  package static func drip(_ count: Int, every milliseconds: Int32) -> Fault {
    flaw(.drip(count, milliseconds: milliseconds))
  }

  private static func flaw(_ flaw: BodyFlaw) -> Fault {
    changing { response, request in
      let delivery = FlawedDelivery(
        response: response, flaw: flaw, isToHead: request.method == "HEAD",
        traffic: request.traffic)
      return ServerResponse(response.status, [:], .takeover { try delivery.send(on: $0) })
    }
  }
}
