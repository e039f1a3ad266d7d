/// Which of a process's two streams a piece of output came from.
package enum StandardStream: String, Sendable, Equatable {
  case stdout
  case stderr
}
