/// `COPY` or `ADD`: what goes where, and how.
package struct CopyInstruction: Hashable, Sendable {
  /// Paths, patterns, and for `ADD` also URLs, in order; unexpanded.
  package var sources: [String]
  /// Files written in the Dockerfile itself, in order; copied after `sources`.
  package var heredocs: [Heredoc]
  /// Where they go; unexpanded.
  package var destination: String
  /// `--from` of `COPY`: a stage's name or number, a context or an image; never expanded.
  package var from: String?
  /// `--chown`, unexpanded.
  package var chown: String?
  /// `--chmod`, unexpanded; `FileModeChange` reads it.
  package var chmod: String?
  /// `--link`.
  package var link = false
  /// `--parents` of `COPY`.
  package var parents = false
  /// `--exclude`, in order; never expanded.
  package var exclude: [String] = []
  /// `--checksum` of `ADD`, unexpanded.
  package var checksum: String?
  /// `--keep-git-dir` of `ADD`; absent where it was not given.
  package var keepGitDir: Bool?
  /// `--unpack` of `ADD`; absent where it was not given.
  package var unpack: Bool?
}
