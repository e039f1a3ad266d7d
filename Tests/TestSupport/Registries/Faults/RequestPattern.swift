package import OCI

/// Which requests a fault is for, or a test looks for.
package struct RequestPattern: Sendable {
  private let matches: @Sendable (LoggedRequest) -> Bool

  /// Any condition on the head of a request; nothing has been read or sent yet.
  package init(_ matches: @escaping @Sendable (LoggedRequest) -> Bool) {
    self.matches = matches
  }

  /// Requests of a method, any where it is nil, whose path has `path` in it.
  package static func matching(method: String? = nil, path: String = "") -> RequestPattern {
    RequestPattern { request in
      (method == nil || request.method == method)
        && (path.isEmpty || request.path.contains(path))
    }
  }

  package func callAsFunction(_ request: LoggedRequest) -> Bool { matches(request) }
}

extension RequestPattern {
  /// Every request.
  package static let any = RequestPattern { _ in true }
  /// The download of any blob.
  package static let blobReads = matching(method: "GET", path: "/blobs/sha256:")
  /// The question whether there is a blob.
  package static let blobChecks = matching(method: "HEAD", path: "/blobs/sha256:")
  /// The beginning of an upload, or a mount.
  package static let uploadBeginnings = matching(method: "POST", path: "/blobs/uploads/")
  /// A chunk of an upload.
  package static let uploadChunks = matching(method: "PATCH", path: "/blobs/uploads/")
  /// The end of an upload, perhaps with all of its bytes.
  package static let uploadEnds = matching(method: "PUT", path: "/blobs/uploads/")
  /// The download of any manifest.
  package static let manifestReads = matching(method: "GET", path: "/manifests/")
  /// The upload of any manifest.
  package static let manifestWrites = matching(method: "PUT", path: "/manifests/")
  /// What is asked of the token server.
  package static let tokens = RequestPattern { $0.path == "/token" }

  /// The download of one blob.
  package static func read(of digest: Digest) -> RequestPattern {
    matching(method: "GET", path: "/blobs/\(digest)")
  }
}
