/// What credential helpers get of the environment.
///
/// Enough to find a key ring, a password store or an agent, to ask for a passphrase, and to reach the
/// metadata and the accounts of the large clouds from behind a proxy. Not the rest: a helper has no
/// use for `DOCKER_AUTH_CONFIG` or the tokens of a CI job.
enum HelperEnvironment {
  private static let names: Set<String> = [
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR",
    // Key rings, and windows that ask for a passphrase.
    "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "GNUPGHOME", "GPG_TTY",
    "DOCKER_CONFIG",
    // The network.
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "all_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    // Azure's managed identities.
    "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET",
  ]

  private static let prefixes = [
    "LC_", "XDG_", "PASSWORD_STORE_", "AWS_", "GOOGLE_", "CLOUDSDK_", "AZURE_",
  ]

  static func variables(of environment: [String: String]) -> [String: String] {
    environment.filter { name, _ in
      names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }
  }
}
