/// One extended attribute of a file, such as `security.capability`.
package struct ExtendedAttribute: Hashable, Sendable, Codable {
  /// With its namespace, without a terminating NUL.
  package var name: [UInt8]
  package var value: [UInt8]

  package init(name: [UInt8], value: [UInt8]) {
    self.name = name
    self.value = value
  }
}
