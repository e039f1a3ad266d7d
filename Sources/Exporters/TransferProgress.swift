/// Is told how many bytes went by since the last call; called often, on the thread that works.
package typealias TransferProgress = @Sendable (_ bytes: Int64) -> Void
