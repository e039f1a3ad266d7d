import FuzzInvariants

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzExpansion(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  FuzzTarget.expansion.run(UnsafeBufferPointer(start: bytes, count: count))
}
