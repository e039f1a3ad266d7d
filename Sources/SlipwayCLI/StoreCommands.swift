import Archive
import ArgumentParser
import Exporters
import Glibc
import OCI
import Reporting
import Slipway
import SystemPackage

/// `slipway images`.
struct ImagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "images", abstract: "List the images of the store.")

  @Flag(help: "As JSON.")
  var json = false

  @Flag(name: .shortAndLong, help: "Digests only.")
  var quiet = false

  func run() throws {
    do {
      let images = try Home.ofCaller().images()
      if json {
        Terminal.write(String(decoding: try JSON.encodePretty(images), as: UTF8.self))
      } else if quiet {
        for image in images { Terminal.write("\(image.digest)") }
      } else {
        Terminal.write(ImagesCommand.table(images))
      }
    } catch {
      throw CommandFailure.saying(error)
    }
  }

  private static func table(_ images: [ListedImage]) -> String {
    let header = ["IMAGE", "DIGEST", "PLATFORM", "CREATED", "SIZE"]
    let rows = images.map { image in
      [
        image.name ?? "<none>", image.digest.short, image.platforms.joined(separator: ","),
        image.created?.description ?? "", HumanFormat.bytes(image.size),
      ]
    }
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    return ([header] + rows).map { row in
      var line = ""
      for (cell, width) in zip(row, widths) {
        line += cell + String(repeating: " ", count: width - cell.count + 2)
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}

/// `slipway inspect`.
struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show an image's manifest and configuration as JSON.")

  @Argument(help: "An image of the store.")
  var image: String

  @Flag(help: "List the image's files instead.")
  var files = false

  @Option(help: "Which platform's image of an index to show, such as linux/arm64.")
  var platform: String?

  func run() async throws {
    do {
      let home = try Home.ofCaller()
      let platform = try self.platform.map { try Platform.parse($0) } ?? .host
      if files {
        for file in try await home.files(of: image, platform: platform) {
          Terminal.write(file.line)
        }
      } else {
        let inspected = try home.inspect(image, platform: platform)
        Terminal.write(String(decoding: try JSON.encodePretty(inspected), as: UTF8.self))
      }
    } catch {
      throw CommandFailure.saying(error)
    }
  }
}

extension ListedFile {
  /// As `ls -l` has it: mode, owner, size, path.
  fileprivate var line: String {
    let size = String(metadata.size)
    let padding = String(repeating: " ", count: max(0, 12 - size.count))
    let target =
      metadata.kind == .symbolicLink
      ? " -> " + TerminalText.line(String(decoding: metadata.linkTarget, as: UTF8.self)) : ""
    return "\(modeText) \(metadata.userID):\(metadata.groupID)\(padding)\(size) "
      + TerminalText.line(path) + target
  }
}

/// `slipway tag`.
struct TagCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tag", abstract: "Give an image a further name.")

  @Argument(help: "An image of the store.")
  var image: String

  @Argument(help: "The new name.")
  var name: String

  func run() throws {
    do {
      try Home.ofCaller().tag(image, as: Reference.parse(newName: name))
    } catch {
      throw CommandFailure.saying(error)
    }
  }
}

/// `slipway rm`.
struct RemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Take names away; images without a name left are deleted.")

  @Argument(help: "Images of the store.")
  var images: [String]

  func run() throws {
    do {
      let home = try Home.ofCaller()
      var failure: CommandFailure?
      for image in images {
        do {
          Terminal.writeError(try home.remove(image))
        } catch {
          failure = CommandFailure.saying(error)
        }
      }
      if let failure { throw failure }
    } catch {
      throw CommandFailure.saying(error)
    }
  }
}

/// `slipway load`.
struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load",
    abstract: "Read images from an OCI layout, or an OCI or Docker archive, into the store.")

  @Option(name: .shortAndLong, help: "The archive or layout; standard input where none is given.")
  var input: String?

  func run() throws {
    do {
      if input == nil, isatty(STDIN_FILENO) != 0 { throw ArgumentProblem.terminalInput }
      let images = try Home.ofCaller().load(input.map { FilePath($0) })
      for image in images {
        let names = image.names.map(\.familiar).joined(separator: ", ")
        Terminal.write("loaded \(names.isEmpty ? "\(image.descriptor.digest)" : names)")
      }
    } catch {
      throw CommandFailure.saying(error)
    }
  }
}

/// `slipway save`.
struct SaveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "save",
    abstract: "Write images to an archive that `docker load`, `podman load` and others read.")

  @Option(name: .shortAndLong, help: "Where to; standard output where none is given.")
  var output: String?

  @Option(help: "docker-archive, oci-archive or oci (a directory).")
  var format = SaveFormat.dockerArchive

  @Argument(help: "Images of the store.")
  var images: [String]

  func run() async throws {
    do {
      if output == nil, isatty(STDOUT_FILENO) != 0 { throw ArgumentProblem.terminalOutput }
      try await Home.ofCaller().save(images, as: format, to: output.map { FilePath($0) })
    } catch {
      throw CommandFailure.saying(error)
    }
  }
}

extension SaveFormat: ExpressibleByArgument {}
