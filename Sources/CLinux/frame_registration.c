// A static executable's start-up code registers its unwind tables in a way that makes the first
// unwinding sort every entry of the program: 30 ms for an async `main`, which unwinds as its first
// thread ends. Linked with `--wrap=__register_frame_info` and `--wrap=__deregister_frame_info`,
// nothing is registered, and libgcc finds the sorted table of PT_GNU_EH_FRAME instead.

void __wrap___register_frame_info(const void *begin, void *object);
void *__wrap___deregister_frame_info(const void *begin);

void __wrap___register_frame_info(const void *begin, void *object) {
  (void)begin;
  (void)object;
}

void *__wrap___deregister_frame_info(const void *begin) {
  (void)begin;
  return 0;
}
