package import OCI

/// A step of a plan: an operation on the states that other steps make.
package struct Vertex: Sendable {
  package var operation: Operation
  /// Indexes of earlier vertices of the plan.
  package var inputs: [Int]
  /// What people see, such as `[build 3/7] RUN go build`.
  package var label: String
  /// Lines of the Dockerfile, from 1; nil for steps that no line asked for.
  package var lines: ClosedRange<Int>?
  /// The stage that it belongs to, for `--no-cache-filter`; nil for sources.
  package var stage: String?
  /// Whether its cached result must not be used (`--no-cache`).
  package var ignoresCache = false

  package init(
    _ operation: Operation, inputs: [Int] = [], label: String, lines: ClosedRange<Int>? = nil,
    stage: String? = nil
  ) {
    self.operation = operation
    self.inputs = inputs
    self.label = label
    self.lines = lines
    self.stage = stage
  }
}

/// Everything a build does: a value with a digest. Vertices stand in an order in which each comes
/// after its inputs.
package struct BuildPlan: Sendable {
  package var vertices: [Vertex] = []
  /// The vertex whose state the image has.
  package var target: Int
  /// The image's configuration, without diff ids. Its history holds the entries of the base image
  /// and one for each instruction; the entries that make a layer are listed in `layerHistory`.
  package var configuration: ImageConfiguration
  /// For each vertex on the target's own chain that adds a layer: the index of its entry in
  /// `configuration.history`.
  package var layerHistory: [Int: Int] = [:]
  /// What `configuration` was derived from; nil for `FROM scratch`.
  package var base: ImageSource?

  package init(target: Int, configuration: ImageConfiguration) {
    self.target = target
    self.configuration = configuration
  }

  /// Appends a vertex and returns its index.
  package mutating func add(_ vertex: Vertex) -> Int {
    vertices.append(vertex)
    return vertices.count - 1
  }
}
