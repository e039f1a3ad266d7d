import OCI
import Testing

@testable import Engine

@Suite("An image's history")
struct HistoryTests {
  private static func configuration(layers: Int, empty: Int) -> ImageConfiguration {
    var configuration = ImageConfiguration(platform: .host)
    for number in 0..<layers { configuration.history.append(.init(createdBy: "layer \(number)")) }
    for number in 0..<empty {
      configuration.history.append(.init(createdBy: "empty \(number)", emptyLayer: true))
    }
    return configuration
  }

  @Test(
    "agrees with the layers whatever the base image says",
    arguments: [(0, 0, 0), (0, 2, 1), (1, 0, 3), (2, 1, 2), (5, 1, 2), (1, 1, 0)])
  func agrees(entries: Int, empty: Int, layers: Int) {
    var configuration = HistoryTests.configuration(layers: entries, empty: empty)
    configuration.agreeHistory(withLayers: (0..<layers).map { "made \($0)" })
    #expect(configuration.history.filter { $0.emptyLayer != true }.count == layers)
  }

  @Test("is repaired at its end, as BuildKit does")
  func repairsTheEnd() {
    var tooMany = HistoryTests.configuration(layers: 3, empty: 0)
    tooMany.agreeHistory(withLayers: ["made 0"])
    #expect(tooMany.history.map { $0.emptyLayer == true } == [false, true, true])
    var tooFew = HistoryTests.configuration(layers: 1, empty: 1)
    tooFew.agreeHistory(withLayers: ["made 0", "made 1"])
    #expect(tooFew.history.map(\.createdBy) == ["layer 0", "empty 0", "made 1"])
    #expect(tooFew.history.last?.comment == "buildkit.exporter.image.v0")
  }
}
