#ifndef SLIPWAY_LINUX_USER_NAMESPACE_H
#define SLIPWAY_LINUX_USER_NAMESPACE_H

#include <sys/types.h>

// Forks a child that waits at the pipe `ends` and becomes `arguments[0]` when something is written to
// it; it ends when the pipe is closed. The caller must have one thread, for the child goes on from
// here. Returns the child's pid, or -1 with errno.
pid_t slipway_spawn_waiting(const int ends[2], char *const arguments[]);

// unshare(2) with CLONE_NEWUSER, for a process of one thread. Returns 0, or -1 with errno.
int slipway_unshare_user(void);

#endif
