import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite(
  "Swift packages without a Dockerfile",
  .enabled(
    if: Requirement.root && Requirement.tools("swift", "clang"), "needs root and a Swift toolchain")
)
struct SwiftRecipeTests {
  private let slipway: Slipway
  private let directory: TemporaryDirectory

  init() throws {
    slipway = try Slipway()
    directory = try TemporaryDirectory()
  }

  private func manifest(_ name: String, targets: String, resources: Bool = false) throws {
    try directory.write(
      """
      // swift-tools-version: 5.9
      import PackageDescription

      let package = Package(name: "\(name)", targets: [\(targets)])
      """, to: "Package.swift")
  }

  @Test("a package is compiled, shipped from scratch, and an edit compiles it alone")
  func plain() async throws {
    try manifest("hello", targets: #".executableTarget(name: "hello")"#)
    try directory.write(
      #"print("hello", CommandLine.arguments.count)"#, to: "Sources/hello/main.swift")
    let first = try await slipway.build(directory.path, "--toolchain", "host", "-t", "hello")
    #expect(try await slipway.check("run", "hello", "a", "b").text == "hello 3")
    #expect(
      try await slipway.check("inspect", "--files", "hello").lines.compactMap {
        $0.split(separator: " ").last.map(String.init)
      } == [
        "/app", "/app/hello", "/etc", "/etc/group", "/etc/passwd", "/etc/ssl", "/etc/ssl/certs",
        "/etc/ssl/certs/ca-certificates.crt", "/tmp",
      ])
    let user = #"{"config": {"User": "65534:65534", "Entrypoint": ["/app/hello"]}}"#
    #expect(
      try JSONSubset.differences(user, try await slipway.configuration(of: "hello:latest")) == [])

    // Nothing changed: nothing runs.
    #expect(
      try await slipway.build(directory.path, "--toolchain", "host", "-t", "hello").ran == [])

    // An edit: the dependencies' step does not run again, the compiler's cache is kept.
    try directory.write(#"print("edited")"#, to: "Sources/hello/main.swift")
    let edited = try await slipway.build(directory.path, "--toolchain", "host", "-t", "hello")
    #expect(edited.ran.first?.hasPrefix("COPY . ") == true, "\(edited.log)")
    #expect(try await slipway.check("run", "hello").text == "edited")
    #expect(edited.digest != first.digest)

    // A program that does not compile: the compiler's words and our line, and nothing is tagged.
    try directory.write("print(undefined)", to: "Sources/hello/main.swift")
    let broken = try await slipway.run(
      "build", "--toolchain", "host", "--progress", "plain", "-t", "hello", directory.path.string)
    #expect(broken.status == .exited(1))
    #expect(broken.errorText.contains("main.swift:1:7: error: cannot find 'undefined' in scope"))
    #expect(broken.errorText.contains("Dockerfile of the"))
    #expect(try await slipway.check("run", "hello").text == "edited")

    // The revert, and a build that has never seen any of it: the same bytes.
    try directory.write(
      #"print("hello", CommandLine.arguments.count)"#, to: "Sources/hello/main.swift")
    #expect(
      try await slipway.build(directory.path, "--toolchain", "host").digest == first.digest)
    let elsewhere = try TemporaryDirectory()
    try await Command("cp", ["-R", directory.path.string, elsewhere("copy").string]).check()
    #expect(
      try await Slipway().build(elsewhere("copy"), "--toolchain", "host").digest == first.digest)
  }

  @Test("a platform that is not the builder's takes a Swift SDK, or an error says where from")
  func noSDK() async throws {
    try manifest("hello", targets: #".executableTarget(name: "hello")"#)
    try directory.write(#"print("hello")"#, to: "Sources/hello/main.swift")
    let platform = "linux/\(Requirement.foreignArchitecture.go)"
    let triple = "\(Requirement.foreignArchitecture.kernel)-swift-linux-musl"
    var slipway = slipway
    slipway.environment["HOME"] = directory("nobody").string
    func failingBuild() async throws -> String {
      let result = try await slipway.run(
        "build", "--toolchain", "host", "--progress", "plain", "--platform", platform,
        directory.path.string)
      #expect(result.status == .exited(1))
      return result.errorText
    }
    let none = try await failingBuild()
    #expect(none.contains("error: there is no Swift SDK for `\(triple)`"), "\(none)")
    #expect(none.contains("--build-context swift-sdk=$HOME/.swiftpm/swift-sdks"))

    // Those that are installed in the caller's home are found, of two the one of this compiler's
    // version. They are empty, so that the compiler is all that can be seen of it.
    let swift = try await Command("swift", ["--version"]).check().text
    let release = try #require(swift.split(whereSeparator: { "()".contains($0) }).dropFirst().first)
    for version in ["swift-5.0-RELEASE", String(release)] {
      try sdk(
        "\(version)_static-linux-0.0.1", triple: triple,
        under: "nobody/.swiftpm/swift-sdks")
    }
    let empty = try await failingBuild()
    #expect(empty.contains("unable to load standard library for target '\(triple)'"), "\(empty)")
    #expect(!empty.contains("there is no Swift SDK"))
    #expect(!empty.contains("multiple"), "\(empty)")
  }

  @Test("an SDK is taken from a directory, an archive and a bundle")
  func givenSDK() async throws {
    try manifest("hello", targets: #".executableTarget(name: "hello")"#)
    try directory.write(#"print("hello from an SDK")"#, to: "Sources/hello/main.swift")
    // This machine's own libraries in the form of an SDK.
    let machine = try await Command("uname", ["-m"]).check().text
    let target = try await Command("swift", ["-print-target-info"]).check().text
    let resources = try #require(
      target.split(separator: "\n").first { $0.contains("\"runtimeResourcePath\"") }?
        .split(separator: "\"").last { $0.hasPrefix("/") })
    let root = try sdk("own", triple: "\(machine)-unknown-linux-gnu", under: "sdks")
    for (link, path) in [
      ("lib", "/lib"), ("lib64", "/lib64"), ("usr/include", "/usr/include"),
      ("usr/lib/gcc", "/usr/lib/gcc"),
      ("usr/lib/\(machine)-linux-gnu", "/usr/lib/\(machine)-linux-gnu"),
    ] {
      try await Command("ln", ["-s", path, root.appending(link).string]).check()
    }
    let libraries = root.appending("usr/lib/swift_static").string
    try await Command("rmdir", [libraries]).check()
    try await Command("ln", ["-s", "\(resources)_static", libraries]).check()
    let archives = try directory.directory("archives")
    let archive = archives.appending("own.artifactbundle.tar.gz").string
    try await Command(
      "tar", ["-czf", archive, "-C", directory("sdks").string, "own.artifactbundle"]
    ).check()
    for place in ["sdks", "archives", "sdks/own.artifactbundle"] {
      try await slipway.build(
        directory.path, "--toolchain", "host", "--build-context", "swift-sdk=\(directory(place))",
        "--build-arg", "SWIFT_SDK=own", "--no-cache", "-t", "hello")
      #expect(try await slipway.check("run", "hello").text == "hello from an SDK")
    }
  }

  /// Writes a Swift SDK as the Static Linux SDK is laid out, without any library, and returns its root.
  @discardableResult
  private func sdk(_ id: String, triple: String, under folder: String) throws -> FilePath {
    let bundle = "\(folder)/\(id).artifactbundle"
    try directory.write(
      """
      {"schemaVersion": "1.0", "artifacts": {"\(id)": {"type": "swiftSDK", "version": "0.0.1",
        "variants": [{"path": "\(id)/swift-sdk.json"}]}}}
      """, to: "\(bundle)/info.json")
    try directory.write(
      """
      {"schemaVersion": "4.0", "targetTriples": {"\(triple)": {"sdkRootPath": "root",
        "swiftResourcesPath": "root/usr/lib/swift_static",
        "swiftStaticResourcesPath": "root/usr/lib/swift_static",
        "toolsetPaths": ["toolset.json"]}}}
      """, to: "\(bundle)/\(id)/swift-sdk.json")
    try directory.write(
      """
      {"schemaVersion": "1.0", "swiftCompiler": {"extraCLIOptions":
        ["-static-executable", "-static-stdlib", "-use-ld=lld"]}}
      """, to: "\(bundle)/\(id)/toolset.json")
    try directory.directory("\(bundle)/\(id)/root/usr/lib/swift_static")
    return directory("\(bundle)/\(id)/root")
  }

  @Test("of several products one must be chosen; resources lie beside the program")
  func products() async throws {
    try manifest(
      "tools",
      targets: """
        .executableTarget(name: "one", resources: [.copy("words.txt")]),
        .executableTarget(name: "two")
        """)
    try directory.write(
      """
      import Foundation
      let url = Bundle.module.url(forResource: "words", withExtension: "txt")!
      print(try String(contentsOf: url, encoding: .utf8), terminator: "")
      """, to: "Sources/one/main.swift")
    try directory.write("some words\n", to: "Sources/one/words.txt")
    try directory.write("print(2)", to: "Sources/two/main.swift")

    let unchosen = try await slipway.run("build", "--toolchain", "host", directory.path.string)
    #expect(unchosen.status == .exited(1))
    #expect(unchosen.errorText.contains("`one` and `two`"))
    #expect(unchosen.errorText.contains("--build-arg PRODUCT=one"))

    try await slipway.build(
      directory.path, "--toolchain", "host", "--build-arg", "PRODUCT=one", "-t", "one")
    #expect(try await slipway.check("run", "one").text == "some words")
    let files = try await slipway.check("inspect", "--files", "one").text
    #expect(files.contains("/app/tools_one.resources/words.txt"))

    let unknown = try await slipway.run(
      "build", "--toolchain", "host", "--build-arg", "PRODUCT=three", directory.path.string)
    #expect(unknown.status == .exited(1))
    #expect(unknown.errorText.contains("`three`"))
  }

  @Test("a directory without a recipe, with several, and a path that is none")
  func selection() async throws {
    let none = try await slipway.run("build", directory.path.string)
    #expect(none.status == .exited(1))
    #expect(none.errorText.contains("`Package.swift`"))
    #expect(none.errorText.contains("hint: write a Dockerfile, or name one with `-f`"))

    try directory.write("module x", to: "go.mod")
    try manifest("x", targets: "")
    let several = try await slipway.run("build", directory.path.string)
    #expect(several.status == .exited(1))
    #expect(several.errorText.contains("several recipes fit"))

    let missing = try await slipway.run("build", directory("nothing").string)
    #expect(missing.status == .exited(1))
    #expect(missing.errorText.contains("does not exist"))
  }

  @Test("a recipe without an image for its toolchain says what to do")
  func noToolchain() async throws {
    try manifest("x", targets: #".executableTarget(name: "x")"#)
    try directory.write("print(1)", to: "Sources/x/main.swift")
    let result = try await slipway.run("build", directory.path.string)
    #expect(result.status == .exited(1))
    #expect(result.errorText.contains("--toolchain host"))
  }
}

@Suite(
  "The Swift example",
  .enabled(
    if: Requirement.root && Requirement.network && Requirement.slow
      && Requirement.tools("swift", "openssl", "python3"),
    "compiles for minutes: SLIPWAY_SLOW_TESTS=1 runs it; needs a network, openssl and python3"))
struct SwiftExampleTests {
  @Test("answers, and calls out with HTTPS to who its CA bundle trusts", .timeLimit(.minutes(45)))
  func server() async throws {
    let slipway = try Slipway()
    let directory = try TemporaryDirectory()
    let authority = try await TestAuthority(in: directory)
    let example = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent().appending("Examples/swift-server")
    var build = slipway.command([
      "build", "--toolchain", "host", "--build-context", "ca=\(authority.trusted)", "-t", "server",
      "--progress", "plain", example.string,
    ])
    build.timeout = 2400
    try await build.check()

    let secure = try authority.serve("over TLS")
    defer { secure.send(signalToAll: SIGKILL) }
    try await secure.waits(for: "port ")
    let port = secure.outputSoFar.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? ""
    let running = try slipway.command(["run", "-e", "PORT=18080", "server"]).start()
    defer { running.send(signalToAll: SIGKILL) }
    let get = ["-sS", "--noproxy", "*", "--max-time", "30"]
    let patient = get + ["--retry-connrefused", "--retry", "20", "--retry-delay", "1"]
    let health = try await Command("curl", patient + ["http://127.0.0.1:18080/healthz"]).check()
    #expect(!health.text.isEmpty)
    let fetched = try await Command(
      "curl", get + ["http://127.0.0.1:18080/fetch?url=https://localhost:\(port)/"]
    ).check()
    // The order of the fields is nobody's promise.
    #expect(fetched.text.contains(#""status":200"#), "\(fetched) \(running.errorsSoFar)")
    #expect(fetched.text.contains(#""bytes":8"#), "\(fetched) \(running.errorsSoFar)")
    running.send(signal: SIGTERM)
    #expect(try await running.result().status == .exited(0))
  }
}

/// A certificate authority of a test, and a server that it vouches for.
struct TestAuthority {
  /// A directory with the authority's certificate, for `--build-context ca=`.
  let trusted: FilePath
  private let folder: FilePath

  init(in directory: TemporaryDirectory) async throws {
    folder = try directory.directory("authority")
    trusted = try directory.directory("authority/trusted")
    func openssl(_ arguments: String...) async throws {
      var command = Command("openssl", arguments)
      command.directory = folder
      try await command.check()
    }
    try await openssl(
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj",
      "/CN=Test authority",
      "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", "ca.key", "-out", "trusted/ca.crt")
    try await openssl(
      "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key",
      "-out", "server.csr")
    try Files.write(
      Array("subjectAltName=DNS:localhost,IP:127.0.0.1\n".utf8), to: folder.appending("names"))
    try await openssl(
      "x509", "-req", "-in", "server.csr", "-CA", "trusted/ca.crt", "-CAkey", "ca.key",
      "-CAcreateserial", "-days", "3650", "-extfile", "names", "-out", "server.crt")
  }

  /// Starts a server that answers everything with a text, and prints `port NUMBER`.
  func serve(_ text: String) throws -> RunningCommand {
    let script = """
      import http.server, ssl, sys
      class Handler(http.server.BaseHTTPRequestHandler):
          def do_GET(self):
              text = sys.argv[1].encode()
              self.send_response(200)
              self.send_header("Content-Length", str(len(text)))
              self.end_headers()
              self.wfile.write(text)
      server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain("server.crt", "server.key")
      server.socket = context.wrap_socket(server.socket, server_side=True)
      print("port", server.server_port, flush=True)
      server.serve_forever()
      """
    var command = Command("python3", ["-c", script, text])
    command.directory = folder
    command.timeout = 1200
    return try command.start()
  }
}
