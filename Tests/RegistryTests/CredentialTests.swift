import Registry
import Testing

@Suite("Credential")
struct CredentialTests {
  private struct Holder {
    let credential: Credential
    let credentials: [String: Credential?]
  }

  @Test(
    "shows its secret in no description",
    arguments: [
      Credential.password(username: "name", password: "s3cret"), .identityToken("s3cret"),
      .registryToken("s3cret"),
    ])
  func descriptions(credential: Credential) {
    let holder = Holder(credential: credential, credentials: ["a": credential, "b": nil])
    var texts = [
      "\(credential)", String(describing: credential), String(reflecting: credential),
      "\(holder)", String(reflecting: holder), "\([credential])", "\(Optional(credential) as Any)",
      "\(Result<Credential, any Error>.success(credential))",
    ]
    for value in [credential as Any, holder as Any] {
      var dumped = ""
      dump(value, to: &dumped)
      texts.append(dumped)
    }
    for text in texts { #expect(!text.contains("s3cret"), "\(text)") }
  }

  @Test("says what kind it is, and whose")
  func kinds() {
    #expect("\(Credential.password(username: "me", password: "x"))" == "the password of `me`")
    #expect("\(Credential.password(username: "\u{1B}[2J", password: "x"))".contains("\\u{1B}"))
    #expect("\(Credential.identityToken("x"))" == "an identity token")
    #expect("\(Credential.registryToken("x"))" == "a registry token")
  }
}
