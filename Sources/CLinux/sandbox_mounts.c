// The file systems of a sandbox. All of it happens in the child's own mount namespace, on detached
// mounts and by descriptor, so that nothing is ever mounted at a path of the host, and all of it
// vanishes with the namespace.
//
// Mount points without a trace. `/proc`, `/etc/resolv.conf` or a secret's path may be missing in an
// image. Were they made in the root, the overlay's upper directory, which becomes the layer, would
// have them. So the layers are first mounted read-only to see where each target really lies, behind
// which symlinks; what is missing is made in a directory in memory, the skeleton, which then is the
// topmost *lower* layer of the real root. Topmost, because a whiteout or an opaque directory in a
// layer would hide it further down; and since a merged directory takes its attributes from the
// topmost layer, the directories on the way, which the image does have, are mirrored with their
// mode, owner, times and extended attributes.
//
// No devices. Without a device cgroup, CAP_MKNOD would open every disk of the host, so every mount
// but the single device nodes of /dev is `nodev`: nodes can be made, for a layer, but not opened.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox_internal.h"

enum { FD_PATH_MAX = 32 };

// A path by which the kernel finds a descriptor. Short, so that many layers fit where paths would
// not, free of the `:` and `,` that mount options give a meaning, and it does not show the host's
// directories in the sandbox's /proc/mounts.
static const char *fd_path(int fd, char buffer[FD_PATH_MAX]) {
  snprintf(buffer, FD_PATH_MAX, "/proc/self/fd/%d", fd);
  return buffer;
}

static int attach(int mount, int directory, const char *path) {
  unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*path ? 0 : MOVE_MOUNT_T_EMPTY_PATH);
  return (int)syscall(SYS_move_mount, mount, "", directory, path, flags);
}

static int set_attributes(int mount, uint64_t attributes, bool recursive) {
  // Access-time settings are not flags and are left as they are.
  struct mount_attr settings = {.attr_set = attributes & ~(uint64_t)MOUNT_ATTR__ATIME};
  unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return (int)syscall(SYS_mount_setattr, mount, "", flags, &settings, sizeof settings);
}

static int clone_mount(int source, uint64_t attributes, bool recursive) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  int mount = (int)syscall(SYS_open_tree, source, "", flags);
  if (mount < 0) return -1;
  if (attributes && set_attributes(mount, attributes, recursive) < 0) {
    int error = errno;
    close(mount);
    return errno = error, -1;
  }
  return mount;
}

static int configure(int context, unsigned command, const char *key, const char *value) {
  return (int)syscall(SYS_fsconfig, context, command, key, value, 0);
}

static int set_option(int context, const char *option) {
  char key[256];
  const char *equals = strchr(option, '=');
  if (!equals) return configure(context, FSCONFIG_SET_FLAG, option, NULL);
  size_t length = (size_t)(equals - option);
  if (length >= sizeof key) return errno = EINVAL, -1;
  memcpy(key, option, length);
  key[length] = '\0';
  return configure(context, FSCONFIG_SET_STRING, key, equals + 1);
}

static int create_mount(int context, uint64_t attributes) {
  if (configure(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0) return -1;
  return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, (unsigned)attributes);
}

// MARK: - The stage

static int make_memory_file_system(uint64_t attributes) {
  int context = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
  if (context < 0) return -1;
  // Secrets stay off the swap device where the kernel (6.4) can promise it.
  set_option(context, "noswap");
  int mount = set_option(context, "mode=0755") < 0 ? -1 : create_mount(context, attributes);
  int error = errno;
  close(context);
  return errno = error, mount;
}

static void make_null_device(struct sandbox *sandbox) {
  // A node of its own, because a `chmod` inside would otherwise be one of the host's node. A user
  // namespace may make no nodes.
  if (mknodat(sandbox->stage, "null", S_IFCHR | 0666, makedev(1, 3)) == 0) {
    sandbox->null_device = openat(sandbox->stage, "null", O_PATH | O_CLOEXEC);
  } else {
    sandbox->null_device = open("/dev/null", O_PATH | O_CLOEXEC);
  }
  if (sandbox->null_device < 0) fail(sandbox, SLIPWAY_PART_SOURCE, "/dev/null");
}

// The stage is attached on top of `/`, which hides nothing from a process whose root lies below.
static void make_stage(struct sandbox *sandbox) {
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) fail(sandbox, 0, "/");
  sandbox->stage = make_memory_file_system(MOUNT_ATTR_NOSUID);
  if (sandbox->stage < 0 || attach(sandbox->stage, AT_FDCWD, "/") < 0) fail(sandbox, 0, "tmpfs");
  static const char *const directories[] = {"root", "layers", "skeleton", "floor", "files", "empty"};
  for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
    if (mkdirat(sandbox->stage, directories[i], 0755) < 0) fail(sandbox, 0, directories[i]);
  }
  make_null_device(sandbox);
}

// MARK: - Overlays

struct overlay {
  uint32_t count;
  int layers[SLIPWAY_MAX_LAYERS + 2];  // the topmost first
  int upper;                           // or -1
  int work;
};

static int mount_overlay_in_parts(const struct overlay *overlay, uint64_t attributes) {
  char path[FD_PATH_MAX];
  int context = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
  if (context < 0) return -1;
  int result = configure(context, FSCONFIG_SET_STRING, "source", "overlay");
  for (uint32_t i = 0; i < overlay->count && result == 0; i++) {
    result = configure(context, FSCONFIG_SET_STRING, "lowerdir+", fd_path(overlay->layers[i], path));
  }
  if (result == 0 && overlay->upper >= 0) {
    result = configure(context, FSCONFIG_SET_STRING, "upperdir", fd_path(overlay->upper, path));
    if (result == 0) result = configure(context, FSCONFIG_SET_STRING, "workdir", fd_path(overlay->work, path));
    if (result == 0) result = set_option(context, "volatile");
  }
  if (result == 0) result = set_option(context, "userxattr");
  // The skeleton is of another file system than the layers; without this, files would seem to lie
  // on other devices than their directories, and `du -x` or `tar --one-file-system` skip them.
  if (result == 0 && overlay->upper >= 0) result = set_option(context, "xino=auto");
  int mount = result == 0 ? create_mount(context, attributes) : -1;
  int error = errno;
  close(context);
  return errno = error, mount;
}

// Before 6.5, one string of at most a page has every layer.
static int mount_overlay_at_once(const struct sandbox *sandbox, const struct overlay *overlay,
                                 const char *place, uint64_t attributes) {
  char path[FD_PATH_MAX];
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  char *options = malloc(size);
  if (!options) return -1;
  size_t length = (size_t)snprintf(options, size, "userxattr,xino=auto");
  if (overlay->upper >= 0) {
    length += (size_t)snprintf(options + length, size - length, ",volatile,upperdir=%s",
                               fd_path(overlay->upper, path));
    length += (size_t)snprintf(options + length, size - length, ",workdir=%s",
                               fd_path(overlay->work, path));
  }
  for (uint32_t i = 0; i < overlay->count && length < size; i++) {
    length += (size_t)snprintf(options + length, size - length, "%s%s", i ? ":" : ",lowerdir=",
                               fd_path(overlay->layers[i], path));
  }
  int result = -1;
  if (length >= size) {
    errno = E2BIG;
  } else if (fchdir(sandbox->stage) == 0) {
    result = mount("overlay", place, "overlay", 0, options);
  }
  free(options);
  if (result < 0) return -1;
  int root = openat(sandbox->stage, place, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root >= 0 && set_attributes(root, attributes, false) < 0) return -1;
  return root;
}

// Mounts an overlay at a place of the stage and returns its root.
static int mount_overlay(const struct sandbox *sandbox, const struct overlay *overlay,
                         const char *place, uint64_t attributes, bool legacy) {
  if (overlay->upper >= 0) {
    // Left by a volatile overlay that used the directory before, for whom a crash of the machine
    // would matter; it refuses a mount.
    unlinkat(overlay->work, "work/incompat/volatile/dirty", 0);
    unlinkat(overlay->work, "work/incompat/volatile", AT_REMOVEDIR);
  }
  if (!legacy) {
    int root = mount_overlay_in_parts(overlay, attributes);
    if (root >= 0) return attach(root, sandbox->stage, place) < 0 ? -1 : root;
    if (errno != EINVAL && errno != ENOSYS) return -1;
  }
  return mount_overlay_at_once(sandbox, overlay, place, attributes);
}

static int open_layer(const struct sandbox *sandbox, const char *path) {
  int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail(sandbox, SLIPWAY_PART_SOURCE, path);
  return fd;
}

// Payload: upper s, work s, layers s*.
static void open_layers(const struct sandbox *sandbox, struct cursor *arguments,
                        struct overlay *overlay) {
  uint32_t upper_length, work_length;
  const char *upper = read_string(arguments, &upper_length);
  const char *work = read_string(arguments, &work_length);
  overlay->upper = upper_length ? open_layer(sandbox, upper) : -1;
  overlay->work = upper_length ? open_layer(sandbox, work) : -1;
  overlay->count = read_number(arguments);
  if (overlay->count > SLIPWAY_MAX_LAYERS) {
    errno = E2BIG;
    fail(sandbox, 0, "layers");
  }
  for (uint32_t i = 0; i < overlay->count; i++) {
    overlay->layers[i] = open_layer(sandbox, read_string(arguments, NULL));
  }
}

// The kernel wants two layers where nothing takes the writes; an empty one at the bottom never
// shows.
static void add_floor(const struct sandbox *sandbox, struct overlay *overlay) {
  overlay->layers[overlay->count++] = openat(sandbox->stage, "floor", O_PATH | O_CLOEXEC);
}

// MARK: - What mount operations attach

static int make_file(struct sandbox *sandbox, struct cursor *arguments) {
  char name[16];
  mode_t mode = (mode_t)read_number(arguments);
  uid_t uid = read_number(arguments);
  gid_t gid = read_number(arguments);
  uint32_t length;
  const char *bytes = read_string(arguments, &length);
  int files = openat(sandbox->stage, "files", O_PATH | O_CLOEXEC);
  snprintf(name, sizeof name, "%u", sandbox->current);
  int fd = openat(files, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  for (uint32_t done = 0; done < length;) {
    ssize_t written = write(fd, bytes + done, length - done);
    if (written < 0) return -1;
    done += (uint32_t)written;
  }
  if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0) return -1;
  close(fd);
  int path = openat(files, name, O_PATH | O_CLOEXEC);
  close(files);
  return path;
}

static int make_device(struct sandbox *sandbox, struct cursor *arguments) {
  char path[64];
  const char *name = read_string(arguments, NULL);
  unsigned major_number = read_number(arguments);
  unsigned minor_number = read_number(arguments);
  snprintf(path, sizeof path, "files/%s", name);
  if (mknodat(sandbox->stage, path, S_IFCHR | 0666, makedev(major_number, minor_number)) == 0) {
    return openat(sandbox->stage, path, O_PATH | O_CLOEXEC);
  }
  if (errno != EPERM) return -1;
  snprintf(path, sizeof path, "/dev/%s", name);
  return open(path, O_PATH | O_CLOEXEC);
}

static int open_bind_source(struct cursor *arguments, const char **name) {
  read_number(arguments);  // recursive
  uint32_t base_length;
  const char *base = read_string(arguments, &base_length);
  *name = read_string(arguments, NULL);
  if (base_length == 0) return open(*name, O_PATH | O_CLOEXEC);
  int root = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return -1;
  int source = open_in_root(root, *name, O_PATH);
  int error = errno;
  close(root);
  return errno = error, source;
}

static int open_layers_source(struct sandbox *sandbox, struct cursor *arguments, const char **name) {
  static struct overlay overlay;
  char place[32];
  *name = read_string(arguments, NULL);
  open_layers(sandbox, arguments, &overlay);
  if (overlay.upper < 0) add_floor(sandbox, &overlay);
  snprintf(place, sizeof place, "files/%u", sandbox->current);
  if (mkdirat(sandbox->stage, place, 0755) < 0) return -1;
  int root = mount_overlay(sandbox, &overlay, place, MOUNT_ATTR_NODEV, false);
  return root < 0 ? -1 : open_in_root(root, *name, O_PATH);
}

// Opens what every mount operation after the current one attaches, before the host is left behind
// and so that the kind of each missing mount point is known.
static void open_sources(struct sandbox *sandbox) {
  uint32_t current = sandbox->current;
  for (uint32_t i = 0; i < sandbox->count; i++) {
    struct cursor arguments = payload_of(&sandbox->operations[i]);
    sandbox->sources[i] = -1;
    sandbox->current = i;
    const char *name = "";
    switch (sandbox->operations[i].kind) {
      case SLIPWAY_BIND: case SLIPWAY_BIND_LAYERS: case SLIPWAY_FILE: case SLIPWAY_DEVICE:
        name = read_string(&arguments, NULL);
        if (sandbox->operations[i].kind != SLIPWAY_DEVICE) read_number(&arguments);
        break;
      default: continue;
    }
    switch (sandbox->operations[i].kind) {
      case SLIPWAY_BIND: sandbox->sources[i] = open_bind_source(&arguments, &name); break;
      case SLIPWAY_BIND_LAYERS: sandbox->sources[i] = open_layers_source(sandbox, &arguments, &name); break;
      case SLIPWAY_FILE: sandbox->sources[i] = make_file(sandbox, &arguments); break;
      default: sandbox->sources[i] = make_device(sandbox, &arguments); break;
    }
    if (sandbox->sources[i] < 0) fail(sandbox, SLIPWAY_PART_SOURCE, name);
  }
  sandbox->current = current;
}

static bool has_target(uint32_t kind) {
  return kind == SLIPWAY_MOUNT_FILE_SYSTEM || kind == SLIPWAY_BIND || kind == SLIPWAY_BIND_LAYERS ||
         kind == SLIPWAY_FILE || kind == SLIPWAY_DEVICE;
}

static const char *target_of(const struct sandbox *sandbox, uint32_t index) {
  struct cursor arguments = payload_of(&sandbox->operations[index]);
  return read_string(&arguments, NULL);
}

static bool target_is_directory(const struct sandbox *sandbox, uint32_t index) {
  struct stat status;
  if (sandbox->sources[index] < 0) return true;  // a file system
  return fstat(sandbox->sources[index], &status) == 0 && S_ISDIR(status.st_mode);
}

// MARK: - Missing mount points

static int make_mount_point(int directory, const char *name, bool is_directory) {
  if (is_directory) return mkdirat(directory, name, 0755);
  int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  return fd < 0 ? -1 : close(fd);
}

static void copy_extended_attributes(int from, int to) {
  char from_path[FD_PATH_MAX], names[4096], value[4096];
  ssize_t size = listxattr(fd_path(from, from_path), names, sizeof names);
  for (char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
    char to_path[FD_PATH_MAX];
    ssize_t length = getxattr(from_path, name, value, sizeof value);
    // As far as a file system in memory has them.
    if (length >= 0) setxattr(fd_path(to, to_path), name, value, (size_t)length, 0);
  }
}

struct mirrored_times {
  int directory;
  struct timespec times[2];
};

struct skeleton {
  int layers;  // the layers, mounted read-only
  int root;
  bool used;
  uint32_t count;
  struct mirrored_times mirrored[1024];
};

static void keep_times(struct skeleton *skeleton, int directory, const struct stat *status) {
  if (skeleton->count == sizeof skeleton->mirrored / sizeof *skeleton->mirrored) return;
  struct mirrored_times *kept = &skeleton->mirrored[skeleton->count++];
  kept->directory = directory;
  kept->times[0] = status ? status->st_atim : (struct timespec){0};
  kept->times[1] = status ? status->st_mtim : (struct timespec){0};
}

// Gives a directory of the skeleton what the image's has at the same path.
static int mirror(struct skeleton *skeleton, int directory, const char *path) {
  struct stat status;
  int original = open_in_root(skeleton->layers, path, O_PATH | O_DIRECTORY);
  if (original < 0 || fstat(original, &status) < 0) return -1;
  char target[FD_PATH_MAX];
  fd_path(directory, target);
  if (chown(target, status.st_uid, status.st_gid) < 0) return -1;
  if (chmod(target, status.st_mode & 07777) < 0) return -1;
  copy_extended_attributes(original, directory);
  close(original);
  keep_times(skeleton, directory, &status);
  return 0;
}

// Makes one component of a path in the skeleton; returns its directory, or -1 with errno 0 when it
// was the last.
static int extend_skeleton(struct skeleton *skeleton, int parent, const struct resolved *resolved,
                           size_t end, bool is_directory) {
  char path[PATH_MAX];
  memcpy(path, resolved->path, end);
  path[end] = '\0';
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  bool is_last = resolved->path[end] == '\0';
  bool exists = end <= resolved->existing;
  bool made = make_mount_point(parent, name, !is_last || is_directory) == 0;
  if (!made && errno != EEXIST) return -1;
  if (made && !exists) report(SLIPWAY_REPORT_PROVIDED, 0, 0, 0, path);
  int entry = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (entry < 0) return -1;
  if (made && exists && mirror(skeleton, entry, path) < 0) return -1;
  if (made && !exists) keep_times(skeleton, entry, NULL);
  return entry;
}

static void add_to_skeleton(struct sandbox *sandbox, struct skeleton *skeleton,
                            const struct resolved *resolved, bool is_directory) {
  if (!skeleton->used && mirror(skeleton, skeleton->root, "") < 0) fail(sandbox, 0, "/");
  skeleton->used = true;
  int directory = skeleton->root;
  for (size_t end = 0; directory >= 0;) {
    end += strcspn(resolved->path + end, "/");
    directory = extend_skeleton(skeleton, directory, resolved, end, is_directory);
    if (directory < 0) fail(sandbox, SLIPWAY_PART_TARGET, resolved->path);
    if (resolved->path[end] == '\0') return;
    end++;
  }
}

// Whether an earlier operation mounts something over the target's path; what is missing there is
// made in that mount when it is there.
static bool is_covered(const char *paths[], uint32_t index, const char *path) {
  for (uint32_t i = 0; i < index; i++) {
    if (paths[i] && (strcmp(path, paths[i]) == 0 || lies_under(path, paths[i]))) return true;
  }
  return false;
}

static void build_skeleton(struct sandbox *sandbox, struct skeleton *skeleton) {
  static const char *targets[SLIPWAY_PLAN_MAX_OPERATIONS];
  static const char *paths[SLIPWAY_PLAN_MAX_OPERATIONS];
  uint32_t current = sandbox->current;
  struct resolved resolved;
  for (uint32_t i = 0; i < sandbox->count; i++) {
    if (!has_target(sandbox->operations[i].kind)) continue;
    const char *target = target_of(sandbox, i);
    sandbox->current = i;
    if (!is_covered(targets, i, target)) {
      if (resolve_target(skeleton->layers, target, &resolved) < 0) {
        fail(sandbox, SLIPWAY_PART_TARGET, target);
      }
      bool missing = resolved.path[resolved.existing] != '\0';
      if (!is_covered(paths, i, resolved.path)) {
        if (missing) add_to_skeleton(sandbox, skeleton, &resolved, target_is_directory(sandbox, i));
        paths[i] = strdup(resolved.path);
      }
    }
    targets[i] = target;
  }
  // Last, because making an entry changes its directory's times; from the inside out.
  while (skeleton->count > 0) {
    struct mirrored_times *kept = &skeleton->mirrored[--skeleton->count];
    char path[FD_PATH_MAX];
    utimensat(AT_FDCWD, fd_path(kept->directory, path), kept->times, 0);
    if (kept->directory != skeleton->root) close(kept->directory);
  }
  sandbox->current = current;
}

static uint64_t mount_identity(int fd) {
  struct statx status;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0) return 0;
  return status.stx_mnt_id;
}

// Notes a mount point made in a directory root itself, not in something mounted over it.
static void remember_stub(struct sandbox *sandbox, int parent, const char *path, bool is_directory,
                          const struct stat *before) {
  struct stub_list *list = sandbox->stubs;
  if (!list || list->count == MAX_STUBS) return;
  if (mount_identity(parent) != mount_identity(sandbox->root)) return;
  struct stub *stub = &list->stubs[list->count];
  strcpy(stub->path, path);
  stub->is_directory = is_directory;
  stub->parent_times[0] = before->st_atim;
  stub->parent_times[1] = before->st_mtim;
  list->count++;
}

// Makes what is missing of a target where it lies: in a file system mounted earlier, or in a
// directory root.
static int make_in_place(struct sandbox *sandbox, const char *target, bool is_directory) {
  struct resolved resolved;
  if (resolve_target(sandbox->root, target, &resolved) < 0) return -1;
  char path[PATH_MAX];
  memcpy(path, resolved.path, resolved.existing);
  path[resolved.existing] = '\0';
  size_t end = resolved.existing;
  while (resolved.path[end]) {
    struct stat before;
    int parent = open_in_root(sandbox->root, path, O_PATH | O_DIRECTORY);
    if (parent < 0 || fstat(parent, &before) < 0) return -1;
    size_t start = end == 0 ? 0 : end + 1;
    end = start + strcspn(resolved.path + start, "/");
    memcpy(path, resolved.path, end);
    path[end] = '\0';
    bool wants_directory = resolved.path[end] != '\0' || is_directory;
    int made = make_mount_point(parent, path + start, wants_directory);
    if (made == 0) remember_stub(sandbox, parent, path, wants_directory, &before);
    int error = errno;
    close(parent);
    if (made < 0 && error != EEXIST) return errno = error, -1;
  }
  return 0;
}

static int open_target(struct sandbox *sandbox, const char *target, bool is_directory) {
  int fd = open_in_root(sandbox->root, target, O_PATH);
  if (fd < 0 && errno == ENOENT) {
    if (make_in_place(sandbox, target, is_directory) < 0) return -1;
    fd = open_in_root(sandbox->root, target, O_PATH);
  }
  return fd;
}

// Removes what is still as it was made, the last made first, and gives its parent the times it had.
void remove_stubs(const struct stub_list *list, const char *root) {
  int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  for (uint32_t i = list->count; i-- > 0;) {
    const struct stub *stub = &list->stubs[i];
    char parent_path[PATH_MAX], times_path[FD_PATH_MAX];
    strcpy(parent_path, stub->path);
    char *slash = strrchr(parent_path, '/');
    const char *name = slash ? stub->path + (slash - parent_path) + 1 : stub->path;
    *(slash ? slash : parent_path) = '\0';
    // Resolved anew, in the root: the process may have put a symlink there.
    int parent = open_in_root(directory, parent_path, O_PATH | O_DIRECTORY);
    if (parent < 0) continue;
    struct stat status;
    bool unchanged = fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                     (stub->is_directory ? S_ISDIR(status.st_mode)
                                         : S_ISREG(status.st_mode) && status.st_size == 0);
    if (unchanged && unlinkat(parent, name, stub->is_directory ? AT_REMOVEDIR : 0) == 0) {
      utimensat(AT_FDCWD, fd_path(parent, times_path), stub->parent_times, 0);
    }
    close(parent);
  }
  close(directory);
}

// MARK: - Operations

static void set_overlay_root(struct sandbox *sandbox, struct cursor *arguments, bool read_only,
                             bool legacy) {
  static struct overlay overlay, layers;
  static struct skeleton skeleton;
  open_layers(sandbox, arguments, &overlay);
  layers = overlay;
  layers.upper = layers.work = -1;
  add_floor(sandbox, &layers);
  // An image of no layers looks like the floor.
  skeleton.layers = overlay.count == 0
      ? layers.layers[0]
      : mount_overlay(sandbox, &layers, "layers", MOUNT_ATTR_RDONLY, legacy);
  if (skeleton.layers < 0) fail(sandbox, 0, "layers");
  open_sources(sandbox);
  skeleton.root = openat(sandbox->stage, "skeleton", O_PATH | O_DIRECTORY | O_CLOEXEC);
  build_skeleton(sandbox, &skeleton);
  if (skeleton.used) {
    memmove(overlay.layers + 1, overlay.layers, overlay.count * sizeof *overlay.layers);
    overlay.layers[0] = skeleton.root;
    overlay.count++;
  }
  if (overlay.count < 2) add_floor(sandbox, &overlay);
  uint64_t attributes = MOUNT_ATTR_NODEV | (read_only ? MOUNT_ATTR_RDONLY : 0);
  sandbox->root = mount_overlay(sandbox, &overlay, "root", attributes, legacy);
  if (sandbox->root < 0) fail(sandbox, 0, "overlay");
}

static void set_directory_root(struct sandbox *sandbox, const char *path) {
  int source = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (source < 0) fail(sandbox, SLIPWAY_PART_SOURCE, path);
  // Attached writable, for missing mount points; `SLIPWAY_SEAL_ROOT` comes after the mounts.
  sandbox->root = clone_mount(source, MOUNT_ATTR_NODEV, false);
  if (sandbox->root < 0 || attach(sandbox->root, sandbox->stage, "root") < 0) fail(sandbox, 0, path);
  open_sources(sandbox);
}

void set_root(struct sandbox *sandbox, struct cursor *arguments, bool is_overlay) {
  make_stage(sandbox);
  bool read_only = read_number(arguments) != 0;
  if (!is_overlay) return set_directory_root(sandbox, read_string(arguments, NULL));
  bool legacy = read_number(arguments) != 0;
  set_overlay_root(sandbox, arguments, read_only, legacy);
}

static int open_file_system(const char *type, uint64_t attributes, struct cursor *arguments) {
  int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
  if (context < 0) return -1;
  int result = configure(context, FSCONFIG_SET_STRING, "source", type);
  for (uint32_t count = read_number(arguments); count > 0 && result == 0; count--) {
    result = set_option(context, read_string(arguments, NULL));
  }
  int mount = result == 0 ? create_mount(context, attributes) : -1;
  int error = errno;
  close(context);
  return errno = error, mount;
}

void mount_file_system(struct sandbox *sandbox, struct cursor *arguments) {
  const char *target = read_string(arguments, NULL);
  uint64_t attributes = read_number(arguments);
  const char *type = read_string(arguments, NULL);
  uint32_t fallback_length;
  const char *fallback = read_string(arguments, &fallback_length);
  int mount = open_file_system(type, attributes, arguments);
  if (mount < 0 && errno == EPERM && fallback_length > 0) {
    // A user namespace may mount sysfs only with a network namespace of its own.
    int source = open(fallback, O_PATH | O_CLOEXEC);
    mount = source < 0 ? -1 : clone_mount(source, attributes, true);
  }
  if (mount < 0) fail(sandbox, SLIPWAY_PART_SOURCE, type);
  int place = open_target(sandbox, target, true);
  if (place < 0) fail(sandbox, SLIPWAY_PART_TARGET, target);
  if (attach(mount, place, "") < 0) fail(sandbox, 0, target);
  close(place);
  close(mount);
}

void attach_source(struct sandbox *sandbox, struct cursor *arguments) {
  uint32_t index = sandbox->current;
  uint32_t kind = sandbox->operations[index].kind;
  const char *target = read_string(arguments, NULL);
  uint64_t attributes = kind == SLIPWAY_DEVICE ? MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC : read_number(arguments);
  bool recursive = kind == SLIPWAY_BIND && read_number(arguments) != 0;
  int mount = clone_mount(sandbox->sources[index], attributes, recursive);
  if (mount < 0) fail(sandbox, SLIPWAY_PART_SOURCE, target);
  int place = open_target(sandbox, target, target_is_directory(sandbox, index));
  if (place < 0) fail(sandbox, SLIPWAY_PART_TARGET, target);
  if (attach(mount, place, "") < 0) fail(sandbox, 0, target);
  close(place);
  close(mount);
}

void make_symlink(struct sandbox *sandbox, struct cursor *arguments) {
  char parent_path[PATH_MAX];
  const char *path = read_string(arguments, NULL);
  const char *value = read_string(arguments, NULL);
  const char *slash = strrchr(path, '/');
  snprintf(parent_path, sizeof parent_path, "%.*s", (int)(slash - path), path);
  int parent = open_in_root(sandbox->root, parent_path, O_PATH | O_DIRECTORY);
  if (parent < 0 || symlinkat(value, parent, slash + 1) < 0) fail(sandbox, 0, path);
  close(parent);
}

// What the kernel of this machine does not have needs no mask.
static int open_if_present(struct sandbox *sandbox, const char *path) {
  int fd = open_in_root(sandbox->root, path, O_PATH);
  if (fd < 0 && errno != ENOENT && errno != ENOTDIR) fail(sandbox, SLIPWAY_PART_TARGET, path);
  return fd;
}

void mask(struct sandbox *sandbox, struct cursor *arguments) {
  const char *path = read_string(arguments, NULL);
  int place = open_if_present(sandbox, path);
  if (place < 0) return;
  struct stat status;
  if (fstat(place, &status) < 0) fail(sandbox, 0, path);
  int cover = sandbox->null_device;
  if (S_ISDIR(status.st_mode)) cover = openat(sandbox->stage, "empty", O_PATH | O_CLOEXEC);
  int mount = clone_mount(cover, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, false);
  if (mount < 0 || attach(mount, place, "") < 0) fail(sandbox, 0, path);
  if (cover != sandbox->null_device) close(cover);
  close(place);
  close(mount);
}

void make_read_only(struct sandbox *sandbox, struct cursor *arguments) {
  const char *path = read_string(arguments, NULL);
  int place = open_if_present(sandbox, path);
  if (place < 0) return;
  int mount = clone_mount(place, MOUNT_ATTR_RDONLY, true);
  if (mount < 0 || attach(mount, place, "") < 0) fail(sandbox, 0, path);
  close(place);
  close(mount);
}

void seal_root(struct sandbox *sandbox) {
  if (set_attributes(sandbox->root, MOUNT_ATTR_RDONLY, false) < 0) fail(sandbox, 0, "/");
}

// pivot_root(".", "."): the old root comes to lie on top of the new one, and is taken away with
// everything that is mounted in it. The stage lies on top of the old root, so that "." is the stage
// for the first umount2(2) and the old root for the second.
void enter_root(struct sandbox *sandbox) {
  int old_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (old_root < 0 || fchdir(sandbox->root) < 0) fail(sandbox, 0, "/");
  if (syscall(SYS_pivot_root, ".", ".") < 0) fail(sandbox, 0, "/");
  if (fchdir(old_root) < 0) fail(sandbox, 0, "/");
  if (umount2(".", MNT_DETACH) < 0 || umount2(".", MNT_DETACH) < 0) fail(sandbox, 0, "/");
  if (chdir("/") < 0) fail(sandbox, 0, "/");
  close(old_root);
}
