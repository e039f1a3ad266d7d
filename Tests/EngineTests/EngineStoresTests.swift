import Glibc
import OCI
import Snapshots
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Engine

@Suite("The stores of the engine")
struct EngineStoresTests {
  @Test(
    "Nobody but the owner can enter the folders in which programs of layers lie",
    arguments: ["snapshots", "cache", "contexts", "host"])
  func keepsOthersOut(folder: String) throws {
    let directory = try TemporaryDirectory()
    let home = directory("home")
    _ = try EngineStores(home: home)
    var status = stat()
    #expect(stat(home.appending(folder).string, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o700)
  }

  @Test("A record is found also while the build that wrote it confirms it")
  func confirmedMeanwhile() async throws {
    let directory = try TemporaryDirectory()
    let records = try EngineStores(home: directory("home")).records
    for number in 0..<20 {
      let key = Digest.sha256(of: Array("\(number)".utf8))
      let layer = try #require(LayerID("m0"))
      try records.write(
        CacheRecord(identity: key, layer: layer, label: "", parts: []), for: key)
      let isConfirmed = Mutex(false)
      async let isAlwaysFound = BlockingWork.run {
        while !isConfirmed.withLock({ $0 }) {
          if records.record(for: key) == nil { return false }
        }
        return true
      }
      try await BlockingWork.run { try records.confirm([key]) }
      isConfirmed.withLock { $0 = true }
      #expect(try await isAlwaysFound)
    }
  }

  @Test("A folder that an older version left open to all is closed")
  func closesWhatIsOpen() throws {
    let directory = try TemporaryDirectory()
    let home = directory("home")
    _ = try EngineStores(home: home)
    let snapshots = home.appending("snapshots").string
    #expect(chmod(snapshots, 0o755) == 0)
    _ = try EngineStores(home: home)
    var status = stat()
    #expect(stat(snapshots, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o700)
  }
}
