import FuzzInvariants

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzHeredoc(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  FuzzTarget.heredoc.run(UnsafeBufferPointer(start: bytes, count: count))
}
