import BuildGraph
import DockerfileSyntax
import Frontends
import OCI
import Testing

/// Configurations that BuildKit made (the one in Docker 20.10), for the same Dockerfiles. Its
/// history of `EXPOSE` and `HEALTHCHECK` has changed since and is left out.
@Suite struct DockerfileOracleTests {
  @Test("variables, quotes and inheritance give the configuration that BuildKit gives")
  func variables() async throws {
    let lowered = try await lower(
      #"""
      ARG G=global
      ARG H=${G}-h
      ARG N
      FROM scratch AS p
      ENV A=env
      ARG A=arg
      ENV A1=$A
      ARG G
      ARG H=own
      ARG N=n1
      ARG N
      ENV A2=$G$H$N
      FROM p
      ENV B1=$A B2=$G
      ARG A=again
      ENV B3=$A
      ENV C1="$A x" C2='$A x' C3=\$A C4="\$A" C5=a\ b
      ENV D1=${A:-w} D2=${Q:-w$A} D3=${A:+yes} D5=$Q
      ENV old style   value $A
      LABEL "k $A"="v $A" 'x'=y
      ARG BUILDKIT_SBOM_SCAN_STAGE=1
      WORKDIR $A/x
      WORKDIR ../y/
      ENV PWD1=$PWD
      VOLUME $A ["x"]
      EXPOSE $NOPORT 80
      USER ${A}:1
      STOPSIGNAL ${S:-SIGTERM}
      """#)
    let process = lowered.process
    #expect(
      process.environment == [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=env", "A1=arg",
        "A2=globalownn1", "B1=env", "B2=global", "B3=again", "C1=again x", "C2=$A x", "C3=$A",
        "C4=$A", "C5=a b", "D1=again", "D2=wagain", "D3=yes", "D5=", "old=style   value again",
        "PWD1=",
      ])
    #expect(process.labels == ["k again": "v again", "x": "y"])
    #expect(process.exposedPorts == ["80/tcp"])
    #expect(process.stopSignal == "SIGTERM")
    #expect(process.user == "again:1")
    #expect(process.volumes == ["[x]", "again"])
    #expect(process.workingDirectory == "/again/y")
    #expect(
      lowered.history.filter { !$0.hasPrefix("ENV") && !$0.hasPrefix("EXPOSE") } == [
        // BuildKit has since come to write the global value into the history of `ARG G`.
        "ARG A=arg", "ARG G=global", "ARG H=own", "ARG N=n1", "ARG N", "ARG A=again",
        "LABEL k again=v again x=y", "ARG BUILDKIT_SBOM_SCAN_STAGE=1", "WORKDIR /again/x",
        "WORKDIR /again/y", "VOLUME [again [x]]", "USER again:1", "STOPSIGNAL SIGTERM",
      ])
  }

  @Test("metadata and triggers give the configuration that BuildKit gives")
  func metadata() async throws {
    let lowered = try await lower(
      #"""
      FROM scratch AS base
      ARG A=1 B
      ARG A=2
      ENV X=a\ b Y="c d"
      LABEL k="v w" l=m
      CMD echo "hi" \
        there
      ENTRYPOINT ["/x", "a\"b\n\tµ"]
      EXPOSE 443 80/UDP 8000-8002
      USER 7
      VOLUME /a /b
      VOLUME ["/c d"]
      STOPSIGNAL 9
      SHELL ["a", "b"]
      MAINTAINER Some One
      HEALTHCHECK --interval=90s --timeout=1500ms --start-period=1h --retries=3 CMD a b
      WORKDIR /w
      WORKDIR x/
      COPY a b ./
      ADD a d/
      COPY dir /dir
      ONBUILD LABEL trig=1
      FROM base
      ENTRYPOINT []
      CMD []
      ENV A=$A Z=${NOPE:-z}
      """#)
    #expect(
      try String(decoding: JSON.encode(lowered.process), as: UTF8.self) == """
        {"ArgsEscaped":true,\
        "Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","X=a b",\
        "Y=c d","A=2","Z=z"],\
        "ExposedPorts":{"443/tcp":{},"80/udp":{},"8000/tcp":{},"8001/tcp":{},"8002/tcp":{}},\
        "Healthcheck":{"Interval":90000000000,"Retries":3,"StartPeriod":3600000000000,\
        "Test":["CMD-SHELL","a b"],"Timeout":1500000000},\
        "Labels":{"k":"v w","l":"m","trig":"1"},"Shell":["a","b"],"StopSignal":"9","User":"7",\
        "Volumes":{"/a":{},"/b":{},"/c d":{}},"WorkingDir":"/w/x"}
        """)
    #expect(
      lowered.history.filter { !$0.hasPrefix("EXPOSE") && !$0.hasPrefix("HEALTH") } == [
        "ARG A=1 B", "ARG A=2", "ENV X=a b Y=c d", "LABEL k=v w l=m",
        #"CMD ["/bin/sh" "-c" "echo \"hi\"   there"]"#, #"ENTRYPOINT ["/x" "a\"b\n\tµ"]"#,
        "USER 7", "VOLUME [/a /b]", "VOLUME [/c d]", "STOPSIGNAL 9", "SHELL [a b]",
        "MAINTAINER Some One", "WORKDIR /w", "WORKDIR /w/x", "COPY a b ./ # buildkit",
        "ADD a d/ # buildkit", "COPY dir /dir # buildkit", "LABEL trig=1", "ENTRYPOINT []",
        "CMD []", "ENV A=2 Z=z",
      ])
    #expect(lowered.configuration.author == "Some One")
  }
}
