import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(
  "A Dockerfile of two stages for a Go service",
  .enabled(if: Requirement.builds && Requirement.go, "needs root, busybox and Debian's golang-1.19")
)
struct GoDockerfileTests {
  private static func dockerfile(vendored: Bool) -> String {
    """
    # Accept the Go version for the image to be set as a build argument.
    ARG GO_VERSION=1.19.8

    # First stage: build the executable.
    FROM golang:${GO_VERSION}-alpine AS builder

    # Create the user and group files that will be used in the running container to
    # run the process as an unprivileged user.
    RUN mkdir /user && \\
        echo 'nobody:x:65534:65534:nobody:/:' > /user/passwd && \\
        echo 'nobody:x:65534:' > /user/group

    # Install the Certificate-Authority certificates for the app to be able to make
    # calls to HTTPS endpoints, and Git for fetching the dependencies.
    RUN apk add --no-cache ca-certificates git

    # Set the working directory outside $GOPATH to enable the support for modules.
    WORKDIR /src
    \(vendored ? "" : "\nCOPY ./go.mod ./go.sum ./\nRUN go mod download\n")
    # Import the code from the context.
    COPY ./ ./

    # Build the executable to `/app`. Mark the build as statically linked.
    RUN CGO_ENABLED=0 go build \\
        -installsuffix 'static' \(vendored ? "-mod=vendor " : "")\\
        -o /app .

    # Final stage: the running container.
    FROM scratch AS final

    # Import the user and group files from the first stage.
    COPY --from=builder /user/group /user/passwd /etc/

    # Import the Certificate-Authority certificates for enabling HTTPS.
    COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/

    # Import the compiled executable from the first stage.
    COPY --from=builder /app /app

    # Declare the port on which the webserver will be exposed.
    EXPOSE 8080

    # Perform any further action as an unprivileged user.
    USER nobody:nobody

    # Run the compiled binary.
    ENTRYPOINT ["/app"]
    """
  }

  @Test("holds four files, runs and answers", arguments: [false, true])
  func builds(vendored: Bool) async throws {
    let directory = try TemporaryDirectory()
    let proxy = GoProxy(at: directory("proxy"))
    try await Programs.writeGoServer(to: directory, under: "context", proxy: proxy)
    if vendored {
      try await Programs.go(["mod", "vendor"], in: directory("context"), proxy: proxy, directory)
    }
    try directory.write(Self.dockerfile(vendored: vendored), to: "context/Dockerfile")

    let slipway = try Slipway()
    try await slipway.check("load", "-i", BusyboxImage.golang("1.19.8").string)
    if !vendored {
      // The stand-in reads its modules from a directory; a registry's image would ask the network.
      try directory.write(
        """
        FROM golang:1.19.8-alpine
        COPY proxy /goproxy
        ENV GOPROXY=file:///goproxy GONOSUMDB=*
        """, to: "golang.dockerfile")
      try await slipway.build(
        directory.path, "-f", directory("golang.dockerfile").string, "-t", "golang:1.19.8-alpine")
    }

    try await slipway.build(directory("context"), "-t", "service")
    let files = try await slipway.files(of: "service:latest", withoutBusybox: false)
    #expect(
      files.map { line in
        line.split(separator: " ").enumerated()
          .filter { [0, 1, 2, 5].contains($0.offset) }.map { String($0.element) }
          .joined(separator: " ")
      } == [
        "f 0755 0:0 /app", "d 0755 0:0 /etc", "f 0644 0:0 /etc/group", "f 0644 0:0 /etc/passwd",
        "d 0755 0:0 /etc/ssl", "d 0755 0:0 /etc/ssl/certs",
        "f 0644 0:0 /etc/ssl/certs/ca-certificates.crt",
      ])
    let configuration = try await slipway.configuration(of: "service:latest")
    let expected = """
      {"config": {"User": "nobody:nobody", "Entrypoint": ["/app"], "Cmd": null,
        "ExposedPorts": {"8080/tcp": {}}, "WorkingDir": "/"}}
      """
    #expect(try JSONSubset.differences(expected, configuration) == [])

    #expect(try await HTTPServer.answer(slipway, "service", path: "/slip") == "hello from /slip")
    #expect(try await slipway.build(directory("context")).ran == [])
    // An edit does not fetch the modules again.
    try directory.write(Programs.goServer + "// edited\n", to: "context/main.go")
    let edited = try await slipway.build(directory("context"), "--target", "builder")
    #expect(edited.ran.count == 2, "\(edited.log)")
    #expect(edited.ran.first == "COPY ./ ./")
  }
}

/// Runs an image that listens, and calls it.
enum HTTPServer {
  /// Starts an image with `ADDRESS` set, waits for `listening on …:PORT`, calls it and stops it.
  static func answer(_ slipway: Slipway, _ image: String, path: String, run: [String] = [])
    async throws
    -> String
  {
    let server = try slipway.command(
      ["run"] + run + ["-e", "ADDRESS=127.0.0.1:0", image]
    ).start()
    defer { server.send(signalToAll: SIGKILL) }
    try await server.waits(for: "\n")
    let address =
      server.outputSoFar.split(separator: "\n").first?
      .split(separator: " ").last.map(String.init) ?? ""
    let answer = try await Command(
      "curl", ["-sS", "--noproxy", "*", "--max-time", "20", "http://\(address)\(path)"]
    ).check()
    server.send(signal: SIGTERM)
    _ = try await server.result()
    return answer.text
  }
}
