/* Preloaded into the gate: while the file named by SLOW_DISK exists, every flush to the disk takes SLOW_SECONDS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef SLOW_SECONDS
#define SLOW_SECONDS 6
#endif

typedef int (*flush)(int);

static int slowly(const char *name, int fd) {
  const char *flag = getenv("SLOW_DISK");
  if (flag != NULL && access(flag, F_OK) == 0) sleep(SLOW_SECONDS);
  return ((flush)dlsym(RTLD_NEXT, name))(fd);
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
