import Engine
import Glibc
import SystemPackage
import TestSupport
import Testing

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
