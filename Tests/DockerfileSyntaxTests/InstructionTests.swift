import Testing

@testable import DockerfileSyntax

@Suite("Instructions")
struct InstructionTests {
  @Test(
    "commands have a shell form and an exec form",
    arguments: [
      ("CMD a b", CommandLine.shell("a b")), (#"CMD ["a", "b"]"#, .exec(["a", "b"])),
      ("CMD []", .exec([])), (#"CMD ["a", "b"]  "#, .exec(["a", "b"])),
      (#"CMD ['a']"#, .shell("['a']")), (#"CMD ["a",]"#, .shell(#"["a",]"#)),
      (#"CMD ["a"] b"#, .shell(#"["a"] b"#)),
      (#"CMD ["\u00e9\ud83d\ude00\ud800"]"#, .exec(["é😀\u{FFFD}"])),
      ("CMD [\"a\tb\"]", .shell("[\"a\tb\"]")), ("CMD [1e999]", .shell("[1e999]")),
      ("CMD [01]", .shell("[01]")), (#"CMD ["\x"]"#, .shell(#"["\x"]"#)),
      ("CMD [\"a\"\u{A0}]", .shell("[\"a\"\u{A0}]")),
      (#"CMD ["\ud800\u0041"]"#, .exec(["\u{FFFD}A"])),
      (#"CMD [ "a" "b" ]"#, .shell(#"[ "a" "b" ]"#)),
      ("CMD", .shell("")),
    ])
  func commandForms(text: String, expected: CommandLine) throws {
    guard case .cmd(let command) = try kind(text) else { throw UnexpectedKind() }
    #expect(command == expected)
  }

  @Test(
    "a JSON array with anything but strings is an error",
    arguments: [
      "CMD [1]", "CMD [\"a\", null]", "RUN [[\"a\"]]", "COPY [\"a\", {\"b\": [1, 2]}]",
      "VOLUME [true]",
    ])
  func mixedArrays(text: String) throws {
    #expect(try refusal(text).message == "a JSON array of an instruction must hold strings only")
  }

  @Test("the empty exec form of ENTRYPOINT stands for none")
  func emptyEntrypoint() throws {
    #expect(try kind("ENTRYPOINT []") == .entrypoint(.exec([])))
  }

  @Test(
    "ENV and LABEL take pairs, or one pair of the legacy form",
    arguments: [
      ("ENV a=b c=\"d e\" f='g h'", ["a|b", "c|\"d e\"", "f|'g h'"]),
      ("ENV a b=c  d", ["a|b=c  d|"]),
      ("ENV a=b\\ c d=", ["a|b\\ c", "d|"]), ("LABEL \"a b\"=c", ["\"a b\"|c"]),
      ("ENV a=b=c", ["a|b=c"]),
      ("ENV a \"b c\"", ["a|\"b c\"|"]), ("LABEL a=b \\\n  c=d", ["a|b", "c|d"]),
    ])
  func pairs(text: String, expected: [String]) throws {
    let pairs: [KeyValuePair]
    switch try kind(text) {
    case .env(let found), .label(let found): pairs = found
    default: throw UnexpectedKind()
    }
    #expect(pairs.map { "\($0.key)|\($0.value)" + ($0.isLegacy ? "|" : "") } == expected)
  }

  @Test("ARG takes several, with and without defaults and descriptions")
  func arguments() throws {
    guard case .arg(let arg) = try kind("# b the letter\nARG a b=c d= \"e=f g\"") else {
      throw UnexpectedKind()
    }
    #expect(arg.arguments.map(\.name) == ["a", "b", "d", "\"e"])
    #expect(arg.arguments.map(\.defaultValue) == [nil, "c", "", "f g\""])
    #expect(arg.arguments.map(\.comment) == [nil, "the letter", nil, nil])
  }

  @Test("flags of COPY and ADD are read, quotes taken away")
  func copyFlags() throws {
    let found = try copy(
      "COPY --from=Base --chown='a b':c --chmod=u=rwX --link --parents --exclude=x --exclude=*.o a b /c/"
    )
    #expect(found.from == "Base")
    #expect(found.chown == "a b:c")
    #expect(found.chmod == "u=rwX")
    #expect(found.link && found.parents)
    #expect(found.exclude == ["x", "*.o"])
    #expect(found.sources == ["a", "b"])
    #expect(found.destination == "/c/")
    let add = try copy(
      "ADD --keep-git-dir=TRUE --checksum=sha256:x --unpack=false --link=false https://x /")
    #expect(
      add.keepGitDir == true && add.unpack == false && add.checksum == "sha256:x" && !add.link)
  }

  @Test("a lone -- ends the flags")
  func endOfFlags() throws {
    #expect(try copy("COPY --link -- --a b").sources == ["--a"])
    #expect(try run("RUN -- --x").command == .shell("--x"))
  }

  @Test("flags have quotes and escapes of their own, with the Dockerfile's escape character")
  func flagWords() throws {
    #expect(try copy(#"COPY --chown=\a\"b'c d'e a b"#).chown == "a\"bc de")
    #expect(try copy(#"COPY --chown="a\"b" --chmod='x\'y' a b"#).chmod == "x'y")
    let text = "# escape=`\nFROM a\nCOPY --chown=C:\\x`\"y --chmod=\"a`b\" a b"
    guard case .copy(let found) = parse(text).stages.first?.instructions.first?.kind else {
      throw UnexpectedKind()
    }
    #expect(found.chown == "C:\\x\"y" && found.chmod == "ab")
    #expect(try run("RUN --network='none' a").network == RunInstruction.Network.none)
  }

  @Test("an empty flag is as good as none")
  func emptyFlags() throws {
    let found = try copy("COPY --from= --chown= --chmod=\"\" a b")
    #expect(found.from == nil && found.chown == nil && found.chmod == nil)
    #expect(try copy("ADD --checksum= a b").checksum == nil)
    #expect(try copy("COPY --exclude= a b").exclude == [""])
    #expect(parse("FROM --platform= a").stages.first?.platform == nil)
    #expect(try kind("HEALTHCHECK --interval= --retries= CMD a") == kind("HEALTHCHECK CMD a"))
    #expect(try refusal("RUN --network= a").message == "`` is no value for `--network`")
  }

  @Test("flags that nobody looks at, and a RUN with nothing to do")
  func lenient() throws {
    #expect(try kind("STOPSIGNAL --now TERM") == .stopSignal("TERM"))
    #expect(try kind("HEALTHCHECK --x NONE") == .healthcheck(.init(test: .none)))
    guard case .arg(let arg) = try kind("ARG --x A") else { throw UnexpectedKind() }
    #expect(arg.arguments.map(\.name) == ["A"])
    #expect(try run("RUN").command == .shell(""))
    #expect(try run("RUN --network=none").command == .shell(""))
  }

  @Test("a device has a name, which may look like a pair")
  func devices() throws {
    let found = try run(
      "RUN --device=a.com/b=c --device=name=d,required=false --device='\"e,f\",required' x")
    #expect(found.devices.map(\.name) == ["a.com/b=c", "d", "e,f"])
    #expect(found.devices.map(\.isRequired) == [false, false, true])
    #expect(try refusal("RUN --device=a,name=b x").message == "unexpected `name=b` in `--device`")
    #expect(try refusal("RUN --device=a,b=c x").message == "unexpected `b=c` in `--device`")
  }

  @Test("paths may be given as JSON")
  func jsonPaths() throws {
    let found = try copy(#"COPY ["a b", "c", "/d e"]"#)
    #expect(found.sources == ["a b", "c"] && found.destination == "/d e")
    #expect(try kind(#"VOLUME ["/a", "/b c"]"#) == .volume(["/a", "/b c"]))
    #expect(try kind("VOLUME /a  /b") == .volume(["/a", "/b"]))
  }

  @Test("RUN takes mounts, a network, a security mode and devices")
  func runFlags() throws {
    let found = try run(
      "RUN --mount=type=cache,target=/c --mount=type=secret,id=$X --network=none "
        + "--security=insecure --device=nvidia.com/gpu=all,required make")
    #expect(found.mounts.count == 2)
    #expect(found.mounts[1].options.map(\.key) == ["type", "id"])
    #expect(found.mounts[1].options[1].value == "$X")
    #expect(found.network == RunInstruction.Network.none)
    #expect(found.security == .insecure)
    #expect(found.devices == [.init(name: "nvidia.com/gpu=all", isRequired: true)])
    #expect(found.command == .shell("make"))
  }

  @Test("HEALTHCHECK has durations, retries and a command")
  func healthcheck() throws {
    guard
      case .healthcheck(let check) = try kind(
        "HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=0s --start-interval=300ms "
          + "--retries=3 cmd [\"a\"]")
    else { throw UnexpectedKind() }
    #expect(check.interval == 90_000_000_000)
    #expect(check.timeout == 1_500_000_000)
    #expect(check.startPeriod == 0)
    #expect(check.startInterval == 300_000_000)
    #expect(check.retries == 3)
    #expect(check.test == .command(.exec(["a"])))
    #expect(try kind("HEALTHCHECK none") == .healthcheck(HealthcheckInstruction(test: .none)))
  }

  @Test("the plain instructions keep their text")
  func plain() throws {
    #expect(try kind("WORKDIR /a b") == .workdir("/a b"))
    #expect(try kind("USER $U:g") == .user("$U:g"))
    #expect(try kind("STOPSIGNAL SIGTERM") == .stopSignal("SIGTERM"))
    #expect(try kind("MAINTAINER a b") == .maintainer("a b"))
    #expect(try kind("EXPOSE 80 $P/udp") == .expose(ExposeInstruction(ports: ["80", "$P/udp"])))
    #expect(try kind(#"SHELL ["a", "-c"]"#) == .shell(["a", "-c"]))
  }

  @Test("a heredoc of a JSON array has no body and is an empty file")
  func jsonHeredoc() throws {
    let found = try copy(#"COPY ["a", "<<E", "/c"]"#)
    #expect(found.sources == ["a"])
    #expect(found.heredocs.map(\.name) == ["E"])
    #expect(found.heredocs.map(\.content) == [[]])
  }

  @Test("ONBUILD keeps its trigger as it was written")
  func onbuild() throws {
    guard case .onbuild(let onbuild) = try kind("ONBUILD  COPY --link <<-A <<B /x/\n\ta\n\tA\nb\nB")
    else {
      throw UnexpectedKind()
    }
    #expect(onbuild.text == "COPY --link <<-A <<B /x/\n\ta\nA\nb\nB")
    let (instruction, diagnostics) = Dockerfile.parseInstruction(onbuild.text)
    #expect(diagnostics.isEmpty)
    guard case .copy(let stored) = instruction?.kind else { throw UnexpectedKind() }
    #expect(stored.heredocs.map(\.body) == [Array("a\n".utf8), Array("b\n".utf8)])
    #expect(stored.heredocs.map(\.name) == ["A", "B"])
    #expect(stored.link && stored.destination == "/x/")
    #expect(try kind("onbuild run a \\\n  b  ") == .onbuild(.init(text: "run a   b  ")))
  }

  @Test(
    "a trigger is not understood before it fires",
    arguments: ["RUNN a", "COPY a", "RUN --mount=x=y a", "HEALTHCHECK x"])
  func storedTrigger(text: String) throws {
    #expect(try kind("ONBUILD " + text) == .onbuild(.init(text: text)))
    #expect(Dockerfile.parseInstruction(text).instruction == nil || text.contains("mount"))
  }

  @Test(
    "a trigger out of an image is one instruction that may be one",
    arguments: ["FROM a", "ONBUILD RUN a", "MAINTAINER a", "", "RUN a\nRUN b", "# a", "RUNN a"])
  func badTrigger(text: String) {
    let (instruction, diagnostics) = Dockerfile.parseInstruction(text)
    #expect(instruction == nil)
    #expect(diagnostics.count == 1)
  }

  @Test("stages have names in lower case, bases as written, and a description")
  func stages() {
    let dockerfile = parse(
      "ARG V=1\nFROM --platform=$BUILDPLATFORM img:$V as Build-1.x\n# out what it ships\nFROM Build-1.x AS out\nRUN a\n"
    )
    #expect(!dockerfile.hasErrors)
    #expect(dockerfile.metaArguments.count == 1)
    #expect(dockerfile.stages.map(\.name) == ["build-1.x", "out"])
    #expect(dockerfile.stages.map(\.base) == ["img:$V", "Build-1.x"])
    #expect(dockerfile.stages.map(\.platform) == ["$BUILDPLATFORM", nil])
    #expect(dockerfile.stages.map(\.comment) == [nil, "what it ships"])
    #expect(dockerfile.stages[1].instructions.count == 1)
    #expect(dockerfile.stages.map(\.index) == [0, 1])
  }
}
