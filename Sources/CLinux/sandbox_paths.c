#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_internal.h"

enum { MAX_SYMLINKS = 40 };

int open_in_root(int root, const char *path, int flags) {
  struct open_how how = {
      .flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
      .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
  };
  return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
}

bool lies_under(const char *path, const char *directory) {
  size_t length = strlen(directory);
  while (length > 0 && directory[length - 1] == '/') length--;
  return strncmp(path, directory, length) == 0 && path[length] == '/';
}

static void forget(struct resolved *resolved) {
  resolved->path[0] = '\0';
  resolved->existing = 0;
}

static void drop_last_component(struct resolved *resolved) {
  char *slash = strrchr(resolved->path, '/');
  *(slash ? slash : resolved->path) = '\0';
  size_t length = strlen(resolved->path);
  if (resolved->existing > length) resolved->existing = length;
}

static int append_component(struct resolved *resolved, const char *name, size_t name_length) {
  size_t length = strlen(resolved->path);
  if (length + 1 + name_length + 1 > sizeof resolved->path) return errno = ENAMETOOLONG, -1;
  if (length > 0) resolved->path[length++] = '/';
  memcpy(resolved->path + length, name, name_length);
  resolved->path[length + name_length] = '\0';
  return 0;
}

// What lies at the path resolved so far. A whiteout counts as missing: a single layer that is
// looked at as a directory still shows it.
static int look_at(int root, const struct resolved *resolved, struct stat *status) {
  struct resolved parent = *resolved;
  drop_last_component(&parent);
  const char *slash = strrchr(resolved->path, '/');
  const char *name = slash ? slash + 1 : resolved->path;
  int directory = open_in_root(root, parent.path, O_PATH | O_DIRECTORY);
  if (directory < 0) return -1;
  int result = fstatat(directory, name, status, AT_SYMLINK_NOFOLLOW);
  int error = errno;
  close(directory);
  errno = error;
  if (result == 0 && S_ISCHR(status->st_mode) && status->st_rdev == 0) return errno = ENOENT, -1;
  return result;
}

static ssize_t read_link_at(int root, const char *path, char *value, size_t size) {
  int link = open_in_root(root, path, O_PATH | O_NOFOLLOW);
  if (link < 0) return -1;
  ssize_t length = readlinkat(link, "", value, size);
  close(link);
  return length;
}

// The kernel's own resolution (RESOLVE_IN_ROOT) does not say where a path that is missing would
// lie; a mount point must be made exactly there, also behind a symlink that dangles. Nothing of the
// image runs yet, and whoever changes a shared directory meanwhile gains nothing: what is opened in
// the end is opened with RESOLVE_IN_ROOT.
int resolve_target(int root, const char *target, struct resolved *resolved) {
  char rest[2 * PATH_MAX];
  if (strlen(target) >= PATH_MAX) return errno = ENAMETOOLONG, -1;
  strcpy(rest, target);
  forget(resolved);
  int symlinks = 0;
  char *next = rest;
  while (*next) {
    size_t length = strcspn(next, "/");
    char *name = next;
    bool is_last = name[length] == '\0';
    next += length + (is_last ? 0 : 1);
    if (length == 0 || (length == 1 && name[0] == '.')) continue;
    if (length == 2 && name[0] == '.' && name[1] == '.') {
      drop_last_component(resolved);
      continue;
    }
    bool parent_exists = resolved->existing == strlen(resolved->path);
    if (append_component(resolved, name, length) < 0) return -1;
    if (!parent_exists) continue;
    struct stat status;
    if (look_at(root, resolved, &status) < 0) {
      if (errno != ENOENT) return -1;
      continue;
    }
    if (!S_ISLNK(status.st_mode)) {
      resolved->existing = strlen(resolved->path);
      continue;
    }
    if (++symlinks > MAX_SYMLINKS) return errno = ELOOP, -1;
    char value[PATH_MAX];
    ssize_t value_length = read_link_at(root, resolved->path, value, sizeof value - 1);
    if (value_length <= 0) return -1;
    size_t rest_length = strlen(next);
    if ((size_t)value_length + 1 + rest_length + 1 > sizeof rest) return errno = ENAMETOOLONG, -1;
    memmove(rest + value_length + 1, next, rest_length + 1);
    memcpy(rest, value, (size_t)value_length);
    rest[value_length] = '/';
    next = rest;
    drop_last_component(resolved);
    if (value[0] == '/') forget(resolved);
  }
  return 0;
}
