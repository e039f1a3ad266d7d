import SystemPackage
import Testing

@testable import Transport

@Suite("HTTPURL")
struct HTTPURLTests {
  @Test(
    "is absolute, of http, https or a Unix socket, and has a host",
    arguments: [
      "", "/v2/", "r.test/v2/", "ftp://r.test/", "http://", "http:///v2/", "file:///etc/passwd",
      "unix:///run/docker.sock", "http+unix:///x", "https:r.test", "javascript:alert(1)",
      "http://:80/",
    ])
  func refused(_ text: String) {
    #expect(HTTPURL(text) == nil)
  }

  @Test(
    "knows its parts",
    arguments: [
      ("http://r.test", "http", "r.test", 80), ("HTTPS://R.Test/", "https", "r.test", 443),
      ("https://r.test:5000/v2/?a=b", "https", "r.test", 5000),
      ("http://[::1]:5000/", "http", "::1", 5000), ("http://u:p@r.test/", "http", "r.test", 80),
    ])
  func parts(_ text: String, _ scheme: String, _ host: String, _ port: Int) throws {
    let url = try #require(HTTPURL(text))
    #expect(url.scheme == scheme)
    #expect(url.host.trimmingBrackets == host)
    #expect(url.port == port)
    #expect(url.isSecure == (scheme == "https"))
  }

  @Test(
    "describes itself without what may be secret",
    arguments: [
      ("https://r.test/v2/a/manifests/1?token=hush#x", "https://r.test/v2/a/manifests/1"),
      ("https://user:hush@r.test:5000/a%20b?sig=hush", "https://r.test:5000/a%20b"),
      ("http://[::1]:5000/?hush", "http://[::1]:5000/"),
    ])
  func descriptions(_ text: String, _ expected: String) throws {
    #expect(try #require(HTTPURL(text)).description == expected)
  }

  @Test("leads to a socket, whatever is in its path")
  func unixSocket() throws {
    let url = try #require(HTTPURL(unixSocket: "/run/user dir/Docker.sock", target: "/info?a=b"))
    #expect(url.isUnixSocket && !url.isSecure)
    #expect(url.description.hasPrefix("unix:/run/user dir/"))
    #expect(url.absoluteText.hasSuffix("/info?a=b"))
  }

  @Test(
    "resolves what a Location says",
    arguments: [
      ("https://s.test/x?y=z", "https://s.test/x?y=z"),
      ("/v2/b?_state=a%2Bb", "https://r.test:1/v2/b?_state=a%2Bb"),
      ("c", "https://r.test:1/v2/a/c"), ("../c", "https://r.test:1/v2/c"),
      ("?x=1", "https://r.test:1/v2/a/u?x=1"),
      ("//s.test/x", "https://s.test/x"), ("https://s.test/x#frag", "https://s.test/x"),
      ("ftp://s.test/", nil), ("http+unix://%2Frun%2Fx/", "http+unix://%2Frun%2Fx/"),
      ("https://", nil),
    ] as [(String, String?)])
  func resolving(_ location: String, _ expected: String?) throws {
    let url = try #require(HTTPURL("https://r.test:1/v2/a/u?q=1"))
    #expect(url.resolving(location)?.absoluteText == expected)
  }

  @Test(
    "adds to its query what needs no understanding of the rest",
    arguments: [
      ("http://r.test/t", "http://r.test/t?n=v"), ("http://r.test/t?", "http://r.test/t?n=v"),
      ("http://r.test/t?a=%2B&b", "http://r.test/t?a=%2B&b&n=v"),
      ("http://r.test/t?a&", "http://r.test/t?a&n=v"),
      ("http://r.test/t?a#f", "http://r.test/t?a&n=v"),
    ])
  func query(_ text: String, _ expected: String) throws {
    #expect(try #require(HTTPURL(text)).addingQuery("n", "v").absoluteText == expected)
  }

  @Test(
    "escapes what a query must not have",
    arguments: [
      ("repository:a/b:pull,push", "repository:a/b:pull%2Cpush"), ("a b&c=d", "a%20b%26c%3Dd"),
      ("+é\r\n", "%2B%C3%A9%0D%0A"), ("-._~", "-._~"), ("", ""),
    ])
  func escaping(_ text: String, _ expected: String) {
    #expect(HTTPURL.escapedForQuery(text) == expected)
  }

  @Test("has the same origin as what differs in path and case alone")
  func origins() throws {
    func origin(_ text: String) throws -> HTTPURL.Origin { try #require(HTTPURL(text)).origin }
    #expect(try origin("https://r.test/a") == origin("HTTPS://R.TEST:443/b"))
    for other in [
      "http://r.test/a", "https://r.test:444/a", "https://s.test/a", "https://r.test.evil.test/a",
      "https://r.test@evil.test/a",
    ] {
      #expect(try origin("https://r.test/a") != origin(other))
    }
  }
}
