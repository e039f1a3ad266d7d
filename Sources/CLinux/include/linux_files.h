#ifndef SLIPWAY_LINUX_FILES_H
#define SLIPWAY_LINUX_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>

// File system calls. Each returns -1 and sets errno on failure, like the call it stands for.

// openat2(2) with RESOLVE_IN_ROOT: no component, symlink or `..` leads out of `root`.
int slipway_open_in_root(int root, const char *path, int flags, mode_t mode);

// openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS: refuses every symlink on the way, the last
// component too unless `flags` has O_PATH | O_NOFOLLOW.
int slipway_open_beneath(int root, const char *path, int flags, mode_t mode);

// O_PATH, which the C library shows to GNU sources only.
extern const int slipway_o_path;

// openat(2), which Swift cannot call because it is variadic.
int slipway_openat(int directory, const char *path, int flags, mode_t mode);

// getdents64(2): fills `buffer` with linux_dirent64 records and returns their length in bytes.
long slipway_getdents(int directory, void *buffer, size_t size);

// renameat2(2).
int slipway_renameat2(int from, const char *old_path, int to, const char *new_path, unsigned flags);

// syncfs(2): writes back everything of the file system that `fd` lies on.
int slipway_syncfs(int fd);

// copy_file_range(2) from and to where the two files stand, which Swift's Glibc does not show.
long slipway_copy_file_range(int from, int to, size_t size);

// A whiteout as overlayfs has it: a character device 0/0.
int slipway_make_whiteout(int directory, const char *name);

// major(3), minor(3) and makedev(3), which are macros.
unsigned slipway_major(dev_t device);
unsigned slipway_minor(dev_t device);
dev_t slipway_makedev(unsigned major, unsigned minor);

#endif
