import Snapshots
import Testing

@Suite("Users of an image")
struct TreesUserTests {
  private let users = UserDatabase(
    passwd: Array(
      """
      # accounts
      root:x:0:0:root:/root:/bin/sh
      broken
      half:x:
      app:x:1000:1001:App:/home/app:/bin/sh
      app:x:2000:2000:Second:/other:/bin/sh
      1234:x:77:78::/numeric:

      """.utf8),
    group: Array(
      """
      root:x:0:
      wheel:x:10:root,app
      app:x:1001:
      more:x:20:someone,app
      app:x:3000:

      """.utf8))

  @Test(
    "are found as Docker finds them",
    arguments: [
      ("", UserIdentity(userID: 0, groupID: 0, supplementaryGroups: [10], home: "/root")),
      ("root", UserIdentity(userID: 0, groupID: 0, supplementaryGroups: [10], home: "/root")),
      (
        "app",
        UserIdentity(userID: 1000, groupID: 1001, supplementaryGroups: [10, 20], home: "/home/app")
      ),
      (
        "1000",
        UserIdentity(userID: 1000, groupID: 1001, supplementaryGroups: [10, 20], home: "/home/app")
      ),
      ("5000", UserIdentity(userID: 5000, groupID: 0)),
      ("1234", UserIdentity(userID: 77, groupID: 78, home: "/numeric")),
      (
        "app:",
        UserIdentity(userID: 1000, groupID: 1001, supplementaryGroups: [10, 20], home: "/home/app")
      ),
      ("app:wheel", UserIdentity(userID: 1000, groupID: 10, home: "/home/app")),
      ("app:4321", UserIdentity(userID: 1000, groupID: 4321, home: "/home/app")),
      ("app:app", UserIdentity(userID: 1000, groupID: 1001, home: "/home/app")),
      ("65534:65534", UserIdentity(userID: 65534, groupID: 65534)),
      ("4294967294:0", UserIdentity(userID: 4_294_967_294, groupID: 0)),
    ])
  func identities(_ text: String, _ expected: UserIdentity) throws {
    #expect(try users.identity(for: text) == expected)
  }

  @Test("need no files for root and numbers")
  func scratch() throws {
    let none = UserDatabase(passwd: [], group: [])
    #expect(try none.identity(for: "root:root") == UserIdentity(userID: 0, groupID: 0))
    #expect(try none.identity(for: "root") == UserIdentity(userID: 0, groupID: 0))
    #expect(try none.identity(for: "12:34") == UserIdentity(userID: 12, groupID: 34))
    #expect(throws: UserError.unknownUser("app")) { try none.identity(for: "app") }
  }

  @Test(
    "that do not exist are named",
    arguments: [
      ("ghost", UserError.unknownUser("ghost")), ("app:ghost", .unknownGroup("ghost")),
      ("4294967295", .outOfRange("4294967295")),
      ("99999999999999999999", .outOfRange("99999999999999999999")),
      ("0:4294967295", .outOfRange("4294967295")), (":app", .malformed(":app")),
      ("half", .unknownUser("half")), ("-1", .unknownUser("-1")), ("app:a:b", .unknownGroup("a:b")),
    ])
  func errors(_ text: String, _ expected: UserError) {
    #expect(throws: expected) { try users.identity(for: text) }
  }

  @Test(
    "own files as `--chown` says",
    arguments: [
      ("app", FileOwner(userID: 1000, groupID: 1001)),
      ("1000", FileOwner(userID: 1000, groupID: 1000)),
      ("55", FileOwner(userID: 55, groupID: 55)),
      ("app:wheel", FileOwner(userID: 1000, groupID: 10)),
      ("55:66", FileOwner(userID: 55, groupID: 66)), ("root", FileOwner(userID: 0, groupID: 0)),
    ])
  func owners(_ text: String, _ expected: FileOwner) throws {
    #expect(try users.owner(for: text) == expected)
  }

  @Test("are missed in words")
  func words() {
    #expect(
      UserError.unknownUser("app").description == """
        there is no user `app` in the image's `/etc/passwd`
        hint: create it before this step, or give its number
        """)
  }

  @Test("are read from the tree, through links")
  func tree() throws {
    let scratch = try TreesScratch()
    try scratch.write("usr/passwd", "app:x:7:8::/:\n")
    try scratch.link("etc/passwd", to: "../usr/passwd")
    let users = try DirectoryTree(scratch.path).userDatabase()
    #expect(try users.identity(for: "app").userID == 7)
    #expect(throws: UserError.unknownGroup("app")) { try users.identity(for: "app:app") }
  }
}
