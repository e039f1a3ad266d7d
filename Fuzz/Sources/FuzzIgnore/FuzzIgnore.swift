import FuzzInvariants

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzIgnore(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  FuzzTarget.ignore.run(UnsafeBufferPointer(start: bytes, count: count))
}
