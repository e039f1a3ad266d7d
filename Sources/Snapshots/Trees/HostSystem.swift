package import Archive
package import OCI
package import SystemPackage

/// What of this machine a build may see when it builds with the machine's own toolchain: a list of
/// binds, a skeleton for what is made up, and masks.
///
/// It is an allow-list. Homes, `/var`, `/srv`, `/run`, keys, passwords and Slipway's own state are
/// not in it, or masked. The deepest of binds, skeleton entries and masks that holds a path decides
/// what is there.
package struct HostSystem: Sendable {
  /// A file or directory of the machine that shows at the same place inside.
  package struct Bind: Hashable, Sendable {
    /// Absolute, and free of symbolic links.
    package var source: FilePath
    package var target: TreePath
    package var isReadOnly: Bool

    package init(source: FilePath, target: TreePath, isReadOnly: Bool = true) {
      self.source = source
      self.target = target
      self.isReadOnly = isReadOnly
    }
  }

  /// A directory, symbolic link or small file that is made up.
  package struct SkeletonEntry: Hashable, Sendable {
    package var path: TreePath
    package var metadata: FileMetadata
    /// Of a regular file.
    package var contents: [UInt8]

    package init(path: TreePath, metadata: FileMetadata, contents: [UInt8] = []) {
      self.path = path
      self.metadata = metadata
      self.contents = contents
    }
  }

  /// A variable of the environment that steps get.
  package struct Variable: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The root of the machine, `/` but for tests.
  package var root: FilePath
  /// Sorted by target, so that a directory comes before what is mounted in it.
  package var binds: [Bind]
  /// Sorted by path; directories that lead to an entry or a bind are among them.
  package var skeleton: [SkeletonEntry]
  /// Directories that show empty although they lie in a bind. Sorted.
  package var masks: [TreePath]
  package var environment: [Variable]
  /// Tells the machine's system and toolchains apart from others': distribution, packages, and what
  /// was installed beside the packages. Equal for equal systems, as far as names, sizes and times of
  /// files say.
  package var identity: Digest
}
