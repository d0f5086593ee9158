/* Loaded by LD_PRELOAD before the sender of a fault run: a disk that is full or fails, and a wall
 * clock that is set, as a shared control file says. Idle until tpb_faults_arm names that file.
 *
 * Only files below one folder are touched, so that logs and libraries work on as ever.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* As tpb/faults/shim.py writes it. */
struct Control {
  int32_t disk_full;
  int32_t sync_fails;
  int64_t room_bytes; /* what a full disk still takes */
  int64_t clock_ms;   /* added to the wall clock */
  int64_t refused;    /* calls that failed by our doing */
};

enum { kRanges = 256 };

/* Where files of the folder are mapped: msync tells addresses only. */
struct Range {
  uintptr_t begin;
  uintptr_t end;
};

static volatile struct Control* control;
static char folder[PATH_MAX];
static size_t folder_length;
static pthread_mutex_t ranges_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct Range ranges[kRanges];

/* The function that ours stands before. */
#define REAL(name)                                                       \
  ({                                                                     \
    static __typeof__(&name) real;                                       \
    if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    real;                                                                \
  })

static int Fail(int error) {
  __atomic_add_fetch(&control->refused, 1, __ATOMIC_RELAXED);
  errno = error;
  return -1;
}

/* Whether the file lies below the folder; keeps errno. */
static int IsOurs(int descriptor) {
  char link[64];
  char path[PATH_MAX];
  const int error = errno;
  ssize_t length = 0;
  if (control == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  length = readlink(link, path, sizeof path);
  errno = error;
  return length > (ssize_t)folder_length && memcmp(path, folder, folder_length) == 0 &&
         path[folder_length] == '/';
}

/* How much of a write the disk takes; -1: nothing, and errno is set. */
static ssize_t Taken(int descriptor, size_t count) {
  int64_t room = 0;
  if (count == 0 || !IsOurs(descriptor) || !control->disk_full) return (ssize_t)count;
  room = __atomic_load_n(&control->room_bytes, __ATOMIC_RELAXED);
  if (room <= 0) return Fail(ENOSPC);
  if ((int64_t)count < room) room = (int64_t)count;
  __atomic_sub_fetch(&control->room_bytes, room, __ATOMIC_RELAXED);
  return (ssize_t)room;
}

static int MayGrow(int descriptor, off_t size) {
  struct stat now;
  if (!IsOurs(descriptor) || !control->disk_full) return 1;
  if (fstat(descriptor, &now) == 0 && size <= now.st_size) return 1;
  return Fail(ENOSPC) == 0;
}

static void Remember(uintptr_t begin, size_t bytes) {
  pthread_mutex_lock(&ranges_mutex);
  for (int i = 0; i < kRanges; ++i) {
    if (ranges[i].begin == 0) {
      ranges[i].begin = begin;
      ranges[i].end = begin + bytes;
      break;
    }
  }
  pthread_mutex_unlock(&ranges_mutex);
}

static void Forget(uintptr_t begin) {
  pthread_mutex_lock(&ranges_mutex);
  for (int i = 0; i < kRanges; ++i) {
    if (ranges[i].begin == begin) ranges[i].begin = ranges[i].end = 0;
  }
  pthread_mutex_unlock(&ranges_mutex);
}

static int IsMapped(uintptr_t address) {
  int found = 0;
  pthread_mutex_lock(&ranges_mutex);
  for (int i = 0; i < kRanges && !found; ++i) {
    found = ranges[i].begin != 0 && ranges[i].begin <= address && address < ranges[i].end;
  }
  pthread_mutex_unlock(&ranges_mutex);
  return found;
}

/* Puts the calling process under the control file, for files below `below`. 0, or -1 and errno. */
int tpb_faults_arm(const char* control_file, const char* below) {
  const int descriptor = open(control_file, O_RDWR | O_CLOEXEC);
  void* memory = NULL;
  if (descriptor < 0) return -1;
  memory = mmap(NULL, sizeof(struct Control), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  close(descriptor);
  if (memory == MAP_FAILED || realpath(below, folder) == NULL) return -1;
  folder_length = strlen(folder);
  control = memory;
  return 0;
}

/* ---- The disk ------------------------------------------------------------------------------- */

ssize_t write(int descriptor, const void* data, size_t count) {
  const ssize_t taken = Taken(descriptor, count);
  return taken < 0 ? -1 : REAL(write)(descriptor, data, (size_t)taken);
}

ssize_t pwrite(int descriptor, const void* data, size_t count, off_t offset) {
  const ssize_t taken = Taken(descriptor, count);
  return taken < 0 ? -1 : REAL(pwrite)(descriptor, data, (size_t)taken, offset);
}

ssize_t pwrite64(int descriptor, const void* data, size_t count, off64_t offset) {
  return pwrite(descriptor, data, count, offset);
}

ssize_t writev(int descriptor, const struct iovec* pieces, int count) {
  /* A full disk takes nothing here: a part of several pieces would be as good as none. */
  if (IsOurs(descriptor) && control->disk_full) return Fail(ENOSPC);
  return REAL(writev)(descriptor, pieces, count);
}

int ftruncate(int descriptor, off_t size) {
  return MayGrow(descriptor, size) ? REAL(ftruncate)(descriptor, size) : -1;
}

int ftruncate64(int descriptor, off64_t size) { return ftruncate(descriptor, size); }

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  return MayGrow(descriptor, offset + size) ? REAL(fallocate)(descriptor, mode, offset, size) : -1;
}

int fallocate64(int descriptor, int mode, off64_t offset, off64_t size) {
  return fallocate(descriptor, mode, offset, size);
}

int posix_fallocate(int descriptor, off_t offset, off_t size) {
  return MayGrow(descriptor, offset + size) ? REAL(posix_fallocate)(descriptor, offset, size)
                                            : ENOSPC;
}

int posix_fallocate64(int descriptor, off64_t offset, off64_t size) {
  return posix_fallocate(descriptor, offset, size);
}

int fsync(int descriptor) {
  if (IsOurs(descriptor) && control->sync_fails) return Fail(EIO);
  return REAL(fsync)(descriptor);
}

int fdatasync(int descriptor) {
  if (IsOurs(descriptor) && control->sync_fails) return Fail(EIO);
  return REAL(fdatasync)(descriptor);
}

void* mmap(void* hint, size_t size, int protection, int flags, int descriptor, off_t offset) {
  void* const memory = REAL(mmap)(hint, size, protection, flags, descriptor, offset);
  if (memory != MAP_FAILED && descriptor >= 0 && IsOurs(descriptor)) {
    Remember((uintptr_t)memory, size);
  }
  return memory;
}

void* mmap64(void* hint, size_t size, int protection, int flags, int descriptor, off64_t offset) {
  return mmap(hint, size, protection, flags, descriptor, offset);
}

int munmap(void* memory, size_t size) {
  if (control != NULL) Forget((uintptr_t)memory);
  return REAL(munmap)(memory, size);
}

int msync(void* memory, size_t size, int flags) {
  if (control != NULL && control->sync_fails && IsMapped((uintptr_t)memory)) return Fail(EIO);
  return REAL(msync)(memory, size, flags);
}

/* ---- The wall clock ------------------------------------------------------------------------- */

static int64_t ShiftMs(void) { return control == NULL ? 0 : control->clock_ms; }

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int result = REAL(clock_gettime)(clock, now);
  const int64_t shift_ms = ShiftMs();
  if (result == 0 && shift_ms != 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    const int64_t ms = shift_ms + now->tv_nsec / 1000000;
    const int64_t seconds = (ms >= 0 ? ms : ms - 999) / 1000;
    now->tv_sec += seconds;
    now->tv_nsec = now->tv_nsec % 1000000 + (ms - seconds * 1000) * 1000000;
  }
  return result;
}

int gettimeofday(struct timeval* now, void* zone) {
  struct timespec exact;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* now) {
  struct timespec exact;
  const time_t seconds = clock_gettime(CLOCK_REALTIME, &exact) == 0 ? exact.tv_sec : -1;
  if (now != NULL) *now = seconds;
  return seconds;
}
