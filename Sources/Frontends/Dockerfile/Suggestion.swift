/// "Did you mean …?"
enum Suggestion {
  /// The candidate that a typing error away from `word` might have been meant; nil where none is
  /// near, or where it is the word itself.
  static func closest(to word: String, in candidates: [String]) -> String? {
    // Names that people type are short; anything long is no typing error.
    guard !word.isEmpty, word.utf8.count <= 64 else { return nil }
    let limit = word.utf8.count <= 3 ? 1 : 2
    var best: (candidate: String, distance: Int)?
    for candidate in candidates where candidate != word && candidate.utf8.count <= 64 {
      let distance = editDistance(Array(word.utf8), Array(candidate.utf8))
      if distance <= limit, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.candidate
  }

  /// Insertions, deletions, replacements and swaps of neighbours between two words.
  static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...b.count)
    for i in a.indices {
      var current = [i + 1]
      for j in b.indices {
        var distance = min(
          previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          distance = min(distance, beforePrevious[j - 1] + 1)
        }
        current.append(distance)
      }
      beforePrevious = previous
      previous = current
    }
    return previous[b.count]
  }
}
