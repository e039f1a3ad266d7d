import BuildGraph
import DockerfileSyntax
import Frontends
import OCI
import Testing

/// The Dockerfile that Go services have had for years, in both of its forms.
@Suite struct DockerfileGoTests {
  static let images = [
    "docker.io/library/golang:1.22-alpine": baseImage { configuration in
      configuration.process.environment = [
        "PATH=/go/bin:/usr/local/go/bin:/bin", "GOTOOLCHAIN=local", "GOPATH=/go",
      ]
      configuration.process.workingDirectory = "/go"
      configuration.process.command = ["sh"]
    }
  ]

  static let classic = #"""
    ARG GO_VERSION=1.22
    FROM golang:${GO_VERSION}-alpine AS builder
    RUN mkdir /user && \
        echo 'nobody:x:65534:65534:nobody:/:' > /user/passwd && \
        echo 'nobody:x:65534:' > /user/group
    RUN apk add --no-cache ca-certificates git
    WORKDIR /src
    COPY go.mod go.sum ./
    RUN go mod download
    COPY ./ ./
    RUN CGO_ENABLED=0 go build -installsuffix 'static' -o /app .

    FROM scratch AS final
    COPY --from=builder /user/group /user/passwd /etc/
    COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
    COPY --from=builder /app /app
    EXPOSE 8080
    USER nobody:nobody
    ENTRYPOINT ["/app"]
    """#

  @Test("the classic two-stage Dockerfile of a Go service")
  func classicPlan() async throws {
    let lowered = try await lower(Self.classic, images: Self.images)
    let go = "env=[GOTOOLCHAIN=local GOPATH=/go]"
    #expect(
      lowered.dump == """
        0: image docker.io/library/golang:1.22-alpine
        1: run [/bin/sh -c mkdir /user &&     echo 'nobody:x:65534:65534:nobody:/:' > /user/passwd \
        &&     echo 'nobody:x:65534:' > /user/group] \(go) cwd=/go <- 0
        2: run [/bin/sh -c apk add --no-cache ca-certificates git] \(go) cwd=/go <- 1
        3: mkdir /src <- 2
        4: context .
        5: copy [go.mod go.sum] from 1 to /src/ <- 3 4
        6: run [/bin/sh -c go mod download] \(go) cwd=/src <- 5
        7: copy [.] from 1 to /src/ <- 6 4
        8: run [/bin/sh -c CGO_ENABLED=0 go build -installsuffix 'static' -o /app .] \(go) \
        cwd=/src <- 7
        9: scratch
        10: copy [user/group user/passwd] from 1 to /etc/ <- 9 8 layer@0
        11: copy [etc/ssl/certs/ca-certificates.crt] from 1 to /etc/ssl/certs/ <- 10 8 layer@1
        12: copy [app] from 1 to /app <- 11 8 layer@2 target
        """)
    #expect(lowered.rules == [])
    #expect(lowered.plan.base == nil)
  }

  @Test("its labels count the steps of each stage")
  func classicLabels() async throws {
    let labels = try await lower(Self.classic, images: Self.images).labels
    #expect(labels[0].hasPrefix("[builder 1/8] FROM docker.io/library/golang:1.22-alpine@sha256:"))
    #expect(labels[1].hasPrefix("[builder 2/8] RUN mkdir /user && echo 'nobody:x:"))
    #expect(labels[1].hasSuffix("…"))
    #expect(
      Array(labels[2...]) == [
        "[builder 3/8] RUN apk add --no-cache ca-certificates git",
        "[builder 4/8] WORKDIR /src",
        "[internal] load build context",
        "[builder 5/8] COPY go.mod go.sum ./",
        "[builder 6/8] RUN go mod download",
        "[builder 7/8] COPY ./ ./",
        "[builder 8/8] RUN CGO_ENABLED=0 go build -installsuffix 'static' -o /app .",
        "FROM scratch",
        "[final 1/3] COPY --from=builder /user/group /user/passwd /etc/",
        "[final 2/3] COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/",
        "[final 3/3] COPY --from=builder /app /app",
      ])
  }

  @Test("its image configuration is the one that BuildKit makes")
  func classicConfiguration() async throws {
    let lowered = try await lower(Self.classic, images: Self.images)
    #expect(
      try lowered.configurationJSON == """
        {
          "architecture" : "amd64",
          "config" : {
            "Entrypoint" : [
              "/app"
            ],
            "Env" : [
              "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            ],
            "ExposedPorts" : {
              "8080/tcp" : {

              }
            },
            "User" : "nobody:nobody",
            "WorkingDir" : "/"
          },
          "history" : [
            {
              "comment" : "buildkit.dockerfile.v0",
              "created_by" : "COPY /user/group /user/passwd /etc/ # buildkit"
            },
            {
              "comment" : "buildkit.dockerfile.v0",
              "created_by" : "COPY /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ # buildkit"
            },
            {
              "comment" : "buildkit.dockerfile.v0",
              "created_by" : "COPY /app /app # buildkit"
            },
            {
              "comment" : "buildkit.dockerfile.v0",
              "created_by" : "EXPOSE [8080/tcp]",
              "empty_layer" : true
            },
            {
              "comment" : "buildkit.dockerfile.v0",
              "created_by" : "USER nobody:nobody",
              "empty_layer" : true
            },
            {
              "comment" : "buildkit.dockerfile.v0",
              "created_by" : "ENTRYPOINT [\\"/app\\"]",
              "empty_layer" : true
            }
          ],
          "os" : "linux",
          "rootfs" : {
            "diff_ids" : [

            ],
            "type" : "layers"
          }
        }
        """)
  }

  @Test("its vendored twin copies everything at once and needs no network")
  func vendored() async throws {
    let lowered = try await lower(
      """
      ARG GO_VERSION=1.21
      FROM golang:${GO_VERSION}-alpine AS builder
      WORKDIR /src
      COPY ./ ./
      RUN --network=none CGO_ENABLED=0 go build -mod=vendor -o /app .
      FROM scratch AS final
      COPY --from=builder /app /app
      USER 65534:65534
      ENTRYPOINT ["/app"]
      """, images: Self.images
    ) { $0.buildArguments["GO_VERSION"] = "1.22" }
    #expect(
      lowered.dump == """
        0: image docker.io/library/golang:1.22-alpine
        1: mkdir /src <- 0
        2: context .
        3: copy [.] from 1 to /src/ <- 1 2
        4: run [/bin/sh -c CGO_ENABLED=0 go build -mod=vendor -o /app .] \
        env=[GOTOOLCHAIN=local GOPATH=/go] cwd=/src network=none <- 3
        5: scratch
        6: copy [app] from 1 to /app <- 5 4 layer@0 target
        """)
    #expect(lowered.process.user == "65534:65534")
  }
}
