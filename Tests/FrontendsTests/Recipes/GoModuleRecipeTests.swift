import Frontends
import Testing

@Suite("Go module recipe")
struct GoModuleRecipeTests {
  private static let main = "package main\n\nfunc main() {}\n"

  private func module(_ files: [String: String]) -> [String: String] {
    files.merging(["go.mod": "module example.com/tools/shop\n\ngo 1.19\n"]) { file, _ in file }
  }

  private func package(_ files: [String: String], _ arguments: [String: String] = [:]) throws
    -> [String]
  {
    let text = lines(try rendered(module(files), arguments).dockerfile)
    return text.filter { $0.hasPrefix("ARG PACKAGE") || $0.hasPrefix("ENTRYPOINT") }
  }

  @Test("the main package at the root is named after the module")
  func root() throws {
    #expect(
      try package(["main.go": Self.main]) == ["ARG PACKAGE=.", #"ENTRYPOINT ["/app/shop"]"#])
  }

  @Test("a major version is not a program's name")
  func majorVersion() throws {
    let files = ["main.go": Self.main, "go.mod": "module \"example.com/shop/v3\" // the third\n"]
    #expect(try package(files).last == #"ENTRYPOINT ["/app/shop"]"#)
  }

  @Test("the only main package is found where it is")
  func found() throws {
    let files = ["cmd/server/run.go": Self.main, "shop.go": "package shop\n"]
    #expect(try package(files) == ["ARG PACKAGE=./cmd/server", #"ENTRYPOINT ["/app/server"]"#])
  }

  @Test(
    "what `./...` or Linux would leave out is not found",
    arguments: [
      "testdata/x/main.go", "_old/main.go", ".tools/main.go", "vendor/x/main.go", "x/main_test.go",
      "x/main_windows.go", "x/main_darwin_arm64.go", "nested/main.go",
    ])
  func leftOut(path: String) throws {
    let files = ["cmd/a/main.go": Self.main, path: Self.main, "nested/go.mod": "module n\n"]
    #expect(try package(files).first == "ARG PACKAGE=./cmd/a")
  }

  @Test(
    "a build constraint decides",
    arguments: [
      ("ignore", false), ("linux", true), ("!linux", false), ("windows || (linux && !cgo)", true),
      ("go1.18 && unix", true), ("tools", false), ("", true), ("((", true),
    ])
  func constraint(expression: String, isBuilt: Bool) throws {
    let text = "// Copyright\n\n//go:build \(expression)\n\n/* doc */\n" + Self.main
    let files = ["gen/main.go": text]
    if isBuilt {
      #expect(try package(files).first == "ARG PACKAGE=./gen")
    } else {
      #expect(try refusal(module(files)).hasPrefix("the module has no main package"))
    }
  }

  @Test("several main packages are listed, with what to type")
  func several() throws {
    let files = module([
      "main.go": Self.main, "cmd/b/main.go": Self.main, "cmd/a/main.go": Self.main,
    ])
    #expect(
      try refusal(files) == """
        the module has several main packages: `.`, `./cmd/a` and `./cmd/b`
        hint: choose with `--build-arg PACKAGE=.`, `--build-arg PACKAGE=./cmd/a` or `--build-arg PACKAGE=./cmd/b`
        """)
  }

  @Test(
    "PACKAGE is understood in all its spellings",
    arguments: ["cmd/b", "./cmd/b", "./cmd/b/", "example.com/tools/shop/cmd/b"])
  func spelling(asked: String) throws {
    let files = ["cmd/a/main.go": Self.main, "cmd/b/main.go": Self.main]
    #expect(
      try package(files, ["PACKAGE": asked])
        == ["ARG PACKAGE=./cmd/b", #"ENTRYPOINT ["/app/b"]"#])
  }

  @Test("a package that is not there is refused")
  func unknown() throws {
    #expect(
      try refusal(module(["cmd/a/main.go": Self.main]), ["PACKAGE": "./cmd/c"]) == """
        the module has no main package at `./cmd/c`
        hint: there is `./cmd/a`
        """)
  }

  @Test("a library is refused")
  func library() throws {
    #expect(
      try refusal(module(["shop.go": "package shop\n"])) == """
        the module has no main package, so there is no program to ship
        hint: add a package that says `package main`, or write a Dockerfile
        """)
  }

  @Test("with vendor/ no step has a network")
  func vendored() throws {
    let files = module(["main.go": Self.main, "vendor/modules.txt": ""])
    let text = lines(try rendered(files).dockerfile)
    #expect(text.filter { $0.hasPrefix("RUN") }.allSatisfy { $0.contains("--network=none") })
    #expect(text.contains("ENV GOPROXY=off"))
    #expect(text.contains { $0.contains("-mod=vendor") })
  }

  @Test("without vendor/ only the download has a network, and sees only go.mod and go.sum")
  func modules() throws {
    let text = lines(try rendered(module(["main.go": Self.main])).dockerfile)
    #expect(text.filter { $0.hasPrefix("RUN") && !$0.contains("--network=none") }.count == 1)
    #expect(text.first { $0.hasPrefix("COPY") } == "COPY go.mod go.su[m] ./")
    #expect(text.contains { $0.contains("-mod=readonly") })
  }

  @Test(
    "what compiles runs where the build does, and what platforms share comes before they are told apart",
    arguments: [[:], ["vendor/modules.txt": ""]])
  func platforms(more: [String: String]) throws {
    let files = module(["main.go": Self.main].merging(more) { file, _ in file })
    let text = lines(try rendered(files).dockerfile)
    #expect(
      text.contains("FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-bookworm AS toolchain"))
    let target = try #require(text.firstIndex { $0.hasPrefix("ARG TARGET") })
    let sources = try #require(text.firstIndex { $0.hasPrefix("COPY . .") })
    #expect(sources < target)
    #expect(text[..<target].allSatisfy { !$0.contains("TARGET") })
    #expect(text[target...].count { $0.hasPrefix("RUN") } == 2)
  }

  @Test("a `.dockerignore` that hides vendor/ is refused")
  func hiddenVendor() throws {
    let files = module(["main.go": Self.main, "vendor/modules.txt": ""])
    #expect(
      try refusal(files, ignoring: ["vendor"]) == """
        `.dockerignore` hides `vendor` from the build, but `vendor/modules.txt` says that the dependencies are there
        hint: take the pattern that matches `vendor` out of `.dockerignore`, or add `!vendor` to its end
        """)
  }

  @Test("dep's lock file is refused, with the way to modules")
  func dep() throws {
    #expect(
      try refusal(["Gopkg.lock": "", "main.go": Self.main]) == """
        the dependencies are locked by dep (`Gopkg.lock`), which current Go does not read
        hint: move to modules with `go mod init MODULE && go mod tidy`: it takes the versions over from `Gopkg.lock`
        """)
  }

  @Test("a module that is replaced by a directory outside the source is refused")
  func outside() throws {
    let files = [
      "main.go": Self.main,
      "go.mod": "module m\nreplace (\n\texample.com/x v1.0.0 => ../x // local\n)\n",
    ]
    #expect(
      try refusal(files)
        .hasPrefix("`go.mod` depends on `../x`, which lies outside the build context"))
  }

  @Test(
    "a newer Go that the module asks for is the one that is named",
    arguments: [
      ("go 1.19", "1.27.3"), ("go 1.28", "1.28"), ("go 1.21\n\ntoolchain go1.27.10", "1.27.10"),
    ])
  func version(directive: String, expected: String) throws {
    let files = ["go.mod": "module m\n\n\(directive)\n", "main.go": Self.main]
    #expect(lines(try rendered(files).dockerfile).contains("ARG GO_VERSION=\(expected)"))
  }
}
