import BuildGraph
import DockerfileSyntax
import Frontends
import OCI
import Testing

@Suite struct DockerfileRunTests {
  @Test("the shell form goes to the shell of SHELL, the exec form runs as it is")
  func forms() async throws {
    let lowered = try await lower(
      #"""
      FROM alpine
      RUN a && b
      RUN ["c", "$d"]
      SHELL ["/bin/bash", "-eo", "pipefail", "-c"]
      RUN e | f
      """#)
    #expect(
      lowered.runs == [
        "run [/bin/sh -c a && b]", "run [c $d]", "run [/bin/bash -eo pipefail -c e | f]",
      ])
    #expect(
      lowered.history.dropFirst() == [
        "RUN /bin/sh -c a && b # buildkit", "RUN c $d # buildkit",
        "SHELL [/bin/bash -eo pipefail -c]", "RUN /bin/bash -eo pipefail -c e | f # buildkit",
      ])
  }

  @Test("a heredoc is the shell's argument, a script of its own, or text for the shell")
  func heredocs() async throws {
    let lowered = try await lower(
      """
      FROM alpine
      RUN <<EOF
      echo $HOME
      echo two
      EOF
      RUN <<script
      #!/usr/bin/env python3
      print("hi")
      script
      RUN cat <<A <<B > /x
      a
      A
      b
      B
      """)
    #expect(
      lowered.runs == [
        #"run [/bin/sh -c echo $HOME\necho two\n]"#,
        #"run [/bin/sh -c /dev/pipes/script] mounts=[/dev/pipes/script=file(755 "#
          + #"#!/usr/bin/env python3\nprint("hi")\n)]"#,
        #"run [/bin/sh -c cat <<A <<B > /x\na\nA\nb\nB]"#,
      ])
    #expect(
      lowered.labels.dropFirst() == [
        "[2/4] RUN <<EOF (echo $HOME...)", "[3/4] RUN <<script (#!/usr/bin/env python3...)",
        "[4/4] RUN cat <<A <<B > /x",
      ])
  }

  @Test("network and security are the step's own, else the build's")
  func networkAndSecurity() async throws {
    let lowered = try await lower(
      """
      FROM alpine
      RUN a
      RUN --network=default b
      RUN --network=host c
      RUN --security=insecure d
      """
    ) {
      $0.network = .none
      $0.extraHosts = [ExtraHost(name: "db", address: "10.0.0.1")]
    }
    #expect(
      lowered.runs == [
        "run [/bin/sh -c a] network=none hosts=[db:10.0.0.1]",
        "run [/bin/sh -c b] network=none hosts=[db:10.0.0.1]",
        "run [/bin/sh -c c] network=host hosts=[db:10.0.0.1]",
        "run [/bin/sh -c d] network=none security=insecure hosts=[db:10.0.0.1]",
      ])
  }

  @Test(
    "mounts and their defaults",
    arguments: [
      ("target=/x", "/x=bind(1:/)"),
      ("source=a/../b,target=x,rw", "/w/x=bind(1:/b rw)"),
      ("type=bind,from=busybox,src=/bin,dst=/x", "/x=bind(1:/bin)"),
      ("type=bind,from=0,target=/x", "/x=bind(1:/)"),
      ("type=bind,from=Stage,target=$T", "/t=bind(1:/)"),
      ("type=cache,target=c/", "/w/c=cache(c)"),
      ("type=cache,target=/c/,id=mine,sharing=locked", "/c=cache(mine explicit locked)"),
      ("type=cache,target=/c,uid=5,gid=6,mode=0700", "/c=cache(/c 700 5:6)"),
      ("type=cache,target=/c,from=busybox,source=/s,uid=5", "/c=cache(/c seed=1:/s)"),
      ("type=cache,target=/c,from=busybox,uid=5", "/c=cache(/c 755 5:0)"),
      ("type=cache,target=/c,ro", "/c=cache(/c ro)"),
      ("type=tmpfs,target=/t", "/t=tmpfs()"),
      ("type=tmpfs,target=/t,size=1m", "/t=tmpfs(1048576)"),
      ("type=secret,id=s", "/run/secrets/s=secret(s)"),
      ("type=secret,id=a/s,required", "/run/secrets/s=secret(a/s required)"),
      ("type=secret,target=/k/t,mode=0440,uid=1", "/k/t=secret(t 440 1:0)"),
      ("type=secret,id=s,env=S", "/run/secrets/s=secret(s env=S nofile)"),
      ("type=secret,id=s,env=S,target=/f", "/f=secret(s env=S)"),
    ])
  func mounts(flag: String, expected: String) async throws {
    let lowered = try await lower(
      """
      FROM alpine AS stage
      RUN stage
      FROM alpine
      ARG T=/t
      WORKDIR /w
      RUN --mount=\(flag) x
      """, images: ["docker.io/library/0:latest": baseImage()])
    #expect(lowered.runs.last == "run [/bin/sh -c x] env=[T=/t] cwd=/w mounts=[\(expected)]")
  }

  @Test("several mounts of one source share an input")
  func sharedInputs() async throws {
    let lowered = try await lower(
      """
      FROM alpine
      RUN --mount=target=/a --mount=target=/b --mount=from=busybox,target=/c \
        --mount=type=cache,target=/d x
      """)
    #expect(
      lowered.dump == """
        0: image docker.io/library/alpine:latest
        1: context .
        2: image docker.io/library/busybox:latest
        3: run [/bin/sh -c x] mounts=[/a=bind(1:/) /b=bind(1:/) /c=bind(2:/) /d=cache(/d)] \
        <- 0 1 2 layer@1 target
        """)
  }

  @Test("an agent's socket has a number, and its variable is set")
  func agents() async throws {
    let lowered = try await lower(
      """
      FROM alpine
      RUN --mount=type=ssh --mount=type=ssh,id=other,mode=0666 a
      RUN --mount=type=ssh,target=/s b
      """)
    #expect(
      lowered.runs == [
        "run [/bin/sh -c a] env=[SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0] "
          + "mounts=[/run/buildkit/ssh_agent.0=ssh(default) "
          + "/run/buildkit/ssh_agent.1=ssh(other 666 0:0)]",
        "run [/bin/sh -c b] env=[SSH_AUTH_SOCK=/s] mounts=[/s=ssh(default)]",
      ])
  }

  @Test("mounts stand with parents first, whatever their order was, and so does /dev/shm")
  func mountOrder() async throws {
    let lowered = try await lower(
      "FROM alpine\nRUN --mount=type=tmpfs,target=/x/y --mount=type=tmpfs,target=/x a"
    ) {
      $0.sharedMemorySize = 4096
    }
    #expect(
      lowered.runs == [
        "run [/bin/sh -c a] mounts=[/dev/shm=tmpfs(4096) /x=tmpfs() /x/y=tmpfs()]"
      ])
  }

  @Test("a step sees variables in the order of their last assignment")
  func environmentOrder() async throws {
    let lowered = try await lower("FROM alpine\nENV A=1 B=2\nARG C=3\nENV A=4\nRUN x")
    #expect(lowered.runs == ["run [/bin/sh -c x] env=[B=2 C=3 A=4]"])
    #expect(lowered.configuration.process.environment.suffix(2) == ["A=4", "B=2"])
  }

  @Test("BUILDKIT_CACHE_MOUNT_NS separates caches, and does not touch the key of custom ones")
  func cacheNamespace() async throws {
    let lowered = try await lower("FROM alpine\nRUN --mount=type=cache,id=a,target=/c x") {
      $0.buildArguments["BUILDKIT_CACHE_MOUNT_NS"] = "team"
    }
    #expect(lowered.runs == ["run [/bin/sh -c x] mounts=[/c=cache(team/a explicit)]"])
  }

  @Test("--no-cache marks what makes layers, --no-cache-filter those of a stage")
  func ignoringCache() async throws {
    let text = """
      FROM alpine AS one
      RUN a
      FROM alpine AS two
      WORKDIR /x
      COPY --from=one b /
      """
    let none = try await lower(text) { $0.ignoresCache = true }
    #expect(none.plan.vertices.map(\.ignoresCache) == [false, true, false, true])
    let filtered = try await lower(text) { $0.stagesIgnoringCache = ["ONE"] }
    #expect(filtered.plan.vertices.map(\.ignoresCache) == [false, true, false, false])
    #expect(filtered.plan.vertices.map(\.stage) == [nil, "one", "two", "two"])
  }
}
