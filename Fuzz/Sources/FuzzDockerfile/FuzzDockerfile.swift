import FuzzInvariants

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzDockerfile(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  FuzzTarget.dockerfile.run(UnsafeBufferPointer(start: bytes, count: count))
}
