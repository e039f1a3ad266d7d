/// What is wrong with the address of a git repository.
package struct GitAddressError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The address without a password in it.
  package let address: String
  package let problem: Problem

  package enum Problem: Error, Hashable, Sendable {
    case unreadableQuery
    case unknownParameter(String)
    case repeatedParameter(String)
    case emptyParameter(String)
    case invalidValue(String, String)
    case conflict(String, String, String)
    case branchAndTag
  }

  init(_ address: String, _ problem: Problem) {
    self.address = WebAddress(address)?.shown ?? String(address.prefix { $0 != "?" })
    self.problem = problem
  }

  package var description: String { "`\(address)`: \(words)" }

  private var words: String {
    switch problem {
    case .unreadableQuery: "its query cannot be read"
    case .unknownParameter(let name):
      "`\(name)` is nothing that can be asked of a repository; hint: `ref`, `branch`, `tag`, `commit`, "
        + "`checksum`, `subdir`, `submodules`, `keep-git-dir`, `fetch-depth` or `mtime`"
    case .repeatedParameter(let name): "`\(name)` is asked for twice"
    case .emptyParameter(let name): "`\(name)` has no value"
    case .invalidValue(let name, let value): "`\(name)` cannot be `\(value)`"
    case .conflict(let name, let first, let second):
      "\(name) conflicts: `\(first)` and `\(second)`; hint: say it once"
    case .branchAndTag: "branch conflicts with tag; hint: name one of them"
    }
  }
}
