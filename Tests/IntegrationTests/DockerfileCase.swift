import Foundation
import SystemPackage
import TestSupport
import Testing

/// A folder of `Cases`: a build context, and what must come of it. A new case needs no code.
///
/// - `context/` is what is built, `prepare` (a program) does to it what git cannot keep;
/// - `arguments` are further arguments of `slipway build`, one a line;
/// - `files` are the image's files that the busybox base has not, as `Scripts/image-files` lists them;
/// - `config.json` is a part of the configuration: null means absent or empty, and the entries of a
///   list of objects, such as the history, may be parts, too;
/// - `error` makes it a case that must fail: texts that the messages must hold, one a line;
/// - `docker` says why `Scripts/compare-with-docker` leaves the case out.
struct DockerfileCase: Sendable, CustomTestStringConvertible {
  let name: String

  static let folder = FilePath(#filePath).removingLastComponent().appending("Cases")

  static let all = Files.names(in: folder).map { DockerfileCase(name: $0) }
  static let succeeding = all.filter { $0.text("error") == nil }
  static let failing = all.filter { $0.text("error") != nil }

  var testDescription: String { name }
  var folder: FilePath { DockerfileCase.folder.appending(name) }

  /// The text of a file of the case; nil where there is none.
  func text(_ file: String) -> String? {
    let path = folder.appending(file)
    return Files.exists(path) ? try? Files.text(path) : nil
  }

  func lines(_ file: String) -> [String] {
    (text(file) ?? "").split(separator: "\n").map(String.init)
  }

  /// A copy of the context, ready to be built.
  func prepare(in directory: TemporaryDirectory) async throws -> FilePath {
    let context = directory("context")
    try await Command(Scripts.path("prepare-case"), [folder.string, context.string]).check()
    return context
  }
}

/// Whether a JSON value holds all that another one asks for.
enum JSONSubset {
  /// What is asked for and not there, by path; empty where all is.
  static func differences(_ expected: Any, _ actual: Any?, at path: String = "") -> [String] {
    switch expected {
    case is NSNull:
      let isEmpty =
        actual == nil || actual is NSNull || (actual as? [Any])?.isEmpty == true
        || (actual as? [String: Any])?.isEmpty == true
      return isEmpty ? [] : ["\(path): nothing expected, found \(actual ?? "nothing")"]
    case let object as [String: Any]:
      let found = actual as? [String: Any] ?? [:]
      return object.keys.sorted().flatMap { key in
        differences(object[key] ?? NSNull(), found[key], at: path + "." + key)
      }
    case let list as [[String: Any]]:
      let found = actual as? [Any] ?? []
      guard found.count == list.count else {
        return ["\(path): expected \(list.count) entries, found \(found)"]
      }
      return list.indices.flatMap { differences(list[$0], found[$0], at: "\(path)[\($0)]") }
    default:
      let isEqual = (expected as? NSObject)?.isEqual(actual as? NSObject) ?? false
      return isEqual ? [] : ["\(path): expected \(expected), found \(actual ?? "nothing")"]
    }
  }

  static func differences(_ expected: String, _ actual: String) throws -> [String] {
    func parse(_ text: String) throws -> Any {
      try JSONSerialization.jsonObject(with: Data(text.utf8))
    }
    return differences(try parse(expected), try parse(actual))
  }
}
