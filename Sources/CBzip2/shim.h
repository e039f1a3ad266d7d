#define BZ_NO_STDIO
#include <bzlib.h>
