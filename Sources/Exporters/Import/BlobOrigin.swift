import OCI

/// Where the blobs of images come from while they are imported.
protocol BlobOrigin {
  /// Puts a blob into the staging area, verified; false where there is none.
  func stage(_ descriptor: Descriptor, in staging: ContentStore) throws -> Bool
}
