import Foundation
package import SystemPackage

/// Serves the repositories below a folder over HTTP, as `http://127.0.0.1:<port>/<name>/.git`.
package final class GitServer: Sendable {
  /// How it speaks.
  package enum Kind: Sendable {
    /// With `git http-backend`: it knows depths, and gives what it is asked for.
    case smart
    /// Files only (gitprotocol-http(5), "dumb"): run `git update-server-info` after each change.
    case dumb
  }

  package let server: ScriptedServer

  package init(_ folder: FilePath, _ kind: Kind = .smart) throws {
    server = try ScriptedServer { request in
      switch kind {
      case .smart: try GitServer.backend(request, folder)
      case .dumb: GitServer.file(request, folder)
      }
    }
  }

  deinit { server.stop() }

  /// Where a repository is.
  package func address(_ name: String) -> String { "http://127.0.0.1:\(server.port)/\(name)/.git" }

  private static func file(_ request: ServerRequest, _ folder: FilePath) -> ServerResponse {
    let parts = request.path.split(separator: "/")
    guard !parts.contains(".."),
      let bytes = try? Files.read(folder.appending(parts.joined(separator: "/")))
    else { return .text(404, "nothing here") }
    return ServerResponse(200, ["Content-Type": "application/octet-stream"], .bytes(bytes))
  }

  /// The Common Gateway Interface (RFC 3875).
  private static func backend(_ request: ServerRequest, _ folder: FilePath) throws -> ServerResponse
  {
    let body = try request.body.readAll()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Requirement.tool("git")?.string ?? "/usr/bin/git")
    process.arguments = ["http-backend"]
    let query = request.target.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
    process.environment = [
      "PATH": Command.plainEnvironment["PATH"] ?? "", "HOME": "/nonexistent",
      "GIT_CONFIG_NOSYSTEM": "1", "GIT_PROJECT_ROOT": folder.string, "GIT_HTTP_EXPORT_ALL": "1",
      "REQUEST_METHOD": request.method, "PATH_INFO": request.path, "QUERY_STRING": String(query),
      "CONTENT_TYPE": request.headers["Content-Type"] ?? "", "CONTENT_LENGTH": "\(body.count)",
      "HTTP_CONTENT_ENCODING": request.headers["Content-Encoding"] ?? "",
      "GIT_PROTOCOL": request.headers["Git-Protocol"] ?? "",
      "GIT_CONFIG_COUNT": "2",
      "GIT_CONFIG_KEY_0": "uploadpack.allowReachableSHA1InWant", "GIT_CONFIG_VALUE_0": "true",
      "GIT_CONFIG_KEY_1": "safe.directory", "GIT_CONFIG_VALUE_1": "*",
    ]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(body))
    try input.fileHandleForWriting.close()
    let answer = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    return response(answer)
  }

  private static func response(_ answer: [UInt8]) -> ServerResponse {
    let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) ?? answer.endIndex..<answer.endIndex
    var response = ServerResponse(200, [:], .bytes(Array(answer[end.upperBound...])))
    for line in String(decoding: answer[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    {
      let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { continue }
      let value = parts[1].trimmingCharacters(in: .whitespaces)
      if parts[0] == "Status" {
        response.status = Int(value.prefix { $0 != " " }) ?? 500
      } else {
        response.headers.add(parts[0], value)
      }
    }
    return response
  }
}
