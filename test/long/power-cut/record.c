/*
 * Preloaded into a writer: writes down, in order, all that it does to the files directly below RECORD_DIR, into
 * RECORD_LOG. A record is one line, `O name created truncated`, `W name offset size`, `T name size`, `S name`,
 * `D` (the folder was flushed), `R name name`, `L name name` or `U name`; the bytes of a write follow its line. Memory that is
 * mapped (SQLite's -shm) is not seen: it does not outlive a power cut in any state that could be relied on.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 1024
#define NAME 128
#define FOLDER "/"

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
/* Name of what each descriptor below RECORD_DIR stands for; FOLDER for the folder itself. */
static char names[FILES][NAME];
static int log_fd = -1;

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))
typedef int (*open_fn)(const char *, int, ...);
typedef int (*openat_fn)(int, const char *, int, ...);
typedef int (*fd_fn)(int);
typedef ssize_t (*write_fn)(int, const void *, size_t);
typedef ssize_t (*pwrite_fn)(int, const void *, size_t, off_t);
typedef ssize_t (*writev_fn)(int, const struct iovec *, int);
typedef int (*truncate_fn)(int, off_t);
typedef int (*rename_fn)(const char *, const char *);
typedef int (*unlink_fn)(const char *);

/* The part of a path below RECORD_DIR, FOLDER for the folder itself, or NULL. */
static const char *below(const char *path) {
  const char *root = getenv("RECORD_DIR");
  size_t length = root == NULL ? 0 : strlen(root);
  if (length == 0 || path == NULL || strncmp(path, root, length) != 0) return NULL;
  if (path[length] == '\0') return FOLDER;
  if (path[length] != '/' || strchr(path + length + 1, '/') != NULL) return NULL;
  return path + length + 1;
}

static const char *name_of(int fd) {
  return fd >= 0 && fd < FILES && names[fd][0] != '\0' ? names[fd] : NULL;
}

static void put(const void *data, size_t size) {
  const char *from = data;
  while (size > 0) {
    ssize_t written = syscall(SYS_write, log_fd, from, size);
    if (written <= 0) abort();
    from += written;
    size -= written;
  }
}

static void note(const void *data, size_t size, const char *format, ...) {
  char line[3 * NAME];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  pthread_mutex_lock(&turn);
  if (log_fd < 0) log_fd = syscall(SYS_openat, AT_FDCWD, getenv("RECORD_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  put(line, length);
  put(data, size);
  pthread_mutex_unlock(&turn);
}

static int opened(int fd, const char *path, int flags, int was_there) {
  const char *name = below(path);
  if (name == NULL || fd < 0 || fd >= FILES) return fd;
  snprintf(names[fd], NAME, "%s", name);
  int created = (flags & O_CREAT) && !was_there;
  int truncated = (flags & O_TRUNC) && was_there;
  if (created || truncated) note(NULL, 0, "O %s %d %d\n", name, created, truncated);
  return fd;
}

#define OPEN(function)                                          \
  int function(const char *path, int flags, ...) {              \
    va_list values;                                             \
    va_start(values, flags);                                    \
    int mode = va_arg(values, int);                             \
    va_end(values);                                             \
    int there = below(path) != NULL && access(path, F_OK) == 0; \
    return opened(NEXT(open_fn, #function)(path, flags, mode), path, flags, there); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(function)                                        \
  int function(int at, const char *path, int flags, ...) {      \
    va_list values;                                             \
    va_start(values, flags);                                    \
    int mode = va_arg(values, int);                             \
    va_end(values);                                             \
    int there = below(path) != NULL && access(path, F_OK) == 0; \
    return opened(NEXT(openat_fn, #function)(at, path, flags, mode), path, flags, there); \
  }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
  if (name_of(fd) != NULL) names[fd][0] = '\0';
  return NEXT(fd_fn, "close")(fd);
}

static ssize_t wrote(int fd, const void *data, ssize_t size, off_t at) {
  const char *name = name_of(fd);
  if (name != NULL && size > 0) note(data, size, "W %s %lld %lld\n", name, (long long)at, (long long)size);
  return size;
}

ssize_t write(int fd, const void *data, size_t size) {
  if (name_of(fd) == NULL) return NEXT(write_fn, "write")(fd, data, size);
  ssize_t written = NEXT(write_fn, "write")(fd, data, size);
  return wrote(fd, data, written, lseek(fd, 0, SEEK_CUR) - written);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  /* Nothing that is recorded here writes so; if that changes, the record would lie. */
  if (name_of(fd) != NULL) abort();
  return NEXT(writev_fn, "writev")(fd, parts, count);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
  return wrote(fd, data, NEXT(pwrite_fn, "pwrite")(fd, data, size, at), at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
  return wrote(fd, data, NEXT(pwrite_fn, "pwrite64")(fd, data, size, at), at);
}

static int cut(const char *function, int fd, off_t size) {
  int result = NEXT(truncate_fn, function)(fd, size);
  if (result == 0 && name_of(fd) != NULL) note(NULL, 0, "T %s %lld\n", name_of(fd), (long long)size);
  return result;
}
int ftruncate(int fd, off_t size) { return cut("ftruncate", fd, size); }
int ftruncate64(int fd, off_t size) { return cut("ftruncate64", fd, size); }

static int flushed(const char *function, int fd) {
  int result = NEXT(fd_fn, function)(fd);
  const char *name = name_of(fd);
  if (result == 0 && name != NULL) {
    if (strcmp(name, FOLDER) == 0) note(NULL, 0, "D\n");
    else note(NULL, 0, "S %s\n", name);
  }
  return result;
}
int fsync(int fd) { return flushed("fsync", fd); }
int fdatasync(int fd) { return flushed("fdatasync", fd); }

static int named(const char *function, const char *kind, const char *from, const char *to) {
  int result = NEXT(rename_fn, function)(from, to);
  if (result == 0 && below(from) != NULL && below(to) != NULL) note(NULL, 0, "%s %s %s\n", kind, below(from), below(to));
  return result;
}
int rename(const char *from, const char *to) { return named("rename", "R", from, to); }
int link(const char *from, const char *to) { return named("link", "L", from, to); }

static int removed(const char *function, const char *path) {
  int result = NEXT(unlink_fn, function)(path);
  if (result == 0 && below(path) != NULL) note(NULL, 0, "U %s\n", below(path));
  return result;
}
int unlink(const char *path) { return removed("unlink", path); }
int remove(const char *path) { return removed("remove", path); }
