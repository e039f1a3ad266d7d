#ifndef SLIPWAY_CLINUX_H
#define SLIPWAY_CLINUX_H

// The Linux interfaces that Swift cannot call: variadic functions, system calls that glibc does not
// wrap, and code that must run before Swift has threads.

#include "linux_files.h"
#include "linux_sandbox.h"
#include "linux_user_namespace.h"

#endif
