/// A set of Linux capabilities; bit numbers are those of `linux/capability.h`.
package struct CapabilitySet: OptionSet, Sendable, Hashable {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }

  package static let changeOwner = CapabilitySet(rawValue: 1 << 0)
  package static let overrideAccess = CapabilitySet(rawValue: 1 << 1)
  package static let readAny = CapabilitySet(rawValue: 1 << 2)
  package static let fileOwner = CapabilitySet(rawValue: 1 << 3)
  package static let keepSetID = CapabilitySet(rawValue: 1 << 4)
  package static let kill = CapabilitySet(rawValue: 1 << 5)
  package static let setGroupID = CapabilitySet(rawValue: 1 << 6)
  package static let setUserID = CapabilitySet(rawValue: 1 << 7)
  package static let setCapabilities = CapabilitySet(rawValue: 1 << 8)
  package static let bindService = CapabilitySet(rawValue: 1 << 10)
  package static let rawNetwork = CapabilitySet(rawValue: 1 << 13)
  package static let module = CapabilitySet(rawValue: 1 << 16)
  package static let rawIO = CapabilitySet(rawValue: 1 << 17)
  package static let changeRoot = CapabilitySet(rawValue: 1 << 18)
  package static let trace = CapabilitySet(rawValue: 1 << 19)
  package static let accounting = CapabilitySet(rawValue: 1 << 20)
  package static let administer = CapabilitySet(rawValue: 1 << 21)
  package static let boot = CapabilitySet(rawValue: 1 << 22)
  package static let nice = CapabilitySet(rawValue: 1 << 23)
  package static let time = CapabilitySet(rawValue: 1 << 25)
  package static let terminal = CapabilitySet(rawValue: 1 << 26)
  package static let makeNode = CapabilitySet(rawValue: 1 << 27)
  package static let writeAudit = CapabilitySet(rawValue: 1 << 29)
  package static let setFileCapabilities = CapabilitySet(rawValue: 1 << 31)
  package static let systemLog = CapabilitySet(rawValue: 1 << 34)
  package static let performance = CapabilitySet(rawValue: 1 << 38)
  package static let bpf = CapabilitySet(rawValue: 1 << 39)

  /// The fourteen that Docker and BuildKit give to a container.
  package static let containerDefault: CapabilitySet = [
    .changeOwner, .overrideAccess, .keepSetID, .fileOwner, .makeNode, .rawNetwork, .setGroupID,
    .setUserID, .setFileCapabilities, .setCapabilities, .bindService, .changeRoot, .kill,
    .writeAudit,
  ]
  /// Every one that the kernel knows, for `--security=insecure`.
  package static let all = CapabilitySet(rawValue: .max)
}
