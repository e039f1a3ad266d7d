/// The case that a keyword is in.
enum Casing: String {
  case lower
  case upper

  /// Nothing where the keyword has letters of both kinds.
  init?(of keyword: String) {
    if keyword == keyword.lowercased() {
      self = .lower
    } else if keyword == keyword.uppercased() {
      self = .upper
    } else {
      return nil
    }
  }

  /// The keyword in this case.
  func apply(to keyword: String) -> String {
    switch self {
    case .lower: keyword.lowercased()
    case .upper: keyword.uppercased()
    }
  }
}
