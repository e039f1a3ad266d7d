import Archive
import CLinux
import Glibc
import OCI
import SystemPackage
import Testing

@testable import Snapshots

@Suite("The stat cache")
struct TreesStatCacheTests {
  private let digest = Digest.sha256(of: Array("x".utf8))
  private let old = FileTime(seconds: 1000, nanoseconds: 1)
  private let later = FileTime(seconds: 2000)

  private func stamp(_ inode: UInt64, _ changeTime: FileTime? = nil) -> FileStamp {
    FileStamp(
      device: 1, inode: inode, size: -5, modificationTime: old, changeTime: changeTime ?? old)
  }

  @Test("knows after a restart what it was told, of exactly that state")
  func roundTrip() throws {
    let scratch = try TreesScratch()
    let file = FilePath(scratch.at("contexts/cache"))
    let cache = StatCache(loading: file)
    for inode: UInt64 in [7, 3, .max, 5] {
      cache.record(digest, for: stamp(inode), readFrom: later)
    }
    #expect(cache.digest(for: stamp(5)) == digest)
    try cache.save()
    let again = StatCache(loading: file)
    for inode: UInt64 in [3, 5, 7, .max] { #expect(again.digest(for: stamp(inode)) == digest) }
    #expect(again.digest(for: stamp(4)) == nil)
    #expect(again.digest(for: stamp(5, FileTime(seconds: 1000, nanoseconds: 2))) == nil)
    #expect(again.digest(for: stamp(5, FileTime(seconds: 999, nanoseconds: 1))) == nil)
    var other = stamp(5)
    other.size += 1
    #expect(again.digest(for: other) == nil)
  }

  @Test("is written only when something was learnt, and replaces what is no longer so")
  func saving() throws {
    let scratch = try TreesScratch()
    let file = FilePath(scratch.at("contexts/cache"))
    try StatCache(loading: file).save()
    #expect(access(file.string, F_OK) != 0)
    let first = StatCache(loading: file)
    first.record(digest, for: stamp(1), readFrom: later)
    first.record(digest, for: stamp(2), readFrom: later)
    try first.save()
    let inode = try scratch.stamp("contexts/cache").inode
    let reader = StatCache(loading: file)
    _ = reader.digest(for: stamp(1))
    try reader.save()
    #expect(try scratch.stamp("contexts/cache").inode == inode)
    let writer = StatCache(loading: file)
    let newer = FileTime(seconds: 1500, nanoseconds: 3)
    let other = Digest.sha256(of: [])
    writer.record(other, for: stamp(1, newer), readFrom: later)
    try writer.save()
    let last = StatCache(loading: file)
    #expect(last.digest(for: stamp(1)) == nil)
    #expect(last.digest(for: stamp(1, newer)) == other)
    #expect(last.digest(for: stamp(2)) == digest)
    #expect(try DirectoryTree(FilePath(scratch.at("contexts"))).children(of: .root).count == 1)
  }

  @Test("saves the look at the attributes of a file that has none, until it changes")
  func plainFiles() throws {
    let scratch = try TreesScratch()
    let file = FilePath(scratch.at("contexts/cache"))
    try scratch.write("files/a", "x")
    try scratch.attribute("files/a", "user.one", "1")
    func names() throws -> [String] {
      let options = DirectoryTree.Options(
        readsExtendedAttributes: true, cache: StatCache(loading: file))
      let tree = try DirectoryTree(FilePath(scratch.at("files")), options)
      return try tree.children(of: .root)[0].node.metadata.extendedAttributes
        .map { String(decoding: $0.name, as: UTF8.self) }
    }
    #expect(try names() == ["user.one"])
    // It is believed, and so a lie shows that nobody looked.
    let cache = StatCache(loading: file)
    cache.record(
      digest, for: try scratch.stamp("files/a"), isPlain: true, readFrom: FileTime(seconds: .max))
    try cache.save()
    #expect(try names() == [])
    try scratch.attribute("files/a", "user.two", "2")
    #expect(try names() == ["user.one", "user.two"])
  }

  @Test("passes over files that are damaged, cut short or of another kind")
  func damage() throws {
    let scratch = try TreesScratch()
    let file = FilePath(scratch.at("contexts/cache"))
    let cache = StatCache(loading: file)
    for inode: UInt64 in 1...3 { cache.record(digest, for: stamp(inode), readFrom: later) }
    try cache.save()
    let bytes = try DirectoryTree(scratch.path)
      .open(TreePath(cleaning: "contexts/cache")).readAll(limit: 1 << 20)
    #expect(StatCacheFile(bytes)?.count == 3)
    for length in 0..<bytes.count { #expect(StatCacheFile(Array(bytes[..<length])) == nil) }
    for position in bytes.indices {
      var damaged = bytes
      damaged[position] ^= 0x10
      #expect(StatCacheFile(damaged) == nil, "byte \(position)")
    }
    #expect(StatCacheFile(bytes + Array(repeating: 0, count: 88)) == nil)
    try scratch.write("contexts/cache", "slipstat, or not")
    #expect(StatCache(loading: file).digest(for: stamp(1)) == nil)
    #expect(StatCache(loading: scratch.path).digest(for: stamp(1)) == nil)
  }

  @Test(
    "takes no file that may still change unseen",
    arguments: [
      // ctime, when the reading began, racy
      (FileTime(seconds: 10, nanoseconds: 500), FileTime(seconds: 10, nanoseconds: 500), true),
      (
        FileTime(seconds: 10, nanoseconds: 500), FileTime(seconds: 10, nanoseconds: 20_000_500),
        true
      ),
      (
        FileTime(seconds: 10, nanoseconds: 500), FileTime(seconds: 10, nanoseconds: 20_000_501),
        false
      ),
      (FileTime(seconds: 11, nanoseconds: 500), FileTime(seconds: 10), true),
      (FileTime(seconds: 9, nanoseconds: 990_000_000), FileTime(seconds: 10), true),
      // Whole seconds: a coarse clock.
      (FileTime(seconds: 10), FileTime(seconds: 12), true),
      (FileTime(seconds: 10), FileTime(seconds: 12, nanoseconds: 1), false),
    ])
  func racy(_ change: FileTime, _ start: FileTime, _ isRacy: Bool) {
    var stamp = FileStamp(
      device: 1, inode: 1, size: 0, modificationTime: FileTime(seconds: 1), changeTime: change)
    #expect(StatCache.isRacy(stamp, at: start) == isRacy)
    stamp.changeTime = FileTime(seconds: 1, nanoseconds: change.nanoseconds)
    stamp.modificationTime = change
    #expect(StatCache.isRacy(stamp, at: start) == isRacy)
    let cache = StatCache(loading: "/nonexistent/cache")
    cache.record(digest, for: stamp, readFrom: start)
    #expect((cache.digest(for: stamp) == nil) == isRacy)
  }

  @Test("survives times at the ends of what a number holds")
  func extremes() {
    let stamp = FileStamp(
      device: 0, inode: 0, size: 0,
      modificationTime: FileTime(seconds: .max, nanoseconds: 999_999_999),
      changeTime: FileTime(seconds: .min))
    #expect(StatCache.isRacy(stamp, at: later))
  }

  @Test("sees new contents of the same size and a forged mtime")
  func forgedTime() throws {
    let scratch = try TreesScratch()
    let file = FilePath(scratch.at("cache"))
    try scratch.write("context/file", "first")
    try scratch.setTimes("context/file", seconds: 1_000_000_000)
    let path = TreePath(cleaning: "file")
    let tree = {
      try DirectoryTree(
        FilePath(scratch.at("context")), .init(cache: StatCache(loading: file)))
    }
    let before = try #require(try tree().node(at: path))
    // As if it had been hashed long ago, so that it counts as settled.
    let cache = StatCache(loading: file)
    cache.record(
      .sha256(of: Array("first".utf8)), for: try #require(before.stamp), readFrom: later.farAway)
    try cache.save()
    #expect(try tree().contentDigest(of: path, before) == .sha256(of: Array("first".utf8)))
    // The clock of the file system has its grain; the writer comes back until it has moved.
    var after = before
    while after.stamp?.changeTime == before.stamp?.changeTime {
      try scratch.write("context/file", "other")
      try scratch.setTimes("context/file", seconds: 1_000_000_000)
      after = try #require(try tree().node(at: path))
    }
    #expect(after.metadata == before.metadata)
    #expect(try tree().contentDigest(of: path, after) == .sha256(of: Array("other".utf8)))
  }

  @Test("does not keep a file that was just written")
  func justWritten() throws {
    let scratch = try TreesScratch()
    let cache = StatCache(loading: FilePath(scratch.at("cache")))
    let path = TreePath(cleaning: "file")
    try scratch.write("context/file", "first")
    let tree = try DirectoryTree(FilePath(scratch.at("context")), .init(cache: cache))
    let node = try #require(try tree.node(at: path))
    // The file's ctime is younger than the grain of the clock unless this test is held up; write
    // again, as a script would, and the new contents must be seen either way.
    #expect(try tree.contentDigest(of: path, node) == .sha256(of: Array("first".utf8)))
    try scratch.write("context/file", "other")
    let again = try #require(try tree.node(at: path))
    #expect(try tree.contentDigest(of: path, again) == .sha256(of: Array("other".utf8)))
  }

  @Test("keeps each directory's cache apart")
  func names() {
    let one = StatCache.file(forRoot: "/a", home: "/home/s")
    #expect(one.description.hasPrefix("/home/s/contexts/"))
    #expect(one != StatCache.file(forRoot: "/b", home: "/home/s"))
    #expect(one == StatCache.file(forRoot: "/a/", home: "/home/s"))
  }
}

extension FileTime {
  fileprivate var farAway: FileTime { FileTime(seconds: 1 << 40) }
}
