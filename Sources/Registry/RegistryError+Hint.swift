extension RegistryError {
  private static let separator = "; hint: "

  /// What went wrong, without what to do.
  package var problem: String {
    let parts = description.split(separator: RegistryError.separator, maxSplits: 1)
    return parts.first.map(String.init) ?? description
  }

  /// What to do; nil where nothing helps that is known here.
  package var hint: String? {
    let parts = description.split(separator: RegistryError.separator, maxSplits: 1)
    return parts.count == 2 ? String(parts[1]) : nil
  }
}
