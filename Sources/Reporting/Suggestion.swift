/// What someone probably meant by a word that is not known.
package enum Suggestion {
  /// Longer words are nobody's typing mistake, and comparing them takes time.
  private static let longestWord = 128

  /// The candidate that takes the fewest slips to mistype as `word`; the first of equals.
  ///
  /// Slips are letters left out, added, changed or swapped with a neighbour (Damerau-Levenshtein,
  /// optimal string alignment); a difference of case costs nothing. Nil where none is within
  /// `limit` slips, by default one for every three letters.
  package static func closest(
    to word: String, among candidates: some Sequence<String>, limit: Int? = nil
  ) -> String? {
    let letters = Array(word.lowercased().unicodeScalars)
    guard !letters.isEmpty, letters.count <= longestWord else { return nil }
    var limit = limit ?? max(1, letters.count / 3)
    var closest: String?
    for candidate in candidates where candidate != word {
      let other = Array(candidate.lowercased().unicodeScalars)
      // A word of which no letter stays is another word, not a slip.
      let cap = min(limit, max(letters.count, other.count) - 1)
      guard other.count <= longestWord, abs(other.count - letters.count) <= cap else { continue }
      guard let distance = distance(from: letters, to: other, limit: cap) else { continue }
      closest = candidate
      if distance == 0 { break }
      limit = distance - 1
    }
    return closest
  }

  /// A hint that names the closest candidate, as in ``did you mean `COPY`?``; nil where none is.
  package static func hint(for word: String, among candidates: some Sequence<String>) -> String? {
    closest(to: word, among: candidates).map { "did you mean `\($0)`?" }
  }

  /// The slips between two words; nil where they are more than `limit`.
  private static func distance(
    from left: [Unicode.Scalar], to right: [Unicode.Scalar], limit: Int
  ) -> Int? {
    var twoAbove: [Int] = []
    var above = Array(0...right.count)
    var isAboveBeyond = false
    for i in left.indices {
      var row = [i + 1]
      row.reserveCapacity(right.count + 1)
      for j in right.indices {
        var best = min(
          above[j] + (left[i] == right[j] ? 0 : 1),
          above[j + 1] + 1,
          row[j] + 1)
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          best = min(best, twoAbove[j - 1] + 1)
        }
        row.append(best)
      }
      // A row never has less than the lesser of the two above it.
      let isBeyond = row.allSatisfy { $0 > limit }
      if isBeyond, isAboveBeyond { return nil }
      (twoAbove, above, isAboveBeyond) = (above, row, isBeyond)
    }
    return above[right.count] <= limit ? above[right.count] : nil
  }
}
