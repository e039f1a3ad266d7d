// The helper's life: it reads the plan, clones the child that becomes the command, passes signals
// on, and reports the end. See linux_sandbox.h for the plan's layout.
//
// Who dies with whom. The child is pid 1 of its pid namespace, so its death is the death of all it
// started. The helper kills it when the control socket closes: slipway asked for it, or slipway is
// gone, however it went. (PR_SET_PDEATHSIG would not do there: it follows the *thread* that started
// the helper.) Should the helper be killed, the child's own parent-death signal takes it along.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox_internal.h"

// MARK: - The plan

uint32_t read_number(struct cursor *cursor) {
  uint32_t number = 0;
  if (cursor->end - cursor->next < (ptrdiff_t)sizeof number) {
    cursor->overrun = true;
    return 0;
  }
  memcpy(&number, cursor->next, sizeof number);
  cursor->next += sizeof number;
  return number;
}

const char *read_string(struct cursor *cursor, uint32_t *length_out) {
  uint32_t length = read_number(cursor);
  uint64_t padded = ((uint64_t)length + 1 + 3) & ~UINT64_C(3);
  if (length_out) *length_out = 0;
  if (cursor->overrun || (uint64_t)(cursor->end - cursor->next) < padded) {
    cursor->overrun = true;
    return "";
  }
  const char *string = (const char *)cursor->next;
  cursor->next += padded;
  if (length_out) *length_out = length;
  return string;
}

struct cursor payload_of(const struct operation *operation) {
  return (struct cursor){operation->payload, operation->payload + operation->length, false};
}

static bool read_plan(struct sandbox *sandbox) {
  struct stat status;
  if (fstat(PLAN_FD, &status) < 0 || status.st_size < 8) return false;
  void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, PLAN_FD, 0);
  if (bytes == MAP_FAILED) return false;
  struct cursor cursor = {bytes, (const uint8_t *)bytes + status.st_size, false};
  if (read_number(&cursor) != SLIPWAY_PLAN_MAGIC) return false;
  sandbox->count = read_number(&cursor);
  if (sandbox->count > SLIPWAY_PLAN_MAX_OPERATIONS) return false;
  for (uint32_t i = 0; i < sandbox->count; i++) {
    struct operation *operation = &sandbox->operations[i];
    operation->kind = read_number(&cursor);
    operation->length = read_number(&cursor);
    if (cursor.overrun || operation->length > (size_t)(cursor.end - cursor.next)) return false;
    operation->payload = cursor.next;
    cursor.next += operation->length;
  }
  return true;
}

// MARK: - Reports

void report(uint32_t kind, uint32_t operation, int error, uint32_t part, const char *text) {
  char bytes[PIPE_BUF];
  size_t length = strlen(text);
  if (length > sizeof bytes - sizeof(struct slipway_report)) {
    length = sizeof bytes - sizeof(struct slipway_report);
  }
  struct slipway_report header = {kind, operation, error, part, (uint32_t)length};
  memcpy(bytes, &header, sizeof header);
  memcpy(bytes + sizeof header, text, length);
  while (write(STATUS_FD, bytes, sizeof header + length) < 0 && errno == EINTR) {}
}

_Noreturn void fail(const struct sandbox *sandbox, uint32_t part, const char *text) {
  report(SLIPWAY_REPORT_FAILED, sandbox->current, errno, part, text);
  _exit(127);
}

// MARK: - The child

static uint64_t read_wide(struct cursor *arguments) {
  uint64_t low = read_number(arguments);
  return low | (uint64_t)read_number(arguments) << 32;
}

static void set_resource_limit(struct sandbox *sandbox, struct cursor *arguments) {
  uint32_t resource = read_number(arguments);
  struct rlimit limit;
  limit.rlim_cur = read_wide(arguments);
  limit.rlim_max = read_wide(arguments);
  if (setrlimit(resource, &limit) < 0) fail(sandbox, 0, "");
}

// What is missing of the path is made: an image may name a directory that it does not have. Not
// cleaned before, because `/a/..` is there only if `/a` is.
static void enter_directory(struct sandbox *sandbox, const char *path, uid_t user, gid_t group) {
  char prefix[PATH_MAX];
  size_t length = strlen(path);
  if (chdir(path) == 0) return;
  if (errno != ENOENT || length >= sizeof prefix) fail(sandbox, 0, path);
  for (size_t end = 1; end <= length; end++) {
    if (path[end] != '/' && path[end] != '\0') continue;
    memcpy(prefix, path, end);
    prefix[end] = '\0';
    if (mkdir(prefix, 0755) < 0) {
      if (errno != EEXIST) break;
    } else if (lchown(prefix, user, group) < 0) {
      break;
    }
  }
  if (chdir(path) < 0) fail(sandbox, 0, path);
}

static void carry_out(struct sandbox *sandbox, uint32_t kind, struct cursor *arguments) {
  switch ((enum slipway_operation)kind) {
    case SLIPWAY_NAMESPACES: return;  // done by the helper
    case SLIPWAY_ROOT_OVERLAY: return set_root(sandbox, arguments, true);
    case SLIPWAY_ROOT_DIRECTORY: return set_root(sandbox, arguments, false);
    case SLIPWAY_MOUNT_FILE_SYSTEM: return mount_file_system(sandbox, arguments);
    case SLIPWAY_BIND:
    case SLIPWAY_BIND_LAYERS:
    case SLIPWAY_FILE:
    case SLIPWAY_DEVICE: return attach_source(sandbox, arguments);
    case SLIPWAY_SYMLINK: return make_symlink(sandbox, arguments);
    case SLIPWAY_MASK: return mask(sandbox, arguments);
    case SLIPWAY_MAKE_READ_ONLY: return make_read_only(sandbox, arguments);
    case SLIPWAY_SEAL_ROOT: return seal_root(sandbox);
    case SLIPWAY_ENTER_ROOT: return enter_root(sandbox);
    case SLIPWAY_HOSTNAME: {
      const char *name = read_string(arguments, NULL);
      if (sethostname(name, strlen(name)) < 0) fail(sandbox, 0, name);
      return;
    }
    case SLIPWAY_LOOPBACK_UP: return raise_loopback(sandbox);
    case SLIPWAY_STANDARD_STREAMS: return set_standard_streams(sandbox, arguments);
    case SLIPWAY_RESOURCE_LIMIT: return set_resource_limit(sandbox, arguments);
    case SLIPWAY_BOUNDING_SET: return set_bounding_set(sandbox, read_wide(arguments));
    case SLIPWAY_CREDENTIALS: return set_credentials(sandbox, arguments);
    case SLIPWAY_CAPABILITIES: return set_capabilities(sandbox, read_wide(arguments));
    case SLIPWAY_NO_NEW_PRIVILEGES:
      if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail(sandbox, 0, "");
      return;
    case SLIPWAY_SECCOMP: return set_seccomp(sandbox, arguments);
    case SLIPWAY_WORKING_DIRECTORY: {
      const char *path = read_string(arguments, NULL);
      uid_t user = read_number(arguments);
      enter_directory(sandbox, path, user, read_number(arguments));
      return;
    }
    case SLIPWAY_EXECUTE: execute(sandbox, arguments);
  }
  errno = ENOSYS;
  fail(sandbox, 0, "unknown operation");
}

static void reset_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run_child(struct sandbox *sandbox, bool own_session, int gate) {
  char byte;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  close(CONTROL_FD);
  reset_signals();
  if (gate >= 0) {
    // The identity maps are written from outside; until then this process is nobody.
    if (read(gate, &byte, 1) != 1) _exit(127);
    if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0) {
      fail(sandbox, 0, "identity");
    }
  }
  if (own_session) setsid();
  // The keys of whoever runs slipway are no business of a build step.
  syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
  umask(0);
  for (sandbox->current = 0; sandbox->current < sandbox->count; sandbox->current++) {
    const struct operation *operation = &sandbox->operations[sandbox->current];
    struct cursor arguments = payload_of(operation);
    if (operation->kind == SLIPWAY_EXECUTE) umask(022);
    carry_out(sandbox, operation->kind, &arguments);
    if (arguments.overrun) {
      errno = EBADMSG;
      fail(sandbox, 0, "truncated operation");
    }
  }
  errno = EBADMSG;
  fail(sandbox, 0, "no command");
}

// MARK: - The helper

static int write_map(pid_t child, const char *file, const char *text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)child, file);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t written = write(fd, text, strlen(text));
  int error = errno;
  close(fd);
  return errno = error, written < 0 ? -1 : 0;
}

static void write_identity_maps(struct sandbox *sandbox, pid_t child, const char *users,
                                const char *groups) {
  // The kernel lets an unprivileged process map its group only after this.
  if (geteuid() != 0) write_map(child, "setgroups", "deny");
  if (write_map(child, "uid_map", users) < 0 || write_map(child, "gid_map", groups) < 0) {
    int error = errno;
    kill(child, SIGKILL);
    errno = error;
    fail(sandbox, 0, "identity maps");
  }
}

static void pass_signals_on(struct pollfd *control, int child) {
  uint8_t signals[64];
  ssize_t count = read(CONTROL_FD, signals, sizeof signals);
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) {
    control->fd = -1;
    signals[0] = SIGKILL;
    count = 1;
  }
  for (ssize_t i = 0; i < count; i++) syscall(SYS_pidfd_send_signal, child, signals[i], NULL, 0);
}

static int supervise(pid_t pid, int child) {
  struct pollfd watched[2] = {{.fd = CONTROL_FD, .events = POLLIN}, {.fd = child, .events = POLLIN}};
  for (;;) {
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents) break;
    if (watched[0].revents) pass_signals_on(&watched[0], child);
  }
  int status = 0;
  // Returns when every process of the namespace is gone.
  while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {}
  return status;
}

static const char *directory_root(const struct sandbox *sandbox) {
  for (uint32_t i = 0; i < sandbox->count; i++) {
    if (sandbox->operations[i].kind != SLIPWAY_ROOT_DIRECTORY) continue;
    struct cursor arguments = payload_of(&sandbox->operations[i]);
    read_number(&arguments);
    return read_string(&arguments, NULL);
  }
  return NULL;
}

static void ignore_terminal_signals(void) {
  static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_IGN);
}

static _Noreturn void run_helper(void) {
  static struct sandbox sandbox;
  prctl(PR_SET_NAME, SLIPWAY_SANDBOX_NAME, 0, 0, 0);
  reset_signals();
  ignore_terminal_signals();
  if (!read_plan(&sandbox)) {
    errno = EBADMSG;
    fail(&sandbox, 0, "plan");
  }
  struct cursor arguments = payload_of(&sandbox.operations[0]);
  uint64_t flags = read_number(&arguments);
  bool own_session = read_number(&arguments) != 0;
  const char *users = read_string(&arguments, NULL);
  const char *groups = read_string(&arguments, NULL);
  if (own_session) setsid();

  const char *root = directory_root(&sandbox);
  if (root) {
    sandbox.stubs = mmap(NULL, sizeof *sandbox.stubs, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sandbox.stubs == MAP_FAILED) fail(&sandbox, 0, "memory");
  }
  bool maps = flags & CLONE_NEWUSER;
  int gate[2] = {-1, -1};
  if (maps && pipe2(gate, O_CLOEXEC) < 0) fail(&sandbox, 0, "pipe");

  int child = -1;
  struct clone_args how = {
      .flags = flags | CLONE_PIDFD,
      .pidfd = (uint64_t)(uintptr_t)&child,
      .exit_signal = SIGCHLD,
  };
  pid_t pid = (pid_t)syscall(SYS_clone3, &how, sizeof how);
  if (pid < 0) fail(&sandbox, 0, "namespaces");
  if (pid == 0) {
    if (maps) close(gate[1]);
    run_child(&sandbox, own_session, gate[0]);
  }
  if (maps) {
    write_identity_maps(&sandbox, pid, users, groups);
    if (write(gate[1], "", 1) < 0) kill(pid, SIGKILL);
  }
  // The output ends when the command's descriptors close, not the helper's.
  close(0);
  close(1);
  close(2);
  int status = supervise(pid, child);
  if (root) remove_stubs(sandbox.stubs, root);
  report(SLIPWAY_REPORT_ENDED, 0, status, 0, "");
  _exit(0);
}

// Runs before any other code of the executable, static or dynamic: glibc passes a constructor what
// it passes to `main`.
__attribute__((constructor(101))) static void become_helper(int count, char **arguments) {
  if (count == 1 && arguments && arguments[0] && strcmp(arguments[0], SLIPWAY_SANDBOX_NAME) == 0) {
    run_helper();
  }
}
