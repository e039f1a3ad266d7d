/// `ONBUILD`: an instruction for the builds that are based on this image.
package struct OnbuildInstruction: Hashable, Sendable {
  /// The trigger as it is stored in an image, bodies of heredocs included;
  /// `Dockerfile.parseInstruction` reads it.
  package var text: String
  /// The trigger, understood.
  package var trigger: Instruction
}
