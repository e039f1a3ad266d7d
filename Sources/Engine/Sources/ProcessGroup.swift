internal import Subprocess

extension PlatformOptions {
  /// A process group of its own: who is cancelled is killed with all that it started.
  static var inGroupOfItsOwn: PlatformOptions {
    var options = PlatformOptions()
    options.processGroupID = 0
    options.teardownSequence = [
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
    ]
    return options
  }
}
