import BuildGraph
import DockerfileSyntax
import Frontends
import OCI
import Testing

@Suite struct DockerfileCopyTests {
  @Test(
    "sources and destinations as they are written become paths",
    arguments: [
      ("COPY a b /c", "copy [a b] from 1 to /c"),
      ("COPY a /c/", "copy [a] from 1 to /c/"),
      ("COPY /a/ ../b ./c/../d /x/", "copy [a b d] from 1 to /x/"),
      ("COPY . .", "copy [.] from 1 to /w/"),
      ("COPY / ./", "copy [.] from 1 to /w/"),
      ("COPY a \"\"", "copy [a] from 1 to /w/"),
      ("COPY a b/.", "copy [a] from 1 to /w/b/"),
      ("COPY a ../b", "copy [a] from 1 to /b"),
      ("COPY a /", "copy [a] from 1 to /"),
      ("COPY d* ?x [ab]c /x/", "copy [d* ?x [ab]c] from 1 to /x/"),
      (#"COPY ["a b", "/c d/"]"#, "copy [a b] from 1 to /c d/"),
      ("COPY --chown=1:2 a /b", "copy [a] from 1 to /b owner=1:2"),
      ("COPY --chmod=0755 a /b", "copy [a] from 1 to /b mode=0755"),
      ("COPY --chmod=u=rwX,go=rX a /b", "copy [a] from 1 to /b mode=u=rwX,go=rX"),
      ("COPY --parents a/./b/*.c /x/", "copy [a/./b/*.c] from 1 to /x/ parents"),
      ("COPY --parents ./a/b /x/", "copy [a/b] from 1 to /x/ parents"),
      (
        "COPY --exclude=*.md --exclude=!x.md a /b",
        "copy [a] from 1 to /b exclude=[*.md !x.md]"
      ),
      ("ADD a.tar.gz /b/", "add [a.tar.gz] from 1 to /b/"),
      ("ADD --unpack=false a.tar.gz /b/", "copy [a.tar.gz] from 1 to /b/"),
    ])
  func forms(line: String, expected: String) async throws {
    let lowered = try await lower("FROM alpine\nWORKDIR /w\nUSER somebody\n" + line)
    #expect(lowered.files.last == expected)
  }

  @Test("COPY --from takes a stage by name in any case, by number, or an image")
  func from() async throws {
    let lowered = try await lower(
      """
      FROM alpine AS one
      RUN one
      FROM alpine AS Two
      RUN two
      FROM scratch
      COPY --from=ONE /a /
      COPY --from=1 /b /
      COPY --from=busybox /c /
      COPY --from=scratch /d /
      """)
    #expect(
      lowered.dump == """
        0: image docker.io/library/alpine:latest
        1: run [/bin/sh -c one] <- 0
        2: run [/bin/sh -c two] <- 0
        3: scratch
        4: copy [a] from 1 to / <- 3 1 layer@0
        5: copy [b] from 1 to / <- 4 2 layer@1
        6: image docker.io/library/busybox:latest
        7: copy [c] from 1 to / <- 5 6 layer@2
        8: copy [d] from 1 to / <- 7 3 layer@3 target
        """)
  }

  @Test("of two stages with one name, COPY --from means the last one, FROM the one before it")
  func duplicateNames() async throws {
    let lowered = try await lower(
      """
      FROM alpine AS x
      RUN first
      FROM x AS y
      RUN y
      FROM busybox AS x
      RUN second
      FROM y
      COPY --from=x /a /
      """)
    #expect(
      lowered.runs == ["run [/bin/sh -c first]", "run [/bin/sh -c y]", "run [/bin/sh -c second]"])
    #expect(lowered.plan.vertices.last?.inputs == [2, 4])
  }

  @Test("--link copies onto nothing and merges, unless there is a --chmod")
  func link() async throws {
    let lowered = try await lower(
      "FROM alpine\nCOPY --link --chmod=$NO a /b\nCOPY --link --chmod=600 c /d")
    #expect(
      lowered.dump == """
        0: image docker.io/library/alpine:latest
        1: scratch
        2: context .
        3: copy [a] from 1 to /b nofollow <- 1 2
        4: merge <- 0 3 layer@1
        5: copy [c] from 1 to /d mode=600 <- 4 2 layer@2 target
        """)
    #expect(lowered.labels[3] == "[2/3] COPY --link --chmod=$NO a /b")
    #expect(lowered.labels[4] == "[2/3] LINK COPY --link --chmod=$NO a /b")
    #expect(
      lowered.history.dropFirst() == [
        "COPY a /b # buildkit", "COPY --chmod=600 c /d # buildkit",
      ])
  }

  @Test("heredocs become files, expanded unless their delimiter is quoted")
  func heredocs() async throws {
    let lowered = try await lower(
      #"""
      FROM alpine
      ENV A=1
      COPY --chown=5 <<one <<"two" /etc/x/
      a=$A "${A}" \${A} \n
      one
      b=$A
      two
      COPY <<-file /etc/motd
      	tabbed
      	file
      ADD file <<doc /d/
      x
      doc
      """#)
    #expect(
      lowered.files == [
        #"mkfile one to /etc/x/ "a=1 "1" ${A} n\n" owner=5; mkfile two to /etc/x/ "b=$A\n" owner=5"#,
        #"mkfile file to /etc/motd "tabbed\n""#,
        #"add [file] from 1 to /d/; mkfile doc to /d/ "x\n""#,
      ])
    #expect(
      lowered.history.dropFirst(2) == [
        "COPY --chown=5 <<one <<two /etc/x/ # buildkit", "COPY <<file /etc/motd # buildkit",
        "ADD file <<doc /d/ # buildkit",
      ])
  }

  @Test("a heredoc alone does not read the build context")
  func heredocWithoutContext() async throws {
    let lowered = try await lower("FROM scratch\nCOPY <<EOF /x\na\nEOF\n")
    #expect(
      lowered.dump == """
        0: scratch
        1: mkfile EOF to /x "a\\n" <- 0 layer@0 target
        """)
  }
}
