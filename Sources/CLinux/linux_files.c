#define _GNU_SOURCE
#include "linux_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const int slipway_o_path = O_PATH;

static int open_resolving(int root, const char *path, int flags, mode_t mode, uint64_t resolve) {
  struct open_how how = {
      .flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
      .mode = (flags & (O_CREAT | O_TMPFILE)) ? mode : 0,
      .resolve = resolve,
  };
  return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

int slipway_open_in_root(int root, const char *path, int flags, mode_t mode) {
  return open_resolving(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int slipway_open_beneath(int root, const char *path, int flags, mode_t mode) {
  return open_resolving(root, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int slipway_openat(int directory, const char *path, int flags, mode_t mode) {
  return openat(directory, path, flags | O_CLOEXEC, mode);
}

long slipway_getdents(int directory, void *buffer, size_t size) {
  return syscall(SYS_getdents64, directory, buffer, size);
}

int slipway_renameat2(int from, const char *old_path, int to, const char *new_path, unsigned flags) {
  return (int)syscall(SYS_renameat2, from, old_path, to, new_path, flags);
}

int slipway_syncfs(int fd) { return syncfs(fd); }

long slipway_copy_file_range(int from, int to, size_t size) {
  return copy_file_range(from, NULL, to, NULL, size, 0);
}

int slipway_make_whiteout(int directory, const char *name) {
  return mknodat(directory, name, S_IFCHR, makedev(0, 0));
}

unsigned slipway_major(dev_t device) { return major(device); }
unsigned slipway_minor(dev_t device) { return minor(device); }
dev_t slipway_makedev(unsigned major_number, unsigned minor_number) {
  return makedev(major_number, minor_number);
}
