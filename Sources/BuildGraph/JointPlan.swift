/// Several plans as one: what they have in common is in it once.
package struct JointPlan: Sendable {
  /// In an order in which each comes after its inputs. Equal steps have the label and the lines of the
  /// first.
  package private(set) var vertices: [Vertex] = []
  /// For each plan, the vertex whose state its image has.
  package private(set) var targets: [Int] = []

  private var known: [Work: Int] = [:]

  /// What makes two vertices interchangeable: what they do, and to what.
  private struct Work: Hashable {
    let operation: Operation
    let inputs: [Int]
    let ignoresCache: Bool
  }

  package init(_ plans: [BuildPlan]) {
    for plan in plans { add(plan) }
  }

  private mutating func add(_ plan: BuildPlan) {
    var places: [Int] = []
    for var vertex in plan.vertices {
      vertex.inputs = vertex.inputs.map { places[$0] }
      let work = Work(
        operation: vertex.operation, inputs: vertex.inputs, ignoresCache: vertex.ignoresCache)
      if let place = known[work] {
        places.append(place)
      } else {
        known[work] = vertices.count
        places.append(vertices.count)
        vertices.append(vertex)
      }
    }
    targets.append(places[plan.target])
  }

  /// All vertices that a vertex needs, itself included.
  package func vertices(under index: Int) -> Set<Int> {
    var needed: Set<Int> = [index]
    for vertex in (0...index).reversed() where needed.contains(vertex) {
      needed.formUnion(vertices[vertex].inputs)
    }
    return needed
  }

  /// The vertices that the targets stand on, themselves included: each adds a layer to an image, or
  /// stands for layers that came with one. Where layers are stacked, only those of the lowest input
  /// count.
  package var imageSteps: Set<Int> {
    var steps: Set<Int> = []
    for target in targets {
      var index = target
      while steps.insert(index).inserted, let base = vertices[index].inputs.first { index = base }
    }
    return steps
  }
}
