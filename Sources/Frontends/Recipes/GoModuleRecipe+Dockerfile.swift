extension GoModuleRecipe {
  static let dockerIgnore = DockerfileText.ignoredEverywhere

  func dockerfile(package: String, name: String) -> String {
    header(name: name) + stages + (isVendored ? "" : dependencies)
      + compile(package: package, name: name)
      + DockerfileText.shipping(program: "/app/\(name)")
  }

  private func header(name: String) -> String {
    let proxy = """
      #   GOPROXY, GOSUMDB, GOPRIVATE, GONOPROXY, GONOSUMDB, GOFLAGS   as Go knows them

      """
    let proxyContext = """
      #   goproxy        a module proxy's files, for `--build-arg GOPROXY=file:///goproxy`

      """
    return """
      # Builds the program `\(name)` of this Go module and ships it from scratch: compiled in a container
      # without a network, linked statically, and the same bytes every time.
      # Docker before version 23 needs `# syntax=docker/dockerfile:1` as the first line.
      #
      # Build arguments (`--build-arg NAME=VALUE`):
      #   PACKAGE        which main package; the program's name in this file follows from it
      #   GO_VERSION     which version of the toolchain's image
      \(isVendored ? "#   GOFLAGS        as Go knows it\n" : proxy)\
      #   TIMEZONES      1 ships the time zone database too
      #   PORT           which port the image says it listens on
      # Build contexts (`--build-context NAME=DIRECTORY`):
      #   ca             certificate authorities to trust besides the usual ones: *.crt and *.pem files
      \(isVendored ? "" : proxyContext)\
      #   toolchain      what to compile in, instead of the toolchain's image

      """
  }

  private var goVersion: String {
    DockerfileText.newer(Self.defaultGoVersion, module.goVersion ?? "0")
  }

  private var stages: String {
    """
    ARG GO_VERSION=\(goVersion)

    FROM scratch AS ca
    \(isVendored ? "" : "\nFROM scratch AS goproxy\n")
    # What compiles is of the platform that builds, whatever the platform of the image.
    FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-bookworm AS toolchain

    FROM toolchain AS build
    SHELL ["/bin/sh", "-eu", "-c"]
    ENV HOME=/tmp/home GOPATH=/tmp/go GOCACHE=/tmp/go-build GOENV=off
    # The toolchain that is here and no other, and no C: what it compiles needs no C library.
    ENV GOTOOLCHAIN=local CGO_ENABLED=0
    WORKDIR /src


    """
  }

  /// What the download step copies, so that it runs again only when it changes.
  private var manifests: String {
    if hasWorkspace {
      return """
        # A workspace (go.work) draws dependencies from all its modules, so the sources must be here
        # first: this step runs again at every change.
        COPY . .

        """
    }
    return "COPY go.mod go.su[m] ./\n"
      + localModules.map { "COPY \($0)/go.mo[d] \($0)/\n" }.joined()
  }

  private var dependencies: String {
    #"""
    ARG GOPROXY
    ARG GOSUMDB
    ARG GOPRIVATE
    ARG GONOPROXY
    ARG GONOSUMDB
    ARG GOFLAGS

    # The dependencies, in a layer that a change of the sources does not rebuild. go.sum holds the hash
    # of each of them: a module that is another one now is refused.
    \#(manifests)\#
    RUN --mount=type=bind,from=goproxy,target=/goproxy \
        --mount=type=secret,id=netrc,target=/tmp/home/.netrc \
        if [ -f go.sum ]; then cp go.sum /tmp/go.sum; else : > /tmp/go.sum; fi; \
        go mod download; \
        go mod verify; \
        if [ -f go.sum ] && ! cmp -s go.sum /tmp/go.sum; then \
          echo "error: go.sum lacks the checksums of some dependencies" >&2; \
          echo "hint: run \`go mod tidy\` and commit go.sum" >&2; \
          exit 1; \
        fi


    """#
  }

  private func compile(package: String, name: String) -> String {
    let title =
      isVendored
      ? """
      # The program, from the sources and vendor/ alone. The compiler's cache is kept from build to
      # build.
      ENV GOPROXY=off
      ARG GOFLAGS

      """
      : """
      # The program. The compiler's cache is kept from build to build.

      """
    let copy = hasWorkspace && !isVendored ? "" : "COPY . .\n"
    return title + copy + #"""
      ARG PACKAGE=\#(package)
      # The platform of the image. What is above is done once for all platforms.
      ARG TARGETOS
      ARG TARGETARCH
      ARG TARGETVARIANT
      RUN --network=none \
          --mount=type=cache,id=go-build,target=/tmp/go-build \
          umask 022; \
          mkdir -p /out/app; \
          export GOOS="$TARGETOS" GOARCH="$TARGETARCH"; \
          # The processor's variant has a variable of its own for each processor.
          case "$TARGETARCH/${TARGETVARIANT:-}" in \
            arm/v8) export GOARM=7 ;; \
            arm/v*) export GOARM="${TARGETVARIANT#v}" ;; \
            arm64/v?) export GOARM64="$TARGETVARIANT.0" ;; \
            arm64/v*) export GOARM64="$TARGETVARIANT" ;; \
            amd64/v*) export GOAMD64="$TARGETVARIANT" ;; \
            ppc64*/power*) export GOPPC64="$TARGETVARIANT" ;; \
            riscv64/rva*) export GORISCV64="$TARGETVARIANT" ;; \
          esac; \
          if ! go build -mod=\#(isVendored ? "vendor" : "readonly") -trimpath -buildvcs=false \
            -ldflags '-s -w -buildid=' -o /out/app/\#(name) "$PACKAGE" 2> /tmp/build.log; then \
            cat /tmp/build.log >&2; \
            if grep -q 'build constraints exclude all Go files' /tmp/build.log; then \
              echo "hint: a package that needs cgo cannot be linked statically here" >&2; \
            fi; \
            exit 1; \
          fi; \
          cat /tmp/build.log >&2; \
          readelf -lW /out/app/\#(name) > /tmp/segments; \
          if grep -q INTERP /tmp/segments; then \
            echo "error: \#(name) is not static: it wants a dynamic linker, and scratch has none" >&2; \
            echo "hint: look for -linkmode or -buildmode in GOFLAGS" >&2; \
            exit 1; \
          fi


      """#
  }
}
