import Testing

@testable import Transport

@Suite("ProxySettings")
struct ProxySettingsTests {
  /// The proxy's address for a URL, `direct`, or the words of the error.
  private func way(to url: String, _ environment: [String: String]) throws -> String {
    let url = try #require(HTTPURL(url))
    do {
      let proxy = try ProxySettings(environment: environment).proxy(for: url)
      return proxy.map { proxy in
        let user = proxy.user.map { "\($0):\(proxy.password ?? "")@" } ?? ""
        return "\(proxy.kind) \(user)\(proxy.host):\(proxy.port)"
      } ?? "direct"
    } catch {
      return "\(error)"
    }
  }

  @Test(
    "come from the variable of the URL's scheme, in capitals first, and not where that is empty",
    arguments: [
      ([:], "direct", "direct"),
      (["HTTP_PROXY": "p:1"], "http p:1", "direct"),
      (["HTTPS_PROXY": "p:1"], "direct", "http p:1"),
      (["http_proxy": "p:1", "https_proxy": "q:2"], "http p:1", "http q:2"),
      (["HTTP_PROXY": "p:1", "http_proxy": "q:2"], "http p:1", "direct"),
      (["HTTP_PROXY": "", "http_proxy": "q:2"], "http q:2", "direct"),
      (["ALL_PROXY": "p:1"], "http p:1", "http p:1"),
      (["all_proxy": "p:1", "HTTPS_PROXY": "q:2"], "http p:1", "http q:2"),
    ] as [([String: String], String, String)])
  func variables(_ environment: [String: String], _ plain: String, _ secure: String) throws {
    #expect(try way(to: "http://r.test/", environment) == plain)
    #expect(try way(to: "https://r.test/", environment) == secure)
  }

  @Test(
    "read the address of a proxy",
    arguments: [
      ("http://p.test", "http p.test:80"), ("p.test", "http p.test:80"),
      ("p.test:3128", "http p.test:3128"), ("http://p.test:3128/", "http p.test:3128"),
      ("HTTP://p.test", "http p.test:80"), ("socks5://p.test", "socks p.test:1080"),
      ("socks5h://p.test:9", "socks p.test:9"), ("[::1]:3128", "http ::1:3128"),
      ("http://[::1]", "http ::1:80"), ("http://u:w@p.test", "http u:w@p.test:80"),
      ("http://u@p.test", "http u:@p.test:80"),
      ("http://u%40c:p%3Aw%25@p.test", "http u@c:p:w%@p.test:80"),
      ("http://u:p@w@p.test:1", "http u:p@w@p.test:1"),
      ("http://u:%zz@p.test", "http u:%zz@p.test:80"),
    ])
  func addresses(_ text: String, _ expected: String) throws {
    #expect(try way(to: "http://r.test/", ["HTTP_PROXY": text]) == expected)
  }

  @Test(
    "that cannot be used are an error, and not passed by; the password is not in its words",
    arguments: [
      "https://u:hush@p.test", "ftp://u:hush@p.test", "u:hush@", "u:hush@p.test:0",
      "u:hush@p.test:65536", "u:hush@p.test:x", "http://u:hush@/path",
    ])
  func unusable(_ text: String) throws {
    let words = try way(to: "https://r.test/", ["https_proxy": text])
    #expect(words.hasPrefix("`https_proxy` names no proxy that can be used; hint: "))
    #expect(!words.contains("hush"))
    #expect(try way(to: "http://r.test/", ["https_proxy": text]) == "direct")
    #expect(
      try way(to: "https://r.test/", ["https_proxy": text, "NO_PROXY": "r.test"]) == "direct")
  }

  @Test(
    "never stand between this machine and itself",
    arguments: [
      "http://localhost/", "http://localhost:5000/", "http://LOCALHOST/", "http://127.0.0.1/",
      "http://127.9.9.9:5000/", "http://[::1]:5000/", "http://[::ffff:127.0.0.1]/",
      "http+unix://%2Frun%2Fdocker.sock/info",
    ])
  func loopback(_ url: String) throws {
    #expect(try way(to: url, ["HTTP_PROXY": "p:1"]) == "direct")
  }

  /// The table of golang.org/x/net/http/httpproxy's own tests (`proxy_test.go`, `UseProxyTests`), which
  /// has one `NO_PROXY`, and what its documentation says besides.
  private static let exceptions =
    "foobar.com, .barbaz.net, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, "
    + "2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64, "
    + "*.wild.org, ported.org:8443, named.org:https, 10.9.0.0/33, /8, :80"

  @Test(
    "leave out what NO_PROXY names, as Go's programs do",
    arguments: [
      ("barbaz.net", true), ("foobar.com", false), ("foofoobar.com", true), ("baz.com", true),
      ("localhost.net", true), ("local.localhost", true), ("barbarbaz.net", true),
      ("www.foobar.com", false), ("www.barbaz.net", false), ("deep.www.barbaz.net", false),
      ("WWW.FooBar.COM", false), ("192.168.1.1", false), ("192.168.1.1:9", false),
      ("192.168.1.2", true), ("192.168.1.3", false), ("192.168.1.4", true), ("10.0.0.2", false),
      ("10.0.0.4", true), ("[2001:db8::52:0:1]", false), ("[2001:db8:0::52:0:1]", false),
      ("[2001:db8::52:0:2]", true), ("[2001:db8::52:0:3]", false), ("[2002:db8:a::123]", false),
      ("[2002:db8:b::1]", true), ("[fe80::424b:c8be:1643:a1b6]", true), ("wild.org", true),
      ("a.wild.org", false), ("ported.org", true), ("ported.org:8443", false),
      ("a.ported.org:8443", false), ("named.org", true), ("10.9.0.1", true), ("11.0.0.1", true),
      ("[::ffff:192.168.1.1]", false),
    ])
  func noProxy(_ host: String, _ isProxied: Bool) throws {
    for variable in ["NO_PROXY", "no_proxy"] {
      let environment = ["HTTP_PROXY": "p:1", variable: ProxySettingsTests.exceptions]
      #expect(
        try way(to: "http://\(host)/", environment) == (isProxied ? "http p:1" : "direct"))
    }
  }

  @Test("go for everything where NO_PROXY has a star", arguments: ["*", "a.test, *", "*,b.test"])
  func everything(_ text: String) throws {
    #expect(try way(to: "http://r.test/", ["HTTP_PROXY": "p:1", "NO_PROXY": text]) == "direct")
  }

  @Test("stay where NO_PROXY says nothing", arguments: ["", " , ,", ".", "*."])
  func nothing(_ text: String) throws {
    #expect(try way(to: "http://r.test/", ["HTTP_PROXY": "p:1", "NO_PROXY": text]) == "http p:1")
  }
}
