// The Swift side's calls: they run in a process with threads.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_internal.h"

enum { HELPER_FDS = 6, FIRST_SPARE_FD = 16 };

static int duplicate_all(posix_spawn_file_actions_t *actions, const int given[HELPER_FDS],
                         int spare[HELPER_FDS]) {
  for (int i = 0; i < HELPER_FDS; i++) {
    // Out of the way first, so that no descriptor is overwritten before its turn.
    spare[i] = fcntl(given[i], F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
    if (spare[i] < 0) return errno;
    int error = posix_spawn_file_actions_adddup2(actions, spare[i], i);
    if (error) return error;
  }
  return 0;
}

int slipway_sandbox_spawn(const char *executable, const int standard[3], int plan, int status,
                          int control, pid_t *pid) {
  const int given[HELPER_FDS] = {standard[0], standard[1], standard[2], plan, status, control};
  int spare[HELPER_FDS] = {-1, -1, -1, -1, -1, -1};
  char *arguments[] = {SLIPWAY_SANDBOX_NAME, NULL};
  // A dynamic executable of a developer may need it to load at all; the command never sees it.
  char library_path[4096], *environment[] = {NULL, NULL};
  const char *value = getenv("LD_LIBRARY_PATH");
  if (value && strlen(value) < sizeof library_path - 17) {
    strcpy(library_path, "LD_LIBRARY_PATH=");
    strcat(library_path, value);
    environment[0] = library_path;
  }
  posix_spawn_file_actions_t actions;
  int error = posix_spawn_file_actions_init(&actions);
  if (error) return error;
  error = duplicate_all(&actions, given, spare);
  if (!error) error = posix_spawn(pid, executable, &actions, NULL, arguments, environment);
  for (int i = 0; i < HELPER_FDS; i++) {
    if (spare[i] >= 0) close(spare[i]);
  }
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

int slipway_sandbox_read_only_self(void) {
  int mount = (int)syscall(SYS_open_tree, AT_FDCWD, "/proc/self/exe",
                           OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (mount < 0) return -1;
  struct mount_attr settings = {.attr_set = MOUNT_ATTR_RDONLY};
  int executable = -1;
  if (syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &settings, sizeof settings) == 0) {
    // Executed by its number, after the helper's descriptors have taken the first ones.
    executable = fcntl(mount, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
  }
  int error = errno;
  close(mount);
  return errno = error, executable;
}

int slipway_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int slipway_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int slipway_socket_pair(int ends[2]) {
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

int slipway_send_byte(int socket, uint8_t byte) {
  return (int)send(socket, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}
