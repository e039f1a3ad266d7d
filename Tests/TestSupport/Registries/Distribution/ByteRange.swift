/// The value of `Range` with one range in it: `bytes=first-last`, `bytes=first-` or `bytes=-count`.
struct ByteRange: Hashable, Sendable {
  private let first: Int64?
  private let last: Int64?

  /// Nil for anything else, which a server may ignore.
  init?(_ text: String) {
    guard text.hasPrefix("bytes=") else { return nil }
    let sides = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
    guard sides.count == 2, sides.contains(where: { !$0.isEmpty }) else { return nil }
    first = Int64(sides[0])
    last = Int64(sides[1])
    guard sides[0].isEmpty == (first == nil), sides[1].isEmpty == (last == nil) else { return nil }
  }

  /// Where it is in so many bytes; nil where there are none of it.
  func range(in size: Int64) -> Range<Int64>? {
    guard let first else { return last == 0 || size == 0 ? nil : max(0, size - (last ?? 0))..<size }
    let end = min(last ?? size, size - 1) + 1
    return first < size && first < end ? first..<min(end, size) : nil
  }
}
