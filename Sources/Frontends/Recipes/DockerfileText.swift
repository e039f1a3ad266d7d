/// Pieces that the recipes' Dockerfiles share.
enum DockerfileText {
  /// A name that stands in a Dockerfile, a shell script, a JSON array and a path without quoting.
  static func plainName(_ name: String, kind: String) throws(RecipeError) -> String {
    let allowed = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"): true
      default: false
      }
    }
    guard allowed, let first = name.utf8.first, first != UInt8(ascii: "-"), name != ".",
      name != "..", name.utf8.count <= 128
    else {
      throw .unusableName(name, kind: kind)
    }
    return name
  }

  /// The newer of two versions, compared number by number; the first where they are equal.
  static func newer(_ first: String, _ second: String) -> String {
    let pairs = [first, second].map { $0.split(separator: ".").map { Int($0) ?? 0 } }
    return pairs[0].lexicographicallyPrecedes(pairs[1]) ? second : first
  }

  /// The step that lays out what every program expects to find, and the final stage.
  ///
  /// - Parameters:
  ///   - program: the program's path in the image.
  static func shipping(program: String) -> String {
    #"""
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
    ENTRYPOINT ["\#(program)"]

    """#
  }

  /// What no build needs to see, whatever the language.
  static let ignoredEverywhere = """
    # What the build does not need to see: a change in these rebuilds nothing.
    .git
    .github
    .gitignore
    .dockerignore
    Dockerfile*
    **/.DS_Store
    # Settings of this machine, and perhaps its secrets.
    .env
    .env.*

    """
}
