extension MountFlag {
  /// Understands the flag, each value but that of `from` expanded first.
  ///
  /// `expand` is called for every value with a `$` in it; an error of it is passed on as it is.
  package func resolve(
    expanding expand: (String) throws -> String = { $0 }
  ) throws -> RunMount {
    throw InstructionError("not yet")
  }
}
