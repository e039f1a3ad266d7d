/// The signals that `STOPSIGNAL` takes.
package enum SignalName {
  private static let names: Set<String> = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
    "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
    "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
  ]

  /// Checks a number, or a name with or without `SIG`, in any case.
  package static func validate(_ text: String) throws(InstructionError) {
    if let number = Int32(text) {
      guard number > 0 else { throw invalid(text) }
      return
    }
    var name = text.uppercased()
    if name.hasPrefix("SIG") { name.removeFirst(3) }
    guard names.contains(name) || isRealTime(name) else { throw invalid(text) }
  }

  private static func isRealTime(_ name: String) -> Bool {
    if let offset = name.splitAtFirst("+"), offset.before == "RTMIN" {
      return (1...15).contains(Int(offset.after) ?? 0)
    }
    if let offset = name.splitAtFirst("-"), offset.before == "RTMAX" {
      return (1...14).contains(Int(offset.after) ?? 0)
    }
    return false
  }

  private static func invalid(_ text: String) -> InstructionError {
    InstructionError(
      "`\(text.excerpt)` is no signal", hint: "write for example `SIGTERM` or `15`")
  }
}
