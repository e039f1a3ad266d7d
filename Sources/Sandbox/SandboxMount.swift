package import SystemPackage

/// Something that is put at a path of the root.
///
/// A target's symlinks are followed inside the root and never lead out of it. A target that is
/// missing is provided without a trace in the root's `upper` (see `SandboxResult.providedPaths`).
package struct SandboxMount: Sendable, Equatable {
  package var content: Content
  /// An absolute path inside the root, never `/` itself.
  package var target: FilePath
  package var options: Options

  package init(_ content: Content, at target: FilePath, options: Options) {
    self.content = content
    self.target = target
    self.options = options
  }

  package enum Content: Sendable, Equatable {
    /// A file, directory or socket of the host. Where `path` may be chosen by a Dockerfile, `base`
    /// is the directory whose symlinks it cannot leave; without a base, `path` is absolute.
    case bind(base: FilePath?, path: FilePath, recursive: Bool)
    /// The directory or file `path` in a stack of layers, the topmost first. With `scratch`, writes
    /// go there; without, the mount is read-only.
    case layers([FilePath], path: FilePath, scratch: OverlayScratch?)
    /// An empty file system in memory. `size` in bytes; without, the kernel's default of half of
    /// the memory.
    case temporary(size: Int64?, mode: UInt32)
    /// A file in memory that never touches the host's disk.
    case file(contents: [UInt8], mode: UInt32, userID: UInt32, groupID: UInt32)
  }

  package struct Options: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readOnly = Options(rawValue: 1 << 0)
    package static let noSetUserID = Options(rawValue: 1 << 1)
    package static let noDevices = Options(rawValue: 1 << 2)
    package static let noExecute = Options(rawValue: 1 << 3)
    package static let strictAccessTime = Options(rawValue: 1 << 4)
  }
}

/// Where an overlay writes: two empty directories of one file system.
package struct OverlayScratch: Sendable, Equatable {
  package var upper: FilePath
  package var work: FilePath

  package init(upper: FilePath, work: FilePath) {
    self.upper = upper
    self.work = work
  }
}

extension SandboxMount {
  /// A host path, read-only unless said otherwise; devices in it do not work.
  package static func bind(
    _ path: FilePath, within base: FilePath? = nil, at target: FilePath, readOnly: Bool = true,
    recursive: Bool = false
  ) -> SandboxMount {
    SandboxMount(
      .bind(base: base, path: path, recursive: recursive), at: target,
      options: readOnly ? [.readOnly, .noDevices] : [.noDevices])
  }

  /// A path in a stack of layers, for `RUN --mount=from=`.
  package static func layers(
    _ layers: [FilePath], path: FilePath = "/", at target: FilePath, scratch: OverlayScratch? = nil
  ) -> SandboxMount {
    SandboxMount(
      .layers(layers, path: path, scratch: scratch), at: target,
      options: scratch == nil ? [.readOnly, .noDevices] : [.noDevices])
  }

  package static func temporary(
    at target: FilePath, size: Int64? = nil, mode: UInt32 = 0o1777
  ) -> SandboxMount {
    SandboxMount(
      .temporary(size: size, mode: mode), at: target, options: [.noSetUserID, .noDevices])
  }

  /// A file in memory: `/etc/hosts`, a secret, a heredoc's script.
  package static func file(
    _ contents: [UInt8], at target: FilePath, mode: UInt32 = 0o444, userID: UInt32 = 0,
    groupID: UInt32 = 0, readOnly: Bool = true
  ) -> SandboxMount {
    SandboxMount(
      .file(contents: contents, mode: mode, userID: userID, groupID: groupID), at: target,
      options: readOnly ? [.readOnly, .noSetUserID, .noDevices] : [.noSetUserID, .noDevices])
  }
}
