import Engine
import Exporters
import OCI
import Slipway
import Snapshots
import SystemPackage
import Testing

@testable import SlipwayCLI

@Suite("--output, --push, --load and --annotation")
struct OutputArgumentTests {
  private static func outputs(_ texts: String...) throws -> [ImageOutput] {
    try OutputArguments(outputs: texts).parsed()
  }

  private static func form(_ change: (inout ImageForm) -> Void) -> ImageForm {
    var form = ImageForm()
    change(&form)
    return form
  }

  private static let names = [Reference.named("a"), Reference.named("host:5000/b:1")]

  // MARK: - Places

  @Test(
    "what is typed is what is meant",
    arguments: [
      ("out", [ImageOutput(.local("out"))]),
      ("/a/b.c", [ImageOutput(.local("/a/b.c"))]),
      ("-", [ImageOutput(.tar("-"))]),
      ("type=local,dest=out", [ImageOutput(.local("out"))]),
      ("dest=out,type=local", [ImageOutput(.local("out"))]),
      (" type=local, dest=out", [ImageOutput(.local("out"))]),
      ("TYPE=local,DEST=Out", [ImageOutput(.local("Out"))]),
      ("type=local,\"dest=a,b\"", [ImageOutput(.local("a,b"))]),
      ("type=local,\"dest=a \"\"b\"\"\"", [ImageOutput(.local("a \"b\""))]),
      ("type=local,dest=a=b", [ImageOutput(.local("a=b"))]),
      (
        "type=local,dest=out,platform-split=true",
        [ImageOutput(.local("out", platformFolders: .always))]
      ),
      (
        "type=local,dest=out,platform-split=false",
        [ImageOutput(.local("out", platformFolders: .never))]
      ),
      ("type=tar", [ImageOutput(.tar("-"))]),
      ("type=tar,dest=-", [ImageOutput(.tar("-"))]),
      (
        "type=tar,dest=a.tar,platform-split=0",
        [ImageOutput(.tar("a.tar", platformFolders: .never))]
      ),
      ("type=oci,dest=a.tar", [ImageOutput(.layout("a.tar", archive: true))]),
      ("type=oci", [ImageOutput(.layout("-", archive: true))]),
      ("type=oci,tar=false,dest=a", [ImageOutput(.layout("a", archive: false))]),
      ("type=oci,tar=true,dest=a", [ImageOutput(.layout("a", archive: true))]),
      ("type=docker", [ImageOutput(.engine)]),
      ("type=docker,dest=a.tar", [ImageOutput(.docker("a.tar"))]),
      ("type=docker,dest=-", [ImageOutput(.docker("-"))]),
      ("type=docker,tar=false,dest=a", [ImageOutput(.layout("a", archive: false))]),
      ("type=docker,\"name=a,host:5000/b:1\"", [ImageOutput(.engine, names: names)]),
      ("type=image", [ImageOutput(.store)]),
      ("type=image,push=false", [ImageOutput(.store)]),
      ("type=image,name=a", [ImageOutput(.store, names: [.named("a")])]),
      ("type=image,push=true", [ImageOutput(.store), ImageOutput(.registry())]),
      ("type=image,push=", [ImageOutput(.store), ImageOutput(.registry())]),
      (
        "type=image,\"name=a,host:5000/b:1\",push=true",
        [ImageOutput(.store, names: names), ImageOutput(.registry(), names: names)]
      ),
      ("type=registry", [ImageOutput(.registry())]),
      ("type=registry,push=false", [ImageOutput(.store)]),
      (
        "type=registry,name=host:5000/b:1",
        [ImageOutput(.registry(), names: [.named("host:5000/b:1")])]
      ),
      (
        "type=image,name=host:5000/b,push=true,push-by-digest=true",
        [
          ImageOutput(.store),
          ImageOutput(.registry(byDigest: true), names: [.named("host:5000/b")]),
        ]
      ),
    ])
  func places(text: String, expected: [ImageOutput]) throws {
    #expect(try Self.outputs(text) == expected)
  }

  @Test("several outputs keep their order and each its form")
  func several() throws {
    let parsed = try Self.outputs("type=oci,dest=a,compression=zstd", "b", "type=docker")
    #expect(
      parsed == [
        ImageOutput(
          .layout("a", archive: true), form: Self.form { $0.compression = .zstd(level: 3) }),
        ImageOutput(.local("b")), ImageOutput(.engine),
      ])
  }

  // MARK: - Forms

  @Test(
    "compressions and their levels",
    arguments: [
      ("compression=gzip", .gzip(level: 6)),
      ("compression-level=9", .gzip(level: 9)),
      ("compression=gzip,compression-level=-1", .gzip(level: 6)),
      ("compression=gzip,compression-level=0", .gzip(level: 0)),
      ("compression=gzip,compression-level=12", .gzip(level: 12)),
      ("compression=zstd", .zstd(level: 3)),
      ("compression=zstd,compression-level=0", .zstd(level: 3)),
      ("compression=zstd,compression-level=1", .zstd(level: 1)),
      ("compression-level=22,compression=zstd", .zstd(level: 22)),
      ("compression=uncompressed", .uncompressed),
    ] as [(String, LayerEncoding.Compression)])
  func compressions(text: String, expected: LayerEncoding.Compression) throws {
    let parsed = try Self.outputs("type=image,\(text)")
    #expect(parsed.map(\.form) == [Self.form { $0.compression = expected }])
  }

  @Test(
    "flags in Go's spellings",
    arguments: [
      ("true", true), ("T", true), ("1", true), ("TRUE", true), ("", true), ("false", false),
      ("f", false), ("0", false), ("False", false),
    ])
  func flags(text: String, value: Bool) throws {
    let parsed = try Self.outputs(
      "type=oci,dest=a,force-compression=\(text),oci-mediatypes=\(text)")
    #expect(
      parsed.map(\.form) == [
        Self.form {
          $0.forceCompression = value
          $0.mediaTypes = value ? .oci : .docker
        }
      ])
  }

  // MARK: - Annotations

  @Test("annotations of an output go where they say, with the letters that they have")
  func annotationAttributes() throws {
    let parsed = try Self.outputs(
      "type=oci,dest=x,annotation.a.B=1,annotation-manifest.c=2,annotation-index.d=3,"
        + "annotation-manifest-descriptor.e=4,annotation-index-descriptor.f=5,"
        + "annotation[linux/arm64].g=6,annotation-manifest[linux/arm64/v8].h=7,"
        + "annotation-manifest-descriptor[amd64].i=8,\"annotation.j=k,l=m\",annotation.n=")
    let arm = Platform(os: "linux", architecture: "arm64")
    var expected = ImageAnnotations()
    expected.manifest.common = ["a.B": "1", "c": "2", "j": "k,l=m", "n": ""]
    expected.manifest.byPlatform = [arm: ["g": "6", "h": "7"]]
    expected.manifestDescriptor.common = ["e": "4"]
    expected.manifestDescriptor.byPlatform = [
      Platform(os: "linux", architecture: "amd64"): ["i": "8"]
    ]
    expected.index = ["d": "3"]
    expected.indexDescriptor = ["f": "5"]
    #expect(parsed.map(\.form.annotations) == [expected])
  }

  @Test("--annotation is for every output, and wins")
  func annotationOptions() throws {
    let parsed = try OutputArguments(
      outputs: ["type=oci,dest=x,annotation.a=1,annotation.b=2", "type=image"],
      annotations: [
        "a=3", "index:c=4", "index,manifest-descriptor[linux/arm64]:d=5=6", "manifest:a=7",
      ]
    ).parsed()
    var expected = ImageAnnotations()
    expected.manifest.common = ["a": "7"]
    expected.index = ["c": "4", "d": "5=6"]
    expected.manifestDescriptor.byPlatform = [
      Platform(os: "linux", architecture: "arm64"): ["d": "5=6"]
    ]
    #expect(parsed[1].form.annotations == expected)
    expected.manifest.common["b"] = "2"
    #expect(parsed[0].form.annotations == expected)
  }

  @Test("--annotation without an output is for the image of the store")
  func annotationAlone() throws {
    let parsed = try OutputArguments(annotations: ["a=1"]).parsed()
    #expect(
      parsed == [ImageOutput(.store, form: Self.form { $0.annotations.manifest.common["a"] = "1" })]
    )
  }

  @Test("what a platform gets is what all get and what is its own, which wins")
  func platformAnnotations() throws {
    let annotations = try ImageAnnotations(parsing: [
      "a=all", "b=all", "manifest[linux/arm64]:a=arm", "manifest[arm/v7]:a=old",
    ])
    let arm = Platform(os: "linux", architecture: "arm64", variant: "v8")
    #expect(annotations.manifest.all(for: arm) == ["a": "arm", "b": "all"])
    #expect(
      annotations.manifest.all(for: Platform(os: "linux", architecture: "amd64"))
        == ["a": "all", "b": "all"])
  }

  // MARK: - Shorthands

  @Test(
    "--push and --load come on top of outputs that do not do it yet",
    arguments: [
      ([], true, false, [ImageOutput(.registry())]),
      ([], false, true, [ImageOutput(.engine)]),
      ([], true, true, [ImageOutput(.registry()), ImageOutput(.engine)]),
      (["type=registry,name=a"], true, false, [ImageOutput(.registry(), names: [.named("a")])]),
      (["type=docker"], false, true, [ImageOutput(.engine)]),
      (
        ["type=docker,dest=a"], false, true, [ImageOutput(.docker("a")), ImageOutput(.engine)]
      ),
      (["out"], true, false, [ImageOutput(.local("out")), ImageOutput(.registry())]),
      (
        ["type=image,name=a"], true, false,
        [
          ImageOutput(.store, names: [.named("a")]), ImageOutput(.registry(), names: [.named("a")]),
        ]
      ),
    ] as [([String], Bool, Bool, [ImageOutput])])
  func shorthands(
    outputs: [String], pushes: Bool, loads: Bool, expected: [ImageOutput]
  ) throws {
    #expect(
      try OutputArguments(outputs: outputs, pushes: pushes, loads: loads).parsed() == expected)
  }

  // MARK: - Errors

  private static let malformed =
    "is not an output; hint: `type=oci,dest=image.tar`, with quotes around a field that has commas "
    + "in it: `type=image,\"name=a,b\"`"
  private static let platform =
    "is not a platform; hint: it is `os/architecture[/variant]`, such as `linux/arm64`"

  @Test(
    "what is wrong with an output is said, and what to do",
    arguments: [
      ("", "`` \(malformed)"),
      ("a,b", "`a,b` \(malformed)"),
      ("type=local,\"dest=a", "`type=local,\"dest=a` \(malformed)"),
      ("type=local,dest=a\"b", "`type=local,dest=a\"b` \(malformed)"),
      (
        "type=image,name=a,b",
        "`b` of `type=image,name=a,b` is not `NAME=VALUE`; "
          + "hint: a field that has commas in it stands in quotes: `\"name=a,b\"`"
      ),
      (
        "type=image,push",
        "`push` of `type=image,push` is not `NAME=VALUE`; "
          + "hint: a field that has commas in it stands in quotes: `\"name=a,b\"`"
      ),
      ("dest=a.tar", "`dest=a.tar` has no type; hint: such as `type=oci,dest=a.tar`"),
      ("type=ocl,dest=a", "`ocl` is not a type of output; hint: did you mean `oci`?"),
      ("type=Tar", "`Tar` is not a type of output; hint: did you mean `tar`?"),
      (
        "type=cacheonly",
        "`cacheonly` is not a type of output; "
          + "hint: `image`, `registry`, `oci`, `docker`, `local`, `tar`"
      ),
      (
        "type=oci,dets=a",
        "`dets` is no attribute of `type=oci`; hint: did you mean `dest`?"
      ),
      (
        "type=oci,dest=a,compresion=gzip",
        "`compresion` is no attribute of `type=oci`; hint: did you mean `compression`?"
      ),
      (
        "type=oci,push=true",
        "`push` is no attribute of `type=oci`; hint: `dest`, `name`, `tar`, `compression`, "
          + "`compression-level`, `force-compression`, `oci-mediatypes`"
      ),
      (
        "type=local,dest=a,compression=zstd",
        "`compression` is no attribute of `type=local`; hint: `dest`, `platform-split`"
      ),
      (
        "type=tar,annotation.a=b",
        "`annotation` is no attribute of `type=tar`; hint: `dest`, `platform-split`"
      ),
      (
        "type=image,rewrite-timestamp=true",
        "`rewrite-timestamp` is no attribute of `type=image`; "
          + "hint: leave it out; times are clamped unless there is `--timestamps preserve`"
      ),
      (
        "type=registry,registry.insecure=true",
        "`registry.insecure` is no attribute of `type=registry`; "
          + "hint: `registries.conf` says which registries are insecure"
      ),
      (
        "type=image,push=yes",
        "`push=yes` is neither true nor false; hint: `push=true` or `push=false`"
      ),
      (
        "type=oci,compression=gz",
        "`gz` is not a compression that is written here; hint: `gzip`, `zstd`, `uncompressed`"
      ),
      (
        "type=oci,compression=gzpi",
        "`gzpi` is not a compression that is written here; hint: did you mean `gzip`?"
      ),
      (
        "type=oci,compression=estargz",
        "`estargz` is not a compression that is written here; hint: "
          + "`gzip`, `zstd`, `uncompressed`"
      ),
      (
        "type=oci,compression-level=13",
        "`13` is not a level of gzip; hint: -1 to 12, where -1 is the standard level"
      ),
      (
        "type=oci,compression=zstd,compression-level=23",
        "`23` is not a level of zstd; hint: 0 to 22, where 0 is the standard level"
      ),
      (
        "type=oci,compression=zstd,compression-level=fast",
        "`fast` is not a level of zstd; hint: 0 to 22, where 0 is the standard level"
      ),
      (
        "type=oci,compression=uncompressed,compression-level=1",
        "`compression=uncompressed` has no level; hint: leave out `compression-level`"
      ),
      (
        "type=oci,compression=zstd,oci-mediatypes=false",
        "Docker's media types have no layers that are compressed with zstd; hint: leave out "
          + "`oci-mediatypes=false`, or compress with `gzip` (`force-compression=true` where the "
          + "base image has such layers)"
      ),
      (
        "type=oci,annotation.a=b,oci-mediatypes=false",
        "Docker's media types have no annotations; hint: leave out `oci-mediatypes=false`"
      ),
      ("type=local", "`type=local` has no `dest=`; hint: `dest=DIRECTORY`"),
      ("type=oci,tar=false", "`type=oci,tar=false` has no `dest=`; hint: `dest=DIRECTORY`"),
      (
        "type=local,dest=-",
        "`type=local,dest=-` is a directory, which cannot go to standard output; "
          + "hint: `type=tar`, or `dest=DIRECTORY`"
      ),
      (
        "type=image,name=a:1,push=true,push-by-digest=true",
        "`a:1` has a tag, and `push-by-digest` writes none; hint: give the repository alone"
      ),
      (
        "type=image,push-by-digest=true",
        "`push-by-digest=true` says how to push, and nothing is pushed; hint: add `push=true`"
      ),
      (
        "type=image,name=Upper",
        "`Upper` has upper-case letters; hint: repository names are lower case"
      ),
      ("type=image,\"name=a,\"", "an image name cannot be empty"),
      (
        "type=image,annotation-mainfest.a=b",
        "`mainfest` is nothing that can be annotated; hint: did you mean `manifest`?"
      ),
      (
        "type=image,annotation-index[linux/amd64].a=b",
        "`index[linux/amd64]` names a platform, and an index is for all of them; "
          + "hint: annotate the `manifest` or the `manifest-descriptor`"
      ),
      ("type=image,annotation[a/b/c/d].a=b", "`a/b/c/d` \(platform)"),
      (
        "type=image,annotation[a.b=c",
        "`[a` is nothing that can be annotated; hint: `manifest[linux/arm64]`"
      ),
      (
        "type=image,annotation.=b",
        "`annotation.` has no key that an annotation can have; "
          + "hint: such as `org.opencontainers.image.title`, without blanks"
      ),
    ])
  func errors(text: String, message: String) {
    #expect(throws: (any Error).self) { try Self.outputs(text) }
    do { _ = try Self.outputs(text) } catch { #expect("\(error)" == message) }
  }

  @Test("only one output can go to standard output")
  func standardOutput() {
    #expect(throws: OutputProblem.severalOnStandardOutput) {
      try Self.outputs("type=tar", "type=oci")
    }
    #expect(
      "\(OutputProblem.severalOnStandardOutput)"
        == "only one output can go to standard output; hint: `dest=FILE` for the others")
  }

  @Test(
    "what is wrong with an annotation is said, and what to do",
    arguments: [
      ("a", "`a` is not an annotation; hint: `KEY=VALUE`, or `index:KEY=VALUE`"),
      (
        "=b",
        "`=b` has no key that an annotation can have; "
          + "hint: such as `org.opencontainers.image.title`, without blanks"
      ),
      (
        "a b=c",
        "`a b=c` has no key that an annotation can have; "
          + "hint: such as `org.opencontainers.image.title`, without blanks"
      ),
      (
        "idx:a=b",
        "`idx` is nothing that can be annotated; "
          + "hint: `manifest`, `index`, `manifest-descriptor`, `index-descriptor`"
      ),
      ("indx:a=b", "`indx` is nothing that can be annotated; hint: did you mean `index`?"),
      (":a=b", "`` is nothing that can be annotated; hint: `manifest[linux/arm64]`"),
      ("index,:a=b", "`` is nothing that can be annotated; hint: `manifest[linux/arm64]`"),
      ("manifest[]:a=b", "`` \(platform)"),
    ])
  func annotationErrors(text: String, message: String) {
    #expect(throws: (any Error).self) { try ImageAnnotations(parsing: [text]) }
    do { _ = try ImageAnnotations(parsing: [text]) } catch { #expect("\(error)" == message) }
  }

  @Test("a form that the platforms cannot have is refused before anything is built")
  func forms() throws {
    let amd = Platform(os: "linux", architecture: "amd64")
    let arm = Platform(os: "linux", architecture: "arm64")
    let indexed = Self.form { $0.annotations.index = ["a": "b"] }
    #expect(throws: ImageFormError.indexAnnotationsWithoutIndex) { try indexed.check(for: [amd]) }
    try indexed.check(for: [amd, arm])
    let own = Self.form { $0.annotations.manifest.byPlatform = [arm: ["a": "b"]] }
    #expect(throws: ImageFormError.annotationsForOtherPlatform(arm, built: [amd])) {
      try own.check(for: [amd])
    }
    try own.check(for: [amd, arm])
    #expect(
      "\(ImageFormError.indexAnnotationsWithoutIndex)"
        == "an image for one platform has no index to annotate; "
        + "hint: annotate the manifest, or build for several platforms")
    #expect(
      "\(ImageFormError.annotationsForOtherPlatform(arm, built: [amd]))"
        == "there are annotations for `linux/arm64`, which is not built; hint: `linux/amd64`")
  }
}

extension Reference {
  /// A name that the tests know to be one.
  fileprivate static func named(_ text: String) -> Reference {
    do { return try Reference(text) } catch { preconditionFailure("\(error)") }
  }
}
