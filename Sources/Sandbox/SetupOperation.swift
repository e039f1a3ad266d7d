import CLinux
package import SystemPackage

/// One step of setting a sandbox up: what the C helper carries out, in order. `linux_sandbox.h`
/// has the layout of each.
package enum SetupOperation: Sendable, Equatable {
  case namespaces(flags: UInt32, ownSession: Bool, userMap: String, groupMap: String)
  case rootOverlay(layers: [FilePath], scratch: OverlayScratch?, legacyMount: Bool)
  case rootDirectory(FilePath)
  case mountFileSystem(
    type: String, target: FilePath, attributes: MountAttributes, options: [String],
    fallback: FilePath?)
  case attach(SandboxMount)
  case device(name: String, major: UInt32, minor: UInt32)
  case symlink(path: FilePath, value: String)
  case mask(FilePath)
  case makeReadOnly(FilePath)
  case sealRoot
  case enterRoot
  case hostname(String)
  case loopbackUp
  case standardStreams(nulls: UInt32, userID: UInt32)
  case resourceLimit(ResourceLimit)
  case boundingSet(CapabilitySet)
  case credentials(SandboxUser)
  case capabilities(CapabilitySet)
  case noNewPrivileges
  case seccomp(SeccompFilter)
  case workingDirectory(FilePath, owner: SandboxUser)
  case execute(arguments: [String], environment: [String], searchPath: String)
}

/// `MOUNT_ATTR_*` of `mount_setattr(2)`.
package struct MountAttributes: OptionSet, Sendable, Hashable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let readOnly = MountAttributes(rawValue: 0x01)
  package static let noSetUserID = MountAttributes(rawValue: 0x02)
  package static let noDevices = MountAttributes(rawValue: 0x04)
  package static let noExecute = MountAttributes(rawValue: 0x08)
  package static let strictAccessTime = MountAttributes(rawValue: 0x20)

  package init(_ options: SandboxMount.Options) {
    self = []
    if options.contains(.readOnly) { insert(.readOnly) }
    if options.contains(.noSetUserID) { insert(.noSetUserID) }
    if options.contains(.noDevices) { insert(.noDevices) }
    if options.contains(.noExecute) { insert(.noExecute) }
    if options.contains(.strictAccessTime) { insert(.strictAccessTime) }
  }
}

extension SetupOperation {
  /// What it does, as it stands in "cannot ...".
  package var purpose: String {
    switch self {
    case .namespaces: "make namespaces"
    case .rootOverlay, .rootDirectory: "mount the root file system"
    case .mountFileSystem(_, let target, _, _, _): "mount at `\(target)`"
    case .attach(let mount): "mount at `\(mount.target)`"
    case .device(let name, _, _): "provide `/dev/\(name)`"
    case .symlink(let path, _): "provide `\(path)`"
    case .mask(let path): "mask `\(path)`"
    case .makeReadOnly(let path): "make `\(path)` read-only"
    case .sealRoot: "make the root file system read-only"
    case .enterRoot: "enter the root file system"
    case .hostname(let name): "set the host name `\(name)`"
    case .loopbackUp: "bring the loopback interface up"
    case .standardStreams: "set the standard streams up"
    case .resourceLimit(let limit): "set the limit `\(limit.resource)`"
    case .boundingSet, .capabilities: "set capabilities"
    case .credentials(let user): "become user \(user.userID), group \(user.groupID)"
    case .noNewPrivileges: "refuse new privileges"
    case .seccomp: "install the seccomp filter"
    case .workingDirectory(let path, _): "enter `\(path)`"
    case .execute(let arguments, _, _): "execute `\(arguments.first ?? "")`"
    }
  }

  func encode(into encoder: inout PlanEncoder) {
    switch self {
    case .namespaces(let flags, let ownSession, let userMap, let groupMap):
      encoder.begin(SLIPWAY_NAMESPACES)
      encoder.append(flags)
      encoder.append(ownSession)
      encoder.append(userMap)
      encoder.append(groupMap)
    case .rootOverlay(let layers, let scratch, let legacyMount):
      encoder.begin(SLIPWAY_ROOT_OVERLAY)
      encoder.append(scratch == nil)
      encoder.append(legacyMount)
      encoder.append(layers: layers, scratch: scratch)
    case .rootDirectory(let path):
      encoder.begin(SLIPWAY_ROOT_DIRECTORY)
      encoder.append(false)
      encoder.append(path)
    case .mountFileSystem(let type, let target, let attributes, let options, let fallback):
      encoder.begin(SLIPWAY_MOUNT_FILE_SYSTEM)
      encoder.append(target)
      encoder.append(attributes.rawValue)
      encoder.append(type)
      encoder.append(fallback ?? FilePath())
      encoder.append(options)
    case .attach(let mount):
      mount.encode(into: &encoder)
    case .device(let name, let major, let minor):
      encoder.begin(SLIPWAY_DEVICE)
      encoder.append("/dev/\(name)")
      encoder.append(name)
      encoder.append(major)
      encoder.append(minor)
    case .symlink(let path, let value):
      encoder.begin(SLIPWAY_SYMLINK)
      encoder.append(path)
      encoder.append(value)
    case .mask(let path):
      encoder.begin(SLIPWAY_MASK)
      encoder.append(path)
    case .makeReadOnly(let path):
      encoder.begin(SLIPWAY_MAKE_READ_ONLY)
      encoder.append(path)
    case .sealRoot:
      encoder.begin(SLIPWAY_SEAL_ROOT)
    case .enterRoot:
      encoder.begin(SLIPWAY_ENTER_ROOT)
    case .hostname(let name):
      encoder.begin(SLIPWAY_HOSTNAME)
      encoder.append(name)
    case .loopbackUp:
      encoder.begin(SLIPWAY_LOOPBACK_UP)
    case .standardStreams(let nulls, let userID):
      encoder.begin(SLIPWAY_STANDARD_STREAMS)
      encoder.append(nulls)
      encoder.append(userID)
    case .resourceLimit(let limit):
      encoder.begin(SLIPWAY_RESOURCE_LIMIT)
      encoder.append(limit.resource.rawValue)
      encoder.append(limit.soft)
      encoder.append(limit.hard)
    case .boundingSet(let kept):
      encoder.begin(SLIPWAY_BOUNDING_SET)
      encoder.append(kept)
    case .credentials(let user):
      encoder.begin(SLIPWAY_CREDENTIALS)
      encoder.append(user.userID)
      encoder.append(user.groupID)
      encoder.append(user.supplementaryGroups.flatMap { withUnsafeBytes(of: $0, Array.init) })
    case .capabilities(let held):
      encoder.begin(SLIPWAY_CAPABILITIES)
      encoder.append(held)
    case .noNewPrivileges:
      encoder.begin(SLIPWAY_NO_NEW_PRIVILEGES)
    case .seccomp(let filter):
      encoder.begin(SLIPWAY_SECCOMP)
      encoder.append(filter.bytes)
    case .workingDirectory(let path, let owner):
      encoder.begin(SLIPWAY_WORKING_DIRECTORY)
      encoder.append(path)
      encoder.append(owner.userID)
      encoder.append(owner.groupID)
    case .execute(let arguments, let environment, let searchPath):
      encoder.begin(SLIPWAY_EXECUTE)
      encoder.append(searchPath)
      encoder.append(arguments)
      encoder.append(environment)
    }
    encoder.end()
  }
}

extension SandboxMount {
  fileprivate func encode(into encoder: inout PlanEncoder) {
    let attributes = MountAttributes(options)
    func begin(_ kind: slipway_operation, with encoder: inout PlanEncoder) {
      encoder.begin(kind)
      encoder.append(target)
      encoder.append(attributes.rawValue)
    }
    switch content {
    case .bind(let base, let path, let recursive):
      begin(SLIPWAY_BIND, with: &encoder)
      encoder.append(recursive)
      encoder.append(base ?? FilePath())
      encoder.append(path)
    case .layers(let layers, let path, let scratch):
      begin(SLIPWAY_BIND_LAYERS, with: &encoder)
      encoder.append(path)
      encoder.append(layers: layers, scratch: scratch)
    case .file(let contents, let mode, let userID, let groupID):
      begin(SLIPWAY_FILE, with: &encoder)
      encoder.append(mode)
      encoder.append(userID)
      encoder.append(groupID)
      encoder.append(contents)
    case .temporary(let size, let mode):
      begin(SLIPWAY_MOUNT_FILE_SYSTEM, with: &encoder)
      encoder.append("tmpfs")
      encoder.append(FilePath())
      encoder.append(
        ["mode=0\(String(mode & 0o7777, radix: 8))"] + (size.map { ["size=\($0)"] } ?? []))
    }
  }
}
