import FoundationEssentials
import FuzzInvariants
import Testing

/// The inputs of `Fuzz/Corpus`, among them everything that a fuzzer once broke something with.
@Suite("The corpus of the fuzz targets")
struct CorpusTests {
  private static let corpus = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fuzz/Corpus")

  private static func files(of target: FuzzTarget) throws -> [URL] {
    let folder = corpus.appendingPathComponent(target.rawValue)
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      .map { folder.appendingPathComponent($0) }
  }

  @Test("no input breaks an invariant, nor does a part of it", arguments: FuzzTarget.allCases)
  func holds(target: FuzzTarget) throws {
    let files = try Self.files(of: target)
    #expect(files.count >= 4)
    for file in files {
      let bytes = Array(try Data(contentsOf: file))
      for end in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 100)) {
        #expect(throws: Never.self, "\(file.lastPathComponent) up to \(end)") {
          try target.check(Array(bytes[..<end]))
        }
      }
      #expect(throws: Never.self, "\(file.lastPathComponent)") { try target.check(bytes) }
    }
  }

  @Test("inputs that are mixed at random break none either", arguments: FuzzTarget.allCases)
  func mixtures(target: FuzzTarget) throws {
    let inputs = try Self.files(of: target).map { Array(try Data(contentsOf: $0)) }
    for seed in 0..<200 as Range<UInt64> {
      var generator = SplitMix(state: seed)
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        let input = try #require(inputs.randomElement(using: &generator))
        let start = Int.random(in: 0...input.count, using: &generator)
        bytes += input[start...].prefix(Int.random(in: 0...80, using: &generator))
        if Bool.random(using: &generator) {
          bytes.append(UInt8.random(in: 0...255, using: &generator))
        }
      }
      #expect(throws: Never.self, "seed \(seed)") { try target.check(bytes) }
    }
  }
}
