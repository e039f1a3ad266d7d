import Glibc
package import SystemPackage

/// A system call that failed: the one place where `errno` becomes an error.
package struct SystemCallError: Error, CustomStringConvertible {
  /// What was being done, such as `open`.
  package let call: String
  /// What it was done to; empty where there is no path.
  package let path: String
  package let code: Errno

  /// Takes the code from `errno`, so it must come straight after the call.
  package init(_ call: String, _ path: String = "") {
    self.init(call, path, code: Errno(rawValue: Glibc.errno))
  }

  package init(_ call: String, _ path: String, code: Errno) {
    self.call = call
    self.path = path
    self.code = code
  }

  package var description: String {
    let subject = path.isEmpty ? "`\(call)`" : "cannot \(call) `\(path)`"
    return "\(subject): \(code.description.lowercased())\(hint)"
  }

  private var hint: String {
    switch code {
    case .noSpace: "; hint: free some disk space, or point `SLIPWAY_HOME` at a larger disk"
    case .diskQuotaExceeded: "; hint: the disk quota is used up"
    case .readOnlyFileSystem: "; hint: point `SLIPWAY_HOME` at a directory that can be written"
    case .tooManyOpenFiles: "; hint: raise the limit of open files (`ulimit -n`)"
    default: ""
    }
  }
}
