import BuildGraph
package import DockerfileSyntax
import OCI
import Reporting

/// The images that a build needs, resolved.
struct ImageCatalog: Sendable {
  private(set) var images: [ImageRequest: ResolvedImage] = [:]
  /// Why images could not be had, where the build can do without; in the order of the questions.
  private(set) var missing: [MissingImage] = []
  /// Whether it can.
  private let toleratesMissing: Bool

  init(toleratesMissing: Bool) {
    self.toleratesMissing = toleratesMissing
  }

  subscript(request: ImageRequest) -> ResolvedImage? { images[request] }

  /// Whether an image was asked for in vain.
  func isMissing(_ request: ImageRequest) -> Bool {
    missing.contains { $0.request == request }
  }

  /// How many questions are open at once.
  private static let concurrency = 8

  /// Asks for what is not known yet, several at once. Of several failures, the one of the first
  /// line is thrown.
  mutating func resolve(
    _ requests: [(request: ImageRequest, range: SourceRange)], stages: [String],
    resolver: some ImageResolver
  ) async throws {
    let unknown = requests.filter { images[$0.request] == nil && !isMissing($0.request) }
    let answers = try await withThrowingTaskGroup(
      of: (Int, Result<ResolvedImage, any Error>).self
    ) { group in
      var answers: [Int: Result<ResolvedImage, any Error>] = [:]
      for (index, question) in unknown.enumerated() {
        if index >= Self.concurrency, let (done, answer) = try await group.next() {
          answers[done] = answer
        }
        group.addTask {
          do {
            let image = try await resolver.resolve(
              question.request.reference, platform: question.request.platform)
            return (index, .success(image))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      for try await (done, answer) in group { answers[done] = answer }
      return answers
    }
    for (index, question) in unknown.enumerated() {
      switch answers[index] {
      case .success(let image): images[question.request] = image
      case .failure(let error as CancellationError): throw error
      case .failure(let error) where toleratesMissing:
        missing.append(
          MissingImage(request: question.request, cause: error, range: question.range))
      case .failure(let error):
        throw FrontendError(
          Self.problem(question.request, stages: stages, error), at: question.range)
      case nil: throw CancellationError()
      }
    }
  }

  private static func problem(
    _ request: ImageRequest, stages: [String], _ cause: any Error
  ) -> FrontendError.Reason {
    var name = (try? Reference(request.reference))?.familiar ?? request.reference
    if name.hasSuffix(":latest") { name.removeLast(7) }
    let remedy: String? =
      if stages.contains(name) {
        "the stage `\(name)` is defined later: move it up"
      } else {
        Suggestion.closest(to: name, among: stages).map { "did you mean the stage `\($0)`?" }
      }
    return .unresolvedImage(name, remedy: remedy, cause: cause)
  }
}

/// An image that could not be had.
package struct MissingImage: Sendable {
  let request: ImageRequest
  /// Why.
  package let cause: any Error
  /// The first line that asks for it.
  package let range: SourceRange

  /// Its name in short.
  package var name: String {
    (try? Reference(request.reference))?.familiar ?? request.reference
  }
}
