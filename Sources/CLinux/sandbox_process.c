// Who the process of a sandbox is, what it may ask of the kernel, and its execution.

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_internal.h"

void set_bounding_set(struct sandbox *sandbox, uint64_t kept) {
  for (unsigned capability = 0; capability < 64; capability++) {
    if (kept >> capability & 1) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;  // past the last that this kernel has
    fail(sandbox, 0, "capabilities");
  }
}

void set_credentials(struct sandbox *sandbox, struct cursor *arguments) {
  uid_t uid = read_number(arguments);
  gid_t gid = read_number(arguments);
  uint32_t length;
  const char *groups = read_string(arguments, &length);
  // The operation that follows needs the capabilities which a change of user would take.
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) fail(sandbox, 0, "credentials");
  // glibc's wrappers would signal every thread; the system calls are enough for the only one.
  size_t count = length / sizeof(gid_t);
  if (syscall(SYS_setgroups, count, groups) < 0) {
    // A user namespace whose group map an unprivileged process wrote has no use for groups.
    if (errno != EPERM || count > 0) fail(sandbox, 0, "groups");
  }
  if (syscall(SYS_setresgid, gid, gid, gid) < 0) fail(sandbox, 0, "group");
  if (syscall(SYS_setresuid, uid, uid, uid) < 0) fail(sandbox, 0, "user");
  if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0) fail(sandbox, 0, "credentials");
  // A change of credentials clears it.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) fail(sandbox, 0, "credentials");
}

// Permitted and effective, not inheritable: a program gains none by a file capability that the
// bounding set would allow (CVE-2022-24769).
void set_capabilities(struct sandbox *sandbox, uint64_t capabilities) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct held[2];
  if (syscall(SYS_capget, &header, held) < 0) fail(sandbox, 0, "capabilities");
  for (unsigned half = 0; half < 2; half++) {
    uint32_t wanted = (uint32_t)(capabilities >> (32 * half)) & held[half].permitted;
    held[half] = (struct __user_cap_data_struct){.effective = wanted, .permitted = wanted};
  }
  if (syscall(SYS_capset, &header, held) < 0) fail(sandbox, 0, "capabilities");
}

void set_seccomp(struct sandbox *sandbox, struct cursor *arguments) {
  uint32_t length;
  const char *filter = read_string(arguments, &length);
  struct sock_fprog program = {
      .len = (unsigned short)(length / sizeof(struct sock_filter)),
      .filter = (struct sock_filter *)(uintptr_t)filter,
  };
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) fail(sandbox, 0, "seccomp");
}

void set_standard_streams(struct sandbox *sandbox, struct cursor *arguments) {
  uint32_t nulls = read_number(arguments);
  uid_t uid = read_number(arguments);
  for (int stream = 0; stream < 3; stream++) {
    if (nulls >> stream & 1) {
      int null = open("/dev/null", O_RDWR | O_CLOEXEC);
      if (null < 0 || dup2(null, stream) < 0) fail(sandbox, 0, "/dev/null");
      close(null);
      continue;
    }
    // Else another user could not open its own /dev/stdout. The pipe is ours; a file or a terminal
    // would be the caller's.
    struct stat status;
    if (uid != 0 && fstat(stream, &status) == 0 && S_ISFIFO(status.st_mode)) {
      if (fchown(stream, uid, (gid_t)-1) < 0) continue;
    }
  }
}

void raise_loopback(struct sandbox *sandbox) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0) fail(sandbox, 0, "lo");
  close(fd);
}

// MARK: - Execution

static const char **read_strings(struct sandbox *sandbox, struct cursor *arguments) {
  uint32_t count = read_number(arguments);
  const char **strings = calloc((size_t)count + 1, sizeof *strings);
  if (!strings) fail(sandbox, 0, "memory");
  for (uint32_t i = 0; i < count; i++) strings[i] = read_string(arguments, NULL);
  return strings;
}

static bool elf_interpreter(const uint8_t *head, size_t size, char *name, size_t name_size) {
  Elf64_Ehdr header;
  if (size < sizeof header || memcmp(head, ELFMAG, SELFMAG) != 0) return false;
  memcpy(&header, head, sizeof header);
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return false;
  for (unsigned i = 0; i < header.e_phnum; i++) {
    Elf64_Phdr segment;
    uint64_t offset = header.e_phoff + (uint64_t)i * sizeof segment;
    if (offset > size || size - offset < sizeof segment) return false;
    memcpy(&segment, head + offset, sizeof segment);
    if (segment.p_type != PT_INTERP) continue;
    if (segment.p_offset > size || segment.p_filesz > size - segment.p_offset) return false;
    snprintf(name, name_size, "%.*s", (int)segment.p_filesz, head + segment.p_offset);
    return true;
  }
  return false;
}

static bool script_interpreter(const uint8_t *head, size_t size, char *name, size_t name_size) {
  if (size < 3 || head[0] != '#' || head[1] != '!') return false;
  size_t start = 2, end;
  while (start < size && (head[start] == ' ' || head[start] == '\t')) start++;
  for (end = start; end < size && !strchr(" \t\n", head[end]); end++) {}
  snprintf(name, name_size, "%.*s", (int)(end - start), head + start);
  return true;
}

// A file that is there and yet "not found": what it names to run it is not.
static void fail_for_interpreter(struct sandbox *sandbox, const char *path) {
  uint8_t head[8192];
  char name[512] = "";
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t size = read(fd, head, sizeof head);
  close(fd);
  if (size <= 0) return;
  if (elf_interpreter(head, (size_t)size, name, sizeof name) ||
      script_interpreter(head, (size_t)size, name, sizeof name)) {
    errno = ENOENT;
    fail(sandbox, SLIPWAY_PART_INTERPRETER, name);
  }
}

static void try_to_execute(struct sandbox *sandbox, const char *path, const char **arguments,
                           const char **environment) {
  execve(path, (char *const *)(uintptr_t)arguments, (char *const *)(uintptr_t)environment);
  int error = errno;
  if (error == ENOENT) fail_for_interpreter(sandbox, path);
  errno = error;
}

void execute(struct sandbox *sandbox, struct cursor *payload) {
  const char *search_path = read_string(payload, NULL);
  const char **arguments = read_strings(sandbox, payload);
  const char **environment = read_strings(sandbox, payload);
  const char *command = arguments[0] ? arguments[0] : "";
  // Everything but the standard streams: what is open here is the helper's own.
  if (syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */) < 0) fail(sandbox, 0, command);
  if (strchr(command, '/')) {
    try_to_execute(sandbox, command, arguments, environment);
    fail(sandbox, 0, command);
  }
  int worst = ENOENT;
  for (const char *next = search_path; *command && *next;) {
    size_t length = strcspn(next, ":");
    char path[PATH_MAX];
    // Only absolute directories: a command of the image, never of whatever directory this is.
    if (next[0] == '/' && snprintf(path, sizeof path, "%.*s/%s", (int)length, next, command) < PATH_MAX) {
      try_to_execute(sandbox, path, arguments, environment);
      if (errno == EACCES) worst = EACCES;
      else if (errno != ENOENT && errno != ENOTDIR) fail(sandbox, 0, path);
    }
    next += length + (next[length] == ':');
  }
  errno = worst;
  fail(sandbox, 0, command);
}
