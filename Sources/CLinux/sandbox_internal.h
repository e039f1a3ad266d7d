#ifndef SLIPWAY_SANDBOX_INTERNAL_H
#define SLIPWAY_SANDBOX_INTERNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "include/linux_sandbox.h"

// Descriptors that the helper is started with.
enum { PLAN_FD = 3, STATUS_FD = 4, CONTROL_FD = 5 };

// A reader of an operation's payload. Reading past the end gives zeros and sets `overrun`.
struct cursor {
  const uint8_t *next;
  const uint8_t *end;
  bool overrun;
};

uint32_t read_number(struct cursor *cursor);
const char *read_string(struct cursor *cursor, uint32_t *length);

struct operation {
  uint32_t kind;
  const uint8_t *payload;
  uint32_t length;
};

// A mount point that had to be made in a directory root, to be removed when the process has ended.
struct stub {
  char path[PATH_MAX];
  bool is_directory;
  struct timespec parent_times[2];
};

enum { MAX_STUBS = 256 };

// Shared by the helper and its child.
struct stub_list {
  uint32_t count;
  struct stub stubs[MAX_STUBS];
};

struct sandbox {
  struct operation operations[SLIPWAY_PLAN_MAX_OPERATIONS];
  uint32_t count;
  uint32_t current;            // index of the operation being carried out
  int root;                    // O_PATH, the root mount
  int stage;                   // a file system in memory of the helper's own, never seen inside
  int null_device;             // O_PATH, a /dev/null of the helper's own
  int sources[SLIPWAY_PLAN_MAX_OPERATIONS];  // O_PATH, what a mount operation attaches
  struct stub_list *stubs;     // only under a directory root
};

// Reports a failure of the current operation and ends the process.
_Noreturn void fail(const struct sandbox *sandbox, uint32_t part, const char *text);
void report(uint32_t kind, uint32_t operation, int error, uint32_t part, const char *text);

struct cursor payload_of(const struct operation *operation);

// sandbox_mounts.c
void set_root(struct sandbox *sandbox, struct cursor *arguments, bool is_overlay);
void mount_file_system(struct sandbox *sandbox, struct cursor *arguments);
void attach_source(struct sandbox *sandbox, struct cursor *arguments);
void make_symlink(struct sandbox *sandbox, struct cursor *arguments);
void mask(struct sandbox *sandbox, struct cursor *arguments);
void make_read_only(struct sandbox *sandbox, struct cursor *arguments);
void seal_root(struct sandbox *sandbox);
void enter_root(struct sandbox *sandbox);
void remove_stubs(const struct stub_list *list, const char *root);

// sandbox_paths.c

// A target with its symlinks followed inside the root: the part up to `existing` is there, without
// a symlink in it, the rest is missing.
struct resolved {
  char path[PATH_MAX];  // without a leading slash; empty for the root itself
  size_t existing;
};

int open_in_root(int root, const char *path, int flags);
int resolve_target(int root, const char *target, struct resolved *resolved);
bool lies_under(const char *path, const char *directory);

// sandbox_process.c
void set_bounding_set(struct sandbox *sandbox, uint64_t kept);
void set_credentials(struct sandbox *sandbox, struct cursor *arguments);
void set_capabilities(struct sandbox *sandbox, uint64_t capabilities);
void set_seccomp(struct sandbox *sandbox, struct cursor *arguments);
void set_standard_streams(struct sandbox *sandbox, struct cursor *arguments);
void raise_loopback(struct sandbox *sandbox);
_Noreturn void execute(struct sandbox *sandbox, struct cursor *arguments);

// sandbox_syscalls_i386.c
bool slipway_i386_syscall_table(struct slipway_syscall_table *table);

#endif
