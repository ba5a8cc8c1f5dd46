/*
 * Preloaded into the gate: while the file named by SLOW_DISK exists, every flush to the disk takes SLOW_SECONDS,
 * and with SLOW_WRITES set every write to a file as well: a disk that hangs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SLOW_SECONDS
#define SLOW_SECONDS 6
#endif

typedef int (*flush)(int);
typedef ssize_t (*plain_write)(int, const void *, size_t);
typedef ssize_t (*placed_write)(int, const void *, size_t, off_t);

static void hang(void) {
  const char *flag = getenv("SLOW_DISK");
  if (flag != NULL && access(flag, F_OK) == 0) sleep(SLOW_SECONDS);
}

static void hang_if_file(int fd) {
  struct stat about;
  if (getenv("SLOW_WRITES") != NULL && fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) hang();
}

static int slowly(const char *name, int fd) {
  hang();
  return ((flush)dlsym(RTLD_NEXT, name))(fd);
}

ssize_t write(int fd, const void *data, size_t size) {
  hang_if_file(fd);
  return ((plain_write)dlsym(RTLD_NEXT, "write"))(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
  hang_if_file(fd);
  return ((placed_write)dlsym(RTLD_NEXT, "pwrite"))(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
  hang_if_file(fd);
  return ((placed_write)dlsym(RTLD_NEXT, "pwrite64"))(fd, data, size, at);
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
