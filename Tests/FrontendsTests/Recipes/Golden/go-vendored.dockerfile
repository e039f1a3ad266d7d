# Builds the program `shop` of this Go module and ships it from scratch: compiled in a container
# without a network, linked statically, and the same bytes every time.
# Docker before version 23 needs `# syntax=docker/dockerfile:1` as the first line.
#
# Build arguments (`--build-arg NAME=VALUE`):
#   PACKAGE        which main package; the program's name in this file follows from it
#   GO_VERSION     which version of the toolchain's image
#   GOFLAGS        as Go knows it
#   TIMEZONES      1 ships the time zone database too
#   PORT           which port the image says it listens on
# Build contexts (`--build-context NAME=DIRECTORY`):
#   ca             certificate authorities to trust besides the usual ones: *.crt and *.pem files
#   toolchain      what to compile in, instead of the toolchain's image
ARG GO_VERSION=1.27.3

FROM scratch AS ca

# What compiles is of the platform that builds, whatever the platform of the image.
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-bookworm AS toolchain

FROM toolchain AS build
SHELL ["/bin/sh", "-eu", "-c"]
ENV HOME=/tmp/home GOPATH=/tmp/go GOCACHE=/tmp/go-build GOENV=off
# The toolchain that is here and no other, and no C: what it compiles needs no C library.
ENV GOTOOLCHAIN=local CGO_ENABLED=0
WORKDIR /src

# The program, from the sources and vendor/ alone. The compiler's cache is kept from build to
# build.
ENV GOPROXY=off
ARG GOFLAGS
COPY . .
ARG PACKAGE=.
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
    if ! go build -mod=vendor -trimpath -buildvcs=false \
      -ldflags '-s -w -buildid=' -o /out/app/shop "$PACKAGE" 2> /tmp/build.log; then \
      cat /tmp/build.log >&2; \
      if grep -q 'build constraints exclude all Go files' /tmp/build.log; then \
        echo "hint: a package that needs cgo cannot be linked statically here" >&2; \
      fi; \
      exit 1; \
    fi; \
    cat /tmp/build.log >&2; \
    readelf -lW /out/app/shop > /tmp/segments; \
    if grep -q INTERP /tmp/segments; then \
      echo "error: shop is not static: it wants a dynamic linker, and scratch has none" >&2; \
      echo "hint: look for -linkmode or -buildmode in GOFLAGS" >&2; \
      exit 1; \
    fi

# What a program expects of a system, and no more. The user is `nobody` alone: nothing in the image
# is meant to run as root, so root has no name there.
ARG TIMEZONES=0
RUN --network=none \
    --mount=type=bind,from=ca,target=/tmp/ca \
    umask 022; \
    mkdir -p /out/etc/ssl/certs /out/tmp; \
    echo 'nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin' > /out/etc/passwd; \
    echo 'nobody:x:65534:' > /out/etc/group; \
    # The builder's certificate authorities and those of the `ca` context, in one bundle.
    bundle=/etc/ssl/certs/ca-certificates.crt; \
    if [ ! -s "$bundle" ]; then \
      echo "error: the builder has no CA bundle at $bundle" >&2; \
      echo "hint: install the package ca-certificates in the toolchain image" >&2; \
      exit 1; \
    fi; \
    cat "$bundle" > "/out$bundle"; \
    find /tmp/ca -type f \( -name '*.crt' -o -name '*.pem' \) | LC_ALL=C sort > /tmp/extra; \
    while IFS= read -r file; do \
      if ! grep -q -e '-----BEGIN CERTIFICATE-----' "$file"; then \
        echo "error: ${file#/tmp/ca/} holds no PEM certificate" >&2; \
        echo "hint: convert it with: openssl x509 -inform der -in IN -out OUT" >&2; \
        exit 1; \
      fi; \
      { echo; cat "$file"; echo; } >> "/out$bundle"; \
    done < /tmp/extra; \
    if [ "$TIMEZONES" = 1 ]; then \
      if [ ! -d /usr/share/zoneinfo/Etc ]; then \
        echo "error: the builder has no time zone database at /usr/share/zoneinfo" >&2; \
        echo "hint: install the package tzdata in the toolchain image" >&2; \
        exit 1; \
      fi; \
      mkdir -p /out/usr/share; \
      cp -R /usr/share/zoneinfo /out/usr/share/zoneinfo; \
      # Copies of the same zones, and links that leave the directory.
      cd /out/usr/share/zoneinfo; \
      rm -rf posix right localtime posixrules; \
    fi; \
    chown -R 0:0 /out; \
    chmod -R u=rwX,go=rX /out; \
    chmod 1777 /out/tmp

FROM scratch
COPY --from=build /out/ /
ARG PORT=8080
EXPOSE ${PORT}
# By number, because Kubernetes cannot tell that a name is not root.
USER 65534:65534
ENTRYPOINT ["/app/shop"]
