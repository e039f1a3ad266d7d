/// The name of a branch, a tag or another ref, or of a commit, as somebody wrote it.
enum GitReference {
  /// Whether a text is the whole name of a commit: SHA-1 or SHA-256.
  static func isCommit(_ text: String) -> Bool {
    (text.utf8.count == 40 || text.utf8.count == 64) && text.utf8.allSatisfy(\.isLowerHexadecimal)
  }

  /// Whether a text may be the beginning of a commit's name.
  static func isCommitPrefix(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy(\.isLowerHexadecimal)
  }

  /// Whether git takes a text for the name of a ref (git-check-ref-format(1)); so no name can be taken
  /// for an option, a pattern or a refspec.
  static func isName(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard !text.isEmpty, text.utf8.count <= 1024, text != "@", !text.hasPrefix("-"),
      !text.hasSuffix("."), !text.contains(".."), !text.contains("@{"),
      parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock") })
    else { return false }
    return text.utf8.allSatisfy { byte in
      byte > 0x20 && byte != 0x7f && !"~^:?*[\\".utf8.contains(byte)
    }
  }
}

extension UInt8 {
  fileprivate var isLowerHexadecimal: Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
      || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
  }
}
