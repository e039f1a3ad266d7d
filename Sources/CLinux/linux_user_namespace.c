#define _GNU_SOURCE
#include "linux_user_namespace.h"

#include <sched.h>
#include <unistd.h>

pid_t slipway_spawn_waiting(const int ends[2], char *const arguments[]) {
  pid_t child = fork();
  if (child != 0) return child;
  // Its own writing end would keep it waiting for a caller that is gone.
  close(ends[1]);
  char word;
  if (read(ends[0], &word, 1) != 1) _exit(125);
  // The map is written for the caller: nothing of its environment is wanted here.
  char *const environment[] = {NULL};
  execve(arguments[0], arguments, environment);
  _exit(127);
}

int slipway_unshare_user(void) { return unshare(CLONE_NEWUSER); }
