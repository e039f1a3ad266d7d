# Builds the executable `hello` of this Swift package and ships it from scratch:
# compiled in a container without a network, linked statically, and the same bytes every time.
# Docker before version 23 needs `# syntax=docker/dockerfile:1` as the first line.
#
# Build arguments (`--build-arg NAME=VALUE`):
#   PRODUCT        which executable product; the ENTRYPOINT names it too
#   SWIFT_VERSION  which version of the toolchain's image
#   SWIFT_SDK      which Swift SDK to compile with, by its triple or id; the default is none, and
#                  the Static Linux SDK for a platform other than the builder's
#   TIMEZONES      1 ships the time zone database too
#   PORT           which port the image says it listens on
# Build contexts (`--build-context NAME=DIRECTORY`):
#   ca             certificate authorities to trust besides the usual ones: *.crt and *.pem files
#   swift-sdk      Swift SDKs: a directory with bundles or their archives, such as
#                  ~/.swiftpm/swift-sdks, or one bundle
#   toolchain      what to compile in, instead of the toolchain's image
ARG SWIFT_VERSION=6.3.1

FROM scratch AS ca

FROM scratch AS swift-sdk

# What compiles is of the platform that builds, whatever the platform of the image.
FROM --platform=$BUILDPLATFORM swift:${SWIFT_VERSION}-bookworm AS toolchain

FROM toolchain AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
ENV HOME=/tmp/home LC_ALL=C.UTF-8 TZ=UTC
# Always the same place: paths of sources end up in the program.
WORKDIR /src

# SwiftPM believes that a file with the same size and time is the same file, and times are easily
# the same in a container. So each source file gets a time made from its content. This small tool
# sets it, for as many files as `sha256sum -z` lists.
RUN --network=none \
    mkdir -p "$HOME" /tmp/tools; \
    printf '%s\n' \
      '#include <fcntl.h>' \
      '#include <stdio.h>' \
      '#include <sys/stat.h>' \
      'int main(void) {' \
      '  char *line = NULL;' \
      '  size_t size = 0;' \
      '  while (getdelim(&line, &size, 0, stdin) > 66) {' \
      '    unsigned seconds, fraction;' \
      '    if (sscanf(line, "%8x%8x", &seconds, &fraction) != 2) return 1;' \
      '    struct timespec time = {946684800 + seconds % 1000000000, fraction % 1000000000};' \
      '    struct timespec times[2] = {time, time};' \
      '    const char *name = line + 66; /* after 64 digits and two blanks */' \
      '    if (utimensat(AT_FDCWD, name, times, 0) != 0) return perror(name), 1;' \
      '  }' \
      '  return ferror(stdin);' \
      '}' \
      > /tmp/tools/content-times.c; \
    clang -D_GNU_SOURCE -o /tmp/tools/content-times /tmp/tools/content-times.c

# The Swift SDKs that were given: those of this compiler's version, where names tell them apart.
RUN --network=none \
    --mount=type=bind,from=swift-sdk,target=/tmp/swift-sdk \
    shopt -s nullglob; \
    release=$(swift --version 2>/dev/null | sed -nE 's/.*\((swift-[^ )]+)\).*/\1/p'); \
    bundles=(/tmp/swift-sdk/"${release:-none}"_*.artifactbundle*); \
    if [ -f /tmp/swift-sdk/info.json ]; then bundles=(/tmp/swift-sdk); fi; \
    if [ "${#bundles[@]}" -eq 0 ]; then bundles=(/tmp/swift-sdk/*.artifactbundle*); fi; \
    for bundle in "${bundles[@]}"; do \
      mkdir -p /tmp/swift-sdks; \
      if [ -d "$bundle" ]; then \
        cp -R "$bundle" "/tmp/swift-sdks/$(basename "$bundle" .artifactbundle).artifactbundle"; \
      else \
        swift sdk install --swift-sdks-path /tmp/swift-sdks "$bundle"; \
      fi; \
    done

# The dependencies, in a layer that a change of the sources does not rebuild. Package.resolved pins
# each of them to a git revision, which is a hash of its content.
COPY Package*.swift Package.resolve[d] ./
RUN --mount=type=cache,id=swiftpm,target=/tmp/home/.cache/org.swift.swiftpm \
    --mount=type=secret,id=netrc,target=/tmp/home/.netrc \
    if [ -f Package.resolved ]; then \
      swift package resolve --only-use-versions-from-resolved-file; \
    else \
      swift package resolve; \
      if [ -f Package.resolved ]; then \
        echo "note: there is no Package.resolved, so these are the newest versions that fit" >&2; \
        echo "hint: commit the Package.resolved that \`swift package resolve\` writes" >&2; \
      fi; \
    fi; \
    mkdir -p .build/checkouts .build/registry; \
    touch .build/workspace-state.json; \
    mv .build /tmp/dependencies

# The program. `.build` is kept from build to build, so an edit compiles only what it changes.
COPY . /tmp/sources/
ARG PRODUCT=hello
ARG SWIFT_SDK=
# The platform of the image. What is above is done once for all platforms.
ARG BUILDARCH
ARG TARGETARCH
RUN --network=none \
    --mount=type=cache,id=swift-build-hello,target=/src/.build,sharing=locked \
    --mount=type=cache,id=swiftpm,target=/tmp/home/.cache/org.swift.swiftpm \
    umask 022; \
    # SwiftPM evaluates every manifest again when the environment is another one.
    export -n PRODUCT SWIFT_SDK BUILDARCH TARGETARCH; \
    # The dependencies, when they are others than last time.
    if ! cmp -s /tmp/dependencies/workspace-state.json .build/dependencies.json; then \
      (cd .build; rm -rf dependencies.json checkouts repositories registry artifacts); \
      cp -a /tmp/dependencies/. .build/; \
      find .build/checkouts .build/registry -name .git -prune -o -type f -print0 \
        | xargs -0 -r sha256sum -z | /tmp/tools/content-times; \
      cp /tmp/dependencies/workspace-state.json .build/dependencies.json; \
    fi; \
    # Copies, because setting the times of thousands of files of a lower layer is slow.
    cp -R /tmp/sources/. .; \
    find . -path ./.build -prune -o -type f -print0 \
      | xargs -0 -r sha256sum -z | /tmp/tools/content-times; \
    # For the builder's own platform with the toolchain alone, for others with a Swift SDK.
    case "$TARGETARCH" in \
      '' | "$BUILDARCH") sdk=$SWIFT_SDK ;; \
      amd64) sdk=${SWIFT_SDK:-x86_64-swift-linux-musl} ;; \
      arm64) sdk=${SWIFT_SDK:-aarch64-swift-linux-musl} ;; \
      *) sdk=${SWIFT_SDK:-$TARGETARCH} ;; \
    esac; \
    if [ -z "$sdk" ]; then \
      platform=(--static-swift-stdlib -Xswiftc -static-executable -Xswiftc -use-ld=lld); \
      bin=".build/$(uname -m)-unknown-linux-gnu/release"; \
      objcopy=objcopy; \
    else \
      platform=(--swift-sdk "$sdk"); \
      # Else those that are installed in the toolchain's image.
      if [ -d /tmp/swift-sdks ]; then platform+=(--swift-sdks-path /tmp/swift-sdks); fi; \
      # Debian's own objcopy knows no other processors.
      objcopy=llvm-objcopy; \
      if ! bin=$(swift build --build-system native -c release "${platform[@]}" \
        --only-use-versions-from-resolved-file --show-bin-path 2> /tmp/sdk.log); then \
        cat /tmp/sdk.log >&2; \
        if grep -qE 'Swift SDK|swift-sdks' /tmp/sdk.log; then \
          echo "error: there is no Swift SDK for \`$sdk\`" >&2; \
          echo "hint: \`swift sdk install\` the Static Linux SDK of this compiler's version (its" >&2; \
          echo "hint: address is at swift.org/install), and give the build what is installed with" >&2; \
          echo "hint: --build-context swift-sdk=\$HOME/.swiftpm/swift-sdks" >&2; \
        fi; \
        exit 1; \
      fi; \
    fi; \
    # Bundles of resources that no target has any more must not be shipped.
    rm -rf "$bin"/*.resources; \
    swift build --build-system native -c release --product "$PRODUCT" \
      --only-use-versions-from-resolved-file "${platform[@]}" \
      -debug-info-format none -Xlinker -s -Xlinker --build-id=none 2>&1 \
      | tee /tmp/build.log || { \
        if grep -q -e FoundationNetworking -e lcurl -e libcurl /tmp/build.log; then \
          echo "error: FoundationNetworking (URLSession) cannot be linked statically" >&2; \
          echo "hint: call out with async-http-client instead" >&2; \
        elif grep -q 'no product named' /tmp/build.log; then \
          echo "error: the package has no product \`$PRODUCT\`; its executables are:" >&2; \
          swift package show-executables | grep -v '(' >&2; \
        fi; \
        exit 1; \
      }; \
    if [ ! -f "$bin/$PRODUCT" ]; then \
      echo "error: \`$PRODUCT\` is not an executable product" >&2; \
      exit 1; \
    fi; \
    # What is left of the compiler's own bookkeeping differs from build to build.
    mkdir -p /out/app; \
    "$objcopy" --strip-all --remove-section=.swift_modhash "$bin/$PRODUCT" "/out/app/$PRODUCT"; \
    find "$bin/" -maxdepth 1 -name '*.resources' -exec cp -RL {} /out/app/ \; ; \
    readelf -lW "/out/app/$PRODUCT" > /tmp/segments; \
    if grep -q INTERP /tmp/segments; then \
      echo "error: \`$PRODUCT\` is not static: it wants a dynamic linker, and scratch has none" >&2; \
      echo "hint: look for \`unsafeFlags\` in the manifest that undo -static-executable" >&2; \
      exit 1; \
    fi; \
    if grep -q icudt "/out/app/$PRODUCT"; then \
      echo "hint: 44 MB of the program are the Unicode tables of Foundation: import" >&2; \
      echo "hint: FoundationEssentials instead, and turn off traits of dependencies that" >&2; \
      echo "hint: bring Foundation in (a target with resources imports it for Bundle)" >&2; \
    fi; \
    # As process 1 of its container a program has no default action for signals.
    handlers=$({ cat "$bin"/*.build/sources 2>/dev/null || true; } \
      | xargs -r grep -slE 'SIGTERM|sigterm|makeSignalSource|sigaction' || true); \
    if [ -z "$handlers" ]; then \
      echo "hint: nothing here seems to handle SIGTERM, which process 1 ignores by default:" >&2; \
      echo "hint: add a handler (\`DispatchSource.makeSignalSource\`), or run it below an init" >&2; \
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
ENTRYPOINT ["/app/hello"]
