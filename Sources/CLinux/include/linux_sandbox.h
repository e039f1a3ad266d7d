#ifndef SLIPWAY_LINUX_SANDBOX_H
#define SLIPWAY_LINUX_SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

// The sandbox's helper: this executable, started under the name below, becomes a process that
// carries out a plan of set-up operations and then runs the plan's command. It does so in a
// constructor, before the Swift runtime exists, because a process with threads can neither fork
// safely nor enter a user namespace.
//
// A plan is a file in memory, in the byte order of the machine, made and read by the same
// executable (Swift: `SetupPlan`):
//
//   offset  size  meaning
//   0       4     SLIPWAY_PLAN_MAGIC
//   4       4     number of operations
//   8             the operations
//
// An operation is its kind (4 bytes), the length of its payload (4) and the payload, padded to a
// multiple of 4. In a payload, a number is 4 bytes, and a string or blob is its length (4), its
// bytes, a NUL that the length does not count, and padding to a multiple of 4.

#define SLIPWAY_SANDBOX_NAME "slipway-sandbox"
#define SLIPWAY_PLAN_MAGIC 0x31504c53u
#define SLIPWAY_PLAN_MAX_OPERATIONS 1024
#define SLIPWAY_MAX_LAYERS 500

// Payloads are given as n(umber), s(tring or blob), s* (a number, then so many strings).
enum slipway_operation {
  // clone flags n, own session n, user map s, group map s
  SLIPWAY_NAMESPACES = 1,
  // read-only n, legacy mount n, upper s, work s, layers s*
  SLIPWAY_ROOT_OVERLAY = 2,
  // read-only n, path s
  SLIPWAY_ROOT_DIRECTORY = 3,
  // target s, MOUNT_ATTR_* n, type s, fallback bind of the host's path s, options s*
  SLIPWAY_MOUNT_FILE_SYSTEM = 4,
  // target s, MOUNT_ATTR_* n, recursive n, base s, path s
  SLIPWAY_BIND = 5,
  // target s, MOUNT_ATTR_* n, path s, upper s, work s, layers s*
  SLIPWAY_BIND_LAYERS = 6,
  // target s, MOUNT_ATTR_* n, mode n, uid n, gid n, contents s
  SLIPWAY_FILE = 7,
  // target s, name of the host's node s, major n, minor n
  SLIPWAY_DEVICE = 8,
  // path s, value s
  SLIPWAY_SYMLINK = 9,
  // path s
  SLIPWAY_MASK = 10,
  // path s
  SLIPWAY_MAKE_READ_ONLY = 11,
  // nothing
  SLIPWAY_SEAL_ROOT = 12,
  // nothing
  SLIPWAY_ENTER_ROOT = 13,
  // name s
  SLIPWAY_HOSTNAME = 14,
  // nothing
  SLIPWAY_LOOPBACK_UP = 15,
  // a bit for each of the descriptors 0 to 2 that becomes /dev/null n, uid n
  SLIPWAY_STANDARD_STREAMS = 16,
  // low half n, high half n
  SLIPWAY_BOUNDING_SET = 17,
  // uid n, gid n, groups as a blob of gid_t s
  SLIPWAY_CREDENTIALS = 18,
  // low half n, high half n
  SLIPWAY_CAPABILITIES = 19,
  // nothing
  SLIPWAY_NO_NEW_PRIVILEGES = 20,
  // struct sock_filter[] s
  SLIPWAY_SECCOMP = 21,
  // path s, uid n, gid n: whose is what has to be made
  SLIPWAY_WORKING_DIRECTORY = 22,
  // search path s, arguments s*, environment s*
  SLIPWAY_EXECUTE = 23,
  // RLIMIT_* n, soft low half n, high half n, hard low half n, high half n
  SLIPWAY_RESOURCE_LIMIT = 24,
};

// What the helper reports, one write(2) of at most PIPE_BUF bytes each.
enum slipway_report_kind {
  // An operation failed: `operation`, `error`, `part`, text.
  SLIPWAY_REPORT_FAILED = 1,
  // The process ended: `error` is its wait status.
  SLIPWAY_REPORT_ENDED = 2,
  // Text is a path that was provided as a mount point.
  SLIPWAY_REPORT_PROVIDED = 3,
};

// Which part of an operation failed.
enum slipway_part {
  SLIPWAY_PART_WHOLE = 0,
  SLIPWAY_PART_SOURCE = 1,
  SLIPWAY_PART_TARGET = 2,
  SLIPWAY_PART_INTERPRETER = 3,
};

struct slipway_report {
  uint32_t kind;
  uint32_t operation;
  int32_t error;
  uint32_t part;
  uint32_t length;  // of the text that follows
};

// Starts the helper: `executable` under the helper's name, with `standard` as its descriptors 0 to
// 2, the plan as 3, the status pipe's writing end as 4 and an end of the control socket as 5, and
// no other descriptor that matters. Returns 0 or an errno. All descriptors stay the caller's.
int slipway_sandbox_spawn(const char *executable, const int standard[3], int plan, int status,
                          int control, pid_t *pid);

// A descriptor of this executable on a read-only mount of its own, or -1. A process that holds such
// an executable as /proc/self/exe cannot write to it, whoever it becomes.
int slipway_sandbox_read_only_self(void);

// memfd_create(2), sealed against nothing, closed on exec.
int slipway_memory_file(const char *name);

// pipe2(2) with O_CLOEXEC.
int slipway_pipe(int ends[2]);

// socketpair(2) of a stream, closed on exec: a pipe whose writer no SIGPIPE can end.
int slipway_socket_pair(int ends[2]);

// Sends one byte over a socket; never blocks, never raises SIGPIPE.
int slipway_send_byte(int socket, uint8_t byte);

// System calls by name, for the architecture compiled for and for the 32-bit one it also runs.
struct slipway_syscall {
  const char *name;
  uint32_t number;
};
struct slipway_syscall_table {
  uint32_t audit_architecture;  // AUDIT_ARCH_*
  const struct slipway_syscall *calls;
  uint32_t count;
};
// Fills at most two tables, the machine's own first, and returns how many there are.
int slipway_syscall_tables(struct slipway_syscall_table tables[2]);

#endif
