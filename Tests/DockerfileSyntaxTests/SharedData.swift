import FoundationEssentials

/// The data files of BuildKit's own tests, which are kept beside the project, not in it.
enum SharedData {
  /// `$SLIPWAY_TEST_DATA`, or `shared/data` beside the project's root.
  static let root: URL? = {
    if let path = ProcessInfo.processInfo.environment["SLIPWAY_TEST_DATA"] {
      return existing(URL(fileURLWithPath: path))
    }
    var folder = URL(fileURLWithPath: #filePath)
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      if let data = existing(folder.appendingPathComponent("shared/data")) { return data }
    }
    return nil
  }()

  static var isThere: Bool { root != nil }

  private static func existing(_ url: URL) -> URL? {
    FileManager.default.fileExists(atPath: url.path) ? url : nil
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    guard let root else { return [] }
    return Array(try Data(contentsOf: root.appendingPathComponent(path)))
  }

  static func text(_ path: String) throws -> String {
    String(decoding: try bytes(path), as: UTF8.self)
  }

  static func folders(_ path: String) -> [String] {
    guard let root else { return [] }
    let url = root.appendingPathComponent(path)
    return ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
  }
}
