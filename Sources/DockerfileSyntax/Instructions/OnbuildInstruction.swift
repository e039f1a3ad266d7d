/// `ONBUILD`: an instruction for the builds that are based on this image.
package struct OnbuildInstruction: Hashable, Sendable {
  /// The trigger as it is stored in an image, bodies of heredocs included;
  /// `Dockerfile.parseInstruction` reads it. Nobody has found out yet whether it can be understood.
  package var text: String
}
