import OCI
import Testing

@testable import Registry

@Suite("DocumentType")
struct DocumentTypeTests {
  @Test(
    "is what the document says, then what the server says, then what it looks like",
    arguments: [
      (
        #"{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#,
        MediaType.manifest.rawValue, MediaType.index
      ),
      (
        #"{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{},"layers":[]}"#,
        "text/html", .dockerManifest
      ),
      (#"{"config":{},"layers":[]}"#, MediaType.dockerManifest.rawValue, .dockerManifest),
      (#"{"config":{},"layers":[]}"#, "application/json; charset=utf-8", .manifest),
      (#"{"config":{},"layers":[]}"#, nil, .manifest), (#"{"manifests":[]}"#, nil, .index),
      (#"{"manifests":[]}"#, MediaType.dockerManifestList.rawValue + "; x=y", .dockerManifestList),
      (
        #"{"schemaVersion":1,"fsLayers":[]}"#,
        "application/vnd.docker.distribution.manifest.v1+prettyjws", DocumentType.schema1
      ),
      (#"{"schemaVersion":1,"name":"a"}"#, MediaType.manifest.rawValue, DocumentType.schema1),
      (#"{"fsLayers":[],"history":[]}"#, nil, DocumentType.schema1),
      (#"{"a":"b"}"#, "text/plain", MediaType(rawValue: "text/plain")), (#"{}"#, nil, nil),
      ("[]", MediaType.manifest.rawValue, nil), ("", nil, nil), ("<html>", "text/html", nil),
      (#"{"mediaType":1,"config":{},"layers":[]}"#, MediaType.manifest.rawValue, nil),
    ] as [(String, String?, MediaType?)])
  func types(_ text: String, _ contentType: String?, _ expected: MediaType?) {
    #expect(DocumentType.of(Array(text.utf8), contentType: contentType) == expected)
  }

  @Test(
    "is nothing where a document could be taken for two",
    arguments: [
      #"{"manifests":[],"config":{},"layers":[]}"#, #"{"manifests":[],"layers":[]}"#,
      #"{"mediaType":"application/vnd.oci.image.index.v1+json","config":{},"layers":[]}"#,
      #"{"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#,
      #"{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"layers":[]}"#,
    ])
  func ambiguous(_ text: String) {
    #expect(DocumentType.of(Array(text.utf8), contentType: nil) == nil)
    #expect(DocumentType.of(Array(text.utf8), contentType: MediaType.index.rawValue) == nil)
  }
}
