import BuildGraph
import OCI
import Testing

@Suite("A joint plan")
struct JointPlanTests {
  /// A plan of `FROM scratch`, a step that all plans have, and one of its own.
  private func plan(_ own: String, ignoringCache: Bool = false) -> BuildPlan {
    var plan = BuildPlan(target: 0, configuration: ImageConfiguration(platform: .host))
    // Plans number their vertices as they like.
    if own == "b" { _ = plan.add(Vertex(.source(.host), label: "unused")) }
    let scratch = plan.add(Vertex(.source(.scratch), label: "scratch"))
    let shared = plan.add(
      Vertex(.file([file("shared")]), inputs: [scratch], label: "shared \(own)"))
    var last = Vertex(.file([file(own)]), inputs: [shared], label: own)
    last.ignoresCache = ignoringCache
    plan.target = plan.add(last)
    return plan
  }

  private func file(_ name: String) -> FileAction {
    .makeFile(MakeFileAction(name: name, destination: "/\(name)", contents: [1]))
  }

  @Test("has what its plans have in common once, under the first one's label")
  func common() {
    let joint = JointPlan([plan("a"), plan("b"), plan("a")])
    #expect(joint.vertices.map(\.label) == ["scratch", "shared a", "a", "unused", "b"])
    #expect(joint.vertices.map(\.inputs) == [[], [0], [1], [], [1]])
    #expect(joint.targets == [2, 4, 2])
    #expect(joint.imageSteps == [0, 1, 2, 4])
  }

  @Test("keeps a step that must run apart from an equal one that need not")
  func ignoredCache() {
    let joint = JointPlan([plan("a"), plan("a", ignoringCache: true)])
    #expect(joint.targets == [2, 3])
    #expect(joint.vertices[3].inputs == [1])
  }
}
