import OCI
import TestSupport
import Testing

@testable import Registry

@Suite("Referrers")
struct ReferrersTests {
  private let scratch: RegistryScratch
  private let spdx = MediaType(rawValue: "application/spdx+json")

  init() throws { scratch = try RegistryScratch() }

  private func registry(offersReferrers: Bool) throws -> (FaultyRegistry, Descriptor) {
    var options = FaultyRegistry.Options()
    options.offersReferrers = offersReferrers
    let registry = try FaultyRegistry(options)
    let subject = try registry.addImage([], to: "app", tag: "1")
    try registry.put(blob: Array("{}".utf8), in: "app")
    return (registry, subject)
  }

  private func statement(
    _ type: MediaType, about subject: Descriptor, _ text: String = "b"
  ) throws -> [UInt8] {
    var statement = Manifest(
      config: Descriptor(of: Array("{}".utf8), as: .empty), layers: [], annotations: ["a": text])
    statement.artifactType = type
    statement.subject = subject
    return try JSON.encode(statement)
  }

  @Test("are listed by the registry, or under the fallback tag", arguments: [true, false])
  func listing(_ offersReferrers: Bool) async throws {
    let (registry, subject) = try registry(offersReferrers: offersReferrers)
    let repository = try scratch.repository("\(registry.host)/app")
    #expect(try await repository.referrers(to: subject.digest) == [])
    let first = try await repository.put(
      referrer: statement(spdx, about: subject), .manifest)
    let second = try await repository.put(
      referrer: statement(MediaType(rawValue: "application/x"), about: subject), .manifest)
    // Once more makes no second entry.
    _ = try await repository.put(referrer: statement(spdx, about: subject), .manifest)
    let all = try await repository.referrers(to: subject.digest)
    #expect(Set(all.map(\.digest)) == [first.digest, second.digest] && all.count == 2)
    let some = try await repository.referrers(to: subject.digest, artifactType: spdx)
    #expect(some.map(\.digest) == [first.digest])
    #expect(some.first?.artifactType == spdx && some.first?.annotations == ["a": "b"])
    let fallback = "sha256-\(subject.digest.hex)"
    #expect(registry.tags(in: "app").contains(fallback) == !offersReferrers)
  }

  @Test("need no filter of the registry's own")
  func filter() async throws {
    let (registry, subject) = try registry(offersReferrers: true)
    let repository = try scratch.repository("\(registry.host)/app")
    _ = try await repository.put(referrer: statement(spdx, about: subject), .manifest)
    let all = try JSON.encode(
      ImageIndex(manifests: try await repository.referrers(to: subject.digest)))
    registry.inject(.body(all), on: .matching(path: "/referrers/"), times: .max)
    let other = MediaType(rawValue: "application/x")
    #expect(try await repository.referrers(to: subject.digest, artifactType: other) == [])
    #expect(try await repository.referrers(to: subject.digest, artifactType: spdx).count == 1)
  }

  @Test(
    "are looked for under the tag where the registry does not understand",
    arguments: [400, 404, 405, 406, 501])
  func refusals(_ status: Int) async throws {
    let (registry, subject) = try registry(offersReferrers: false)
    let repository = try scratch.repository("\(registry.host)/app")
    let stored = try await repository.put(
      referrer: statement(spdx, about: subject), .manifest)
    registry.inject(.respond(status), on: .matching(path: "/referrers/"), times: .max)
    #expect(try await repository.referrers(to: subject.digest).map(\.digest) == [stored.digest])
  }

  @Test("that cannot be asked for are an error, and not none")
  func failures() async throws {
    let (registry, subject) = try registry(offersReferrers: true)
    let repository = try scratch.repository("\(registry.host)/app")
    for status in [403, 503] {
      registry.inject(.respond(status), on: .matching(path: "/referrers/"), times: 4)
      let error = await failure { try await repository.referrers(to: subject.digest) }
      #expect((error as? RegistryError)?.status == status)
      registry.server.clearFaults()
    }
  }
}
