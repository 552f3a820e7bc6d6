/* A disk that fails when it is told to: loaded before libc (LD_PRELOAD), it counts the calls that change or map files
 * under one directory, and lets the N-th of a kind fail, or every one from the N-th on, or kills the process there.
 *
 *   LODELINE_FAULTS_UNDER    the directory; without it nothing is counted
 *   LODELINE_FAULTS_COUNTS   a file of five 64-bit numbers, one for each kind, shared with the processes that are started
 *   LODELINE_FAULTS          "KIND N once|on ENOSPC|EIO|EROFS|KILL"; without it calls are counted only
 *
 * Kinds: write (pwrite, writev, pwritev), fsync (fdatasync), rename (renameat, renameat2, link, linkat),
 * open (openat, creat) with flags that write, mmap of a file. What libc calls inside itself does not come by here.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE, FSYNC, RENAME, OPEN, MMAP, KINDS };
static const char *const names[KINDS] = {"write", "fsync", "rename", "open", "mmap"};

static char under[PATH_MAX];
static size_t length;
static uint64_t *counts;
static int kind = -1, number, every, error_number; /* error_number 0: the process is killed */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Reads the environment; a forked process that was told something new calls it again. */
__attribute__((constructor)) void lodeline_faults_begin(void) {
    const char *directory = getenv("LODELINE_FAULTS_UNDER"), *shared = getenv("LODELINE_FAULTS_COUNTS");
    const char *fault = getenv("LODELINE_FAULTS");
    kind = -1;
    length = 0;
    if (!directory || !shared || strlen(directory) >= sizeof under) return;
    int file = REAL(open)(shared, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *mapped = REAL(mmap)(NULL, KINDS * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) return;
    counts = mapped;
    strcpy(under, directory);
    char word[16], times[16], what[16];
    if (fault && sscanf(fault, "%15s %d %15s %15s", word, &number, times, what) == 4) {
        for (int one = 0; one < KINDS; one++)
            if (!strcmp(word, names[one])) kind = one;
        every = !strcmp(times, "on");
        error_number = !strcmp(what, "ENOSPC") ? ENOSPC : !strcmp(what, "EIO") ? EIO : !strcmp(what, "EROFS") ? EROFS : 0;
    }
    length = strlen(under);
}

static int within(const char *path) {
    return length && !strncmp(path, under, length) && (path[length] == '/' || !path[length]);
}

static int file_within(int file) {
    char link[64], path[PATH_MAX];
    if (!length || file < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t got = readlink(link, path, sizeof path - 1);
    if (got < 0) return 0;
    path[got] = 0;
    return within(path);
}

static int path_within(int directory, const char *path) {
    if (!length || !path) return 0;
    if (*path == '/') return within(path);
    if (directory != AT_FDCWD) return file_within(directory);
    char here[PATH_MAX];
    return getcwd(here, sizeof here) && within(here);
}

/* Counts a call; 1 where it has to fail, with errno set. */
static int fails(enum kind one) {
    uint64_t now = __atomic_add_fetch(&counts[one], 1, __ATOMIC_SEQ_CST);
    if ((int)one != kind || (every ? now < (uint64_t)number : now != (uint64_t)number)) return 0;
    if (!error_number) kill(getpid(), SIGKILL);
    errno = error_number;
    return 1;
}

#define OF_FILE(kind, type, name, params, file, ...) \
    type name params { \
        int saved = errno; \
        if (file_within(file) && fails(kind)) return -1; \
        errno = saved; \
        return REAL(name)(__VA_ARGS__); \
    }
OF_FILE(WRITE, ssize_t, write, (int f, const void *b, size_t n), f, f, b, n)
OF_FILE(WRITE, ssize_t, pwrite, (int f, const void *b, size_t n, off_t o), f, f, b, n, o)
OF_FILE(WRITE, ssize_t, pwrite64, (int f, const void *b, size_t n, off64_t o), f, f, b, n, o)
OF_FILE(WRITE, ssize_t, writev, (int f, const struct iovec *v, int n), f, f, v, n)
OF_FILE(WRITE, ssize_t, pwritev, (int f, const struct iovec *v, int n, off_t o), f, f, v, n, o)
OF_FILE(WRITE, ssize_t, pwritev64, (int f, const struct iovec *v, int n, off64_t o), f, f, v, n, o)
OF_FILE(FSYNC, int, fsync, (int f), f, f)
OF_FILE(FSYNC, int, fdatasync, (int f), f, f)

#define OF_PATH(name, params, directory, path, ...) \
    int name params { \
        int saved = errno; \
        if (path_within(directory, path) && fails(RENAME)) return -1; \
        errno = saved; \
        return REAL(name)(__VA_ARGS__); \
    }
OF_PATH(rename, (const char *a, const char *b), AT_FDCWD, b, a, b)
OF_PATH(renameat, (int d, const char *a, int e, const char *b), e, b, d, a, e, b)
OF_PATH(renameat2, (int d, const char *a, int e, const char *b, unsigned f), e, b, d, a, e, b, f)
OF_PATH(link, (const char *a, const char *b), AT_FDCWD, b, a, b)
OF_PATH(linkat, (int d, const char *a, int e, const char *b, int f), e, b, d, a, e, b, f)

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)); }

#define OPENS(name, params, directory, path, flags, ...) \
    int name params { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        int saved = errno; \
        if (writes(flags) && path_within(directory, path) && fails(OPEN)) return -1; \
        errno = saved; \
        return REAL(name)(__VA_ARGS__); \
    }
OPENS(open, (const char *p, int flags, ...), AT_FDCWD, p, flags, p, flags, mode)
OPENS(open64, (const char *p, int flags, ...), AT_FDCWD, p, flags, p, flags, mode)
OPENS(openat, (int d, const char *p, int flags, ...), d, p, flags, d, p, flags, mode)
OPENS(openat64, (int d, const char *p, int flags, ...), d, p, flags, d, p, flags, mode)

#define CREATES(name) \
    int name(const char *p, mode_t mode) { \
        int saved = errno; \
        if (path_within(AT_FDCWD, p) && fails(OPEN)) return -1; \
        errno = saved; \
        return REAL(name)(p, mode); \
    }
CREATES(creat)
CREATES(creat64)

#define MAPS(name, offset) \
    void *name(void *at, size_t n, int access, int flags, int f, offset o) { \
        int saved = errno; \
        if (!(flags & MAP_ANONYMOUS) && file_within(f) && fails(MMAP)) return MAP_FAILED; \
        errno = saved; \
        return REAL(name)(at, n, access, flags, f, o); \
    }
MAPS(mmap, off_t)
MAPS(mmap64, off64_t)
