import BuildGraph
import DockerfileSyntax
import OCI

extension StageLowering {
  /// Lowers one instruction.
  mutating func lower(_ step: StageGraph.Step) throws(FrontendError) {
    label.platform = labelPlatform
    lint(step)
    switch step.instruction.kind {
    case .add(let add): try lowerCopy(add, step)
    case .arg(let argument): try lowerArgument(argument, step)
    case .cmd(let command): lowerCommand(command)
    case .copy(let copy): try lowerCopy(copy, step)
    case .entrypoint(let command): lowerEntrypoint(command)
    case .env(let pairs): try lowerEnvironment(pairs, step)
    case .expose(let expose): try lowerExpose(expose, step)
    case .healthcheck(let check): lowerHealthcheck(check)
    case .label(let pairs): try lowerLabels(pairs, step)
    case .maintainer(let author):
      state.configuration.author = author
      state.record("MAINTAINER \(author)")
    case .onbuild(let onbuild): state.configuration.process.onBuild.append(onbuild.text)
    case .run(let run): try lowerRun(run, step)
    case .shell(let words):
      state.configuration.process.shell = words
      state.record("SHELL " + GoFormat.list(words))
    case .stopSignal(let signal): try lowerStopSignal(signal, step)
    case .user(let user):
      let user = try expand(user, step)
      state.configuration.process.user = user
      state.record("USER \(user)")
    case .volume(let paths): try lowerVolumes(paths, step)
    case .workdir(let path): try lowerWorkingDirectory(path, step)
    }
  }

  // MARK: - Variables

  /// A build argument counts before the default, and a global value where there is no default.
  /// Each one is seen by the next of the same line. Without any value, the environment stays.
  private mutating func lowerArgument(
    _ declaration: ArgumentInstruction, _ step: StageGraph.Step
  ) throws(FrontendError) {
    var record = "ARG"
    for argument in declaration.arguments {
      let name = argument.name
      let value: String? =
        if let given = arguments.buildArguments[name] {
          given
        } else if let word = argument.defaultValue {
          try expand(word, step)
        } else {
          arguments.environment[name]
        }
      if let value, !GlobalArguments.withoutEnvironment.contains(name) {
        state.environment.append(name, value)
      }
      state.declare(StageState.DeclaredArgument(name: name, value: value))
      record += " " + name + (value.map { "=" + $0 } ?? "")
    }
    state.record(record)
  }

  private mutating func lowerEnvironment(
    _ pairs: [KeyValuePair], _ step: StageGraph.Step
  ) throws(FrontendError) {
    let pairs = try expand(pairs, step)
    state.setEnvironment(pairs)
    state.record("ENV" + pairs.map { " \($0)=\($1)" }.joined())
  }

  private mutating func lowerLabels(
    _ pairs: [KeyValuePair], _ step: StageGraph.Step
  ) throws(FrontendError) {
    let pairs = try expand(pairs, step)
    for (key, value) in pairs { state.configuration.process.labels[key] = value }
    state.record("LABEL" + pairs.map { " \($0)=\($1)" }.joined())
  }

  private mutating func expand(
    _ pairs: [KeyValuePair], _ step: StageGraph.Step
  ) throws(FrontendError) -> [(String, String)] {
    var expanded: [(String, String)] = []
    for pair in pairs {
      let key = try expand(pair.key, step)
      expanded.append((key, try expand(pair.value, step)))
    }
    return expanded
  }

  // MARK: - What the image runs

  private mutating func lowerCommand(_ command: CommandLine) {
    let words = state.words(command)
    state.configuration.process.command = words.isEmpty ? nil : words
    state.configuration.process.argumentsEscaped = true
    state.hasOwnCommand = true
    state.record("CMD " + GoFormat.quotedList(words))
  }

  /// An inherited `CMD` was meant for another entrypoint.
  private mutating func lowerEntrypoint(_ command: CommandLine) {
    let words = state.words(command)
    state.configuration.process.entrypoint = words.isEmpty ? nil : words
    if !state.hasOwnCommand { state.configuration.process.command = nil }
    state.record("ENTRYPOINT " + GoFormat.quotedList(words))
  }

  private mutating func lowerHealthcheck(_ check: HealthcheckInstruction) {
    let test =
      switch check.test {
      case .none: ["NONE"]
      case .command(.shell(let text)): ["CMD-SHELL", text]
      case .command(.exec(let words)): ["CMD"] + words
      }
    func nonzero(_ nanoseconds: Int64) -> Int64? { nanoseconds == 0 ? nil : nanoseconds }
    var configured = ProcessConfiguration.Healthcheck(test: test)
    configured.interval = nonzero(check.interval)
    configured.timeout = nonzero(check.timeout)
    configured.startPeriod = nonzero(check.startPeriod)
    configured.startInterval = nonzero(check.startInterval)
    configured.retries = check.retries == 0 ? nil : check.retries
    state.configuration.process.healthcheck = configured
    let fields = [
      "Test:" + GoFormat.list(test),
      "Interval:" + GoFormat.duration(check.interval),
      "Timeout:" + GoFormat.duration(check.timeout),
      "StartPeriod:" + GoFormat.duration(check.startPeriod),
      "StartInterval:" + GoFormat.duration(check.startInterval),
      "Retries:\(check.retries)",
    ]
    state.record("HEALTHCHECK {" + fields.joined(separator: " ") + "}")
  }

  private mutating func lowerStopSignal(
    _ word: String, _ step: StageGraph.Step
  ) throws(FrontendError) {
    let signal = try expand(word, step)
    guard SignalName.isValid(signal) else {
      throw FrontendError(.invalidSignal(signal), at: step.range)
    }
    state.configuration.process.stopSignal = signal
    state.record("STOPSIGNAL \(signal)")
  }

  private mutating func lowerExpose(
    _ expose: ExposeInstruction, _ step: StageGraph.Step
  ) throws(FrontendError) {
    var names: [String] = []
    for word in expose.ports.sorted() {
      for port in try silentExpansion(of: word, step).words {
        lint(port: port, step)
        do {
          names += try PortSpecification(port).names
        } catch {
          throw FrontendError(.invalidPort(port, error), at: step.range)
        }
      }
    }
    state.configuration.process.exposedPorts.formUnion(names)
    state.record("EXPOSE " + GoFormat.list(names))
  }

  private mutating func lowerVolumes(
    _ words: [String], _ step: StageGraph.Step
  ) throws(FrontendError) {
    let paths = try expand(words, step)
    guard !paths.contains("") else { throw FrontendError(.emptyVolume, at: step.range) }
    state.configuration.process.volumes.formUnion(paths)
    state.record("VOLUME " + GoFormat.list(paths))
  }

  // MARK: - WORKDIR

  /// The directory is made even if it is there, except for the root; `USER` owns what is made.
  private mutating func lowerWorkingDirectory(
    _ word: String, _ step: StageGraph.Step
  ) throws(FrontendError) {
    let word = try expand(word, step)
    lint(workingDirectory: word, step)
    let path = ImagePath.workingDirectory(state.configuration.process.workingDirectory, word)
    state.configuration.process.workingDirectory = path
    let text = label.next(StepLabel.text(of: step.instruction), isTrigger: step.isTrigger)
    guard path != "/" else { return state.record("WORKDIR /") }
    var action = MakeDirectoryAction(path: state.workingDirectory, owner: state.user)
    action.time = arguments.sourceDateEpoch
    let vertex = add(
      .file([.makeDirectory(action)]), inputs: [state.vertex], label: text, step: step)
    state.record("WORKDIR \(path)", layerOf: vertex)
  }
}
