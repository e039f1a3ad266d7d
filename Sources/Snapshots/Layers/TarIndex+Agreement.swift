internal import Archive

extension TarIndex {
  /// Whether this index says what was read from the tar itself, but for times: those of a tar may be
  /// clamped.
  func agrees(withTar tar: TarIndex) throws -> Bool {
    guard tarSize == tar.tarSize, recordCount == tar.recordCount,
      dependsOnLower == tar.dependsOnLower
    else { return false }
    for number in 0..<recordCount {
      guard try record(number).agrees(withTar: tar.record(number)) else { return false }
    }
    return true
  }
}

extension TarIndex.Record {
  fileprivate func agrees(withTar tar: TarIndex.Record) throws -> Bool {
    guard try path() == tar.path(), try kind() == tar.kind(), try isOpaque() == tar.isOpaque(),
      try isImplicit() == tar.isImplicit(), try linkIdentity() == tar.linkIdentity(),
      try subtreeEnd() == tar.subtreeEnd()
    else { return false }
    if try isWhiteout() || isImplicit() { return true }
    var mine = try metadata()
    let theirs = try tar.metadata()
    guard theirs.modificationTime <= mine.modificationTime else { return false }
    mine.modificationTime = theirs.modificationTime
    guard mine == theirs else { return false }
    return try mine.kind != .regular || mine.size == 0 || contentOffset() == tar.contentOffset()
  }
}
