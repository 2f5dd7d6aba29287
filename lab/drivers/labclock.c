/* labclock: the lab's clock inside a program that knows nothing of it.  Loaded with LD_PRELOAD.
 *
 * A file mapped by everybody holds offsets; what is emulated is the real monotonic clock plus an offset, so
 * time runs on at the real rate between two jumps and the host's own clock may be set meanwhile.  Waits are
 * cut into slices of real time, after each of which the emulated clock is compared with the deadline again:
 * that is how timers fire by themselves after a jump.  Each thread has a slot in the file that says whether
 * it waits and until when; the lab reads there that everybody is done.
 *
 * Rules of this file.
 * - Nothing on the path of a clock call allocates, locks or looks symbols up: jemalloc reads the clock while
 *   it initialises itself, and signal handlers read it at any time.
 * - Condition variables return after a slice as if woken for nothing, which POSIX allows.  Waiting again in
 *   here would lose a signal that was sent meanwhile by somebody who does not hold the mutex.
 * - Between two slices all signals are blocked.  One that came there would not end the wait, and a program
 *   that counts on EINTR would sleep on.
 * - Without LABCLOCK_FILE the library does nothing.
 *
 * Not reached: static programs, time read by system calls without libc, alarm(2), setitimer(2) and
 * timer_create(2), which stay in real time, and time stamps of files.  docs/drivers.md has the story. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))
#define SECOND INT64_C(1000000000)
#define MAGIC INT64_C(0x6b636f6c6362616c) /* "labclock", the least significant byte first */
#define NEVER INT64_MAX
#define LAYOUT 1 /* clocks.py has the same number and the same layout */
enum { RING = 8, LABELS = 64, SLOTS = 4032, TIMERS = 64, MOST_FDS = 65536 };

typedef _Atomic int64_t word;

struct entry { /* what has been in force since jump number `seq`; the check tells a torn one */
    word seq, realtime, monotonic, check;
};
struct label { /* one subject: its name, and how wrong its own idea of the date is */
    char name[48];
    word skew, spare;
};
struct slot { /* one thread; `since` is real monotonic time and 0 while the thread does not wait; `forks` counts
                 the processes it has begun to fork, `born` those of them that have a slot, or never came */
    word owner, label, since, deadline, seq, waits, forks, born;
};
struct page {
    word magic, layout, seq, used, refused, slice, spare[2];
    struct entry ring[RING];
    struct label labels[LABELS];
    struct slot slots[SLOTS];
};
_Static_assert(sizeof(word) == 8 && ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics without locks");
_Static_assert(sizeof(struct slot) == 64 && offsetof(struct page, slots) == 4416, "the layout is shared");

struct offsets {
    int64_t seq, realtime, monotonic;
};
struct due { /* an end of waiting on the emulated clock of its kind */
    enum { NOT_OURS, REALTIME, MONOTONIC } kind;
    int64_t at;
};
struct wait { /* one call that waits, and the signals it found blocked, if it has blocked the others */
    struct slot *slot;
    struct due due;
    int64_t since;
    int guarded;
    sigset_t blocked;
};
struct timer { /* a timerfd, and the offset that its rest was last counted by; fd 0 marks a free entry */
    atomic_int fd, kind;
    word offset;
};

static struct page *page;
static int64_t label;
static atomic_int begun; /* 0 not initialised, 1 under way, 2 done */
static atomic_int timers_armed;
static struct timer timers[TIMERS];
static pthread_key_t exit_key;
static __thread struct slot *own_slot __attribute__((tls_model("initial-exec")));
static __thread int64_t own_name __attribute__((tls_model("initial-exec")));
static __thread struct { /* the last return of a condition variable for nothing */
    const void *cond;
    int64_t since, left;
} spurious __attribute__((tls_model("initial-exec")));

#define REALS(X) \
    X(clock_gettime) X(epoll_pwait) X(ppoll) X(pselect) X(clock_nanosleep) X(sem_wait) X(sem_clockwait) \
    X(pthread_cond_wait) X(pthread_cond_clockwait) X(fork) X(pthread_create) X(pthread_join) X(sigwait) \
    X(sigwaitinfo) X(sigtimedwait) X(pause) X(sigsuspend) X(setsockopt) X(timerfd_create) \
    X(timerfd_settime) X(timerfd_gettime) X(execve) X(execv) X(execvp) X(execvpe) X(fexecve) \
    X(pthread_mutex_clocklock) X(pthread_rwlock_clockrdlock) X(pthread_rwlock_clockwrlock)
#define DECLARE(name) static __typeof__(name) *real_##name;
REALS(DECLARE)

/* ---- clock ---- */

static struct timespec from_ns(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
}

static int64_t to_ns(const struct timespec *t)
{
    if (t->tv_sec > NEVER / SECOND / 2)
        return NEVER / 2;
    if (t->tv_sec < -(NEVER / SECOND / 2))
        return -(NEVER / 2);
    return t->tv_sec * SECOND + t->tv_nsec;
}

static int real_clock(clockid_t id, struct timespec *t)
{
    return real_clock_gettime ? real_clock_gettime(id, t) : (int)syscall(SYS_clock_gettime, id, t);
}

static int64_t real_now(void)
{
    struct timespec t = {0, 0};
    real_clock(CLOCK_MONOTONIC, &t);
    return to_ns(&t);
}

static void read_offsets(struct offsets *o)
{
    for (;;) {
        o->seq = page->seq;
        struct entry *e = &page->ring[o->seq & (RING - 1)];
        o->realtime = e->realtime;
        o->monotonic = e->monotonic;
        if (e->seq == o->seq && e->check == (o->seq ^ o->realtime ^ o->monotonic ^ MAGIC))
            break;
    }
    o->realtime += page->labels[label].skew;
}

static int kind_of(clockid_t id)
{
    switch (id) {
    case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: case CLOCK_REALTIME_ALARM: case CLOCK_TAI:
        return REALTIME;
    case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_COARSE: case CLOCK_MONOTONIC_RAW: case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        return MONOTONIC;
    default:
        return NOT_OURS;
    }
}

static int64_t now_of(int kind)
{
    struct offsets o;
    read_offsets(&o);
    return real_now() + (kind == REALTIME ? o.realtime : o.monotonic);
}

API int clock_gettime(clockid_t id, struct timespec *t)
{
    int kind = kind_of(id);
    if (!page || kind == NOT_OURS)
        return real_clock(id, t);
    *t = from_ns(now_of(kind));
    return 0;
}

static int64_t realtime_now(void)
{
    struct timespec t = {0, 0};
    clock_gettime(CLOCK_REALTIME, &t);
    return to_ns(&t);
}

API int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timeval *volatile wanted = t; /* programs do pass NULL, whatever the header says */
    int64_t now = realtime_now();
    if (wanted)
        *wanted = (struct timeval){.tv_sec = now / SECOND, .tv_usec = now % SECOND / 1000};
    if (zone)
        memset(zone, 0, sizeof(struct timezone));
    return 0;
}

API time_t time(time_t *t)
{
    time_t now = realtime_now() / SECOND;
    if (t)
        *t = now;
    return now;
}

API int timespec_get(struct timespec *t, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, t) == 0 ? base : 0;
}

/* ---- one slot a thread ---- */

static void release(void *which)
{
    struct slot *slot = which;
    slot->since = 0;
    slot->owner = 0;
}

static void release_process(int64_t pid)
{
    for (int64_t i = 0, used = page->used; i < used && i < SLOTS; i++)
        if (page->slots[i].owner >> 32 == pid)
            release(&page->slots[i]);
}

static struct slot *claim(int64_t pid)
{
    own_name = pid << 32 | (int64_t)syscall(SYS_gettid);
    own_slot = NULL;
    for (int64_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &page->slots[i];
        int64_t nobody = 0;
        if (slot->owner != 0 || !atomic_compare_exchange_strong(&slot->owner, &nobody, own_name))
            continue;
        slot->since = 0;
        slot->label = label;
        slot->deadline = NEVER;
        slot->seq = 0;
        slot->waits = 0;
        slot->forks = 0;
        slot->born = 0;
        for (int64_t used = page->used; used <= i;)
            if (atomic_compare_exchange_weak(&page->used, &used, i + 1))
                break;
        own_slot = slot;
        pthread_setspecific(exit_key, slot);
        return slot;
    }
    page->refused += 1;
    return NULL;
}

static struct slot *mine(void)
{
    int64_t pid = getpid();
    if (own_slot && own_name >> 32 == pid && own_slot->owner == own_name)
        return own_slot;
    return own_name >> 32 == pid && !own_slot ? NULL : claim(pid); /* refused once is refused */
}

static void thread_ends(void *slot)
{
    own_slot = NULL;
    own_name = 0;
    release(slot);
}

static void child_begins(void)
{
    if (page)
        claim(getpid());
}

static void map_page(void)
{
    const char *path = getenv("LABCLOCK_FILE"), *number = getenv("LABCLOCK_LABEL");
    int fd = path && *path ? open(path, O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;
    struct stat info;
    if (fd < 0)
        return;
    if (fstat(fd, &info) == 0 && (size_t)info.st_size >= sizeof(struct page)) {
        void *mapped = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        struct page *found = mapped == MAP_FAILED ? NULL : mapped;
        if (found && found->magic == MAGIC && found->layout == LAYOUT) {
            int64_t wanted = number ? atoll(number) : 0;
            label = wanted > 0 && wanted < LABELS ? wanted : 0;
            page = found;
        }
    }
    close(fd);
}

static void begin(void)
{
    int fresh = 0, saved = errno;
    if (begun == 2 || !atomic_compare_exchange_strong(&begun, &fresh, 1))
        return;
#define FIND(name) real_##name = (__typeof__(real_##name))dlsym(RTLD_NEXT, #name);
    REALS(FIND)
#if defined(__x86_64__) /* there are two versions of these, and dlsym may find the one of 2001 */
    void *newer = dlvsym(RTLD_NEXT, "pthread_cond_wait", "GLIBC_2.3.2");
    if (newer)
        real_pthread_cond_wait = (__typeof__(real_pthread_cond_wait))newer;
#endif
    if (pthread_key_create(&exit_key, thread_ends) == 0)
        map_page();
    if (page) {
        pthread_atfork(NULL, NULL, child_begins);
        release_process(getpid()); /* what was before exec(2), or a dead process with the same number */
        claim(getpid());
    }
    begun = 2;
    errno = saved;
}

__attribute__((constructor)) static void loaded(void)
{
    begin();
}

__attribute__((destructor)) static void unloaded(void)
{
    if (page)
        release_process(getpid());
}

struct start {
    void *(*run)(void *);
    void *argument;
};

static void *thread_begins(void *given)
{
    struct start start = *(struct start *)given;
    free(given);
    mine();
    return start.run(start.argument);
}

API int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attr, void *(*run)(void *),
                       void *restrict argument)
{
    begin();
    struct start *start = page ? malloc(sizeof *start) : NULL;
    if (!start)
        return real_pthread_create(thread, attr, run, argument);
    *start = (struct start){run, argument};
    int result = real_pthread_create(thread, attr, thread_begins, start);
    if (result != 0)
        free(start);
    return result;
}

API pid_t fork(void)
{
    begin();
    struct slot *slot = page ? mine() : NULL;
    if (slot)
        slot->forks += 1;
    pid_t child = real_fork();
    if (slot && child <= 0) /* the child, which has its own by now (child_begins), or no child at all */
        slot->born += 1;
    return child;
}

/* A program that is executed may not load the library: it then has no slot, and the lab can tell. */
static struct slot *leave_image(void)
{
    begin();
    struct slot *slot = page && own_slot && own_name >> 32 == getpid() ? own_slot : NULL;
    if (slot)
        release(slot);
    return slot;
}

static int stay(struct slot *slot, int result)
{
    int saved = errno;
    if (slot)
        claim(getpid());
    errno = saved;
    return result;
}

API int execve(const char *path, char *const argv[], char *const envp[])
{
    struct slot *slot = leave_image();
    return stay(slot, real_execve(path, argv, envp));
}

API int execv(const char *path, char *const argv[])
{
    struct slot *slot = leave_image();
    return stay(slot, real_execv(path, argv));
}

API int execvp(const char *file, char *const argv[])
{
    struct slot *slot = leave_image();
    return stay(slot, real_execvp(file, argv));
}

API int execvpe(const char *file, char *const argv[], char *const envp[])
{
    struct slot *slot = leave_image();
    return stay(slot, real_execvpe(file, argv, envp));
}

API int fexecve(int fd, char *const argv[], char *const envp[])
{
    struct slot *slot = leave_image();
    return stay(slot, real_fexecve(fd, argv, envp));
}

/* ---- timerfd: the rest of each timer is shortened by what the clock has jumped ---- */

static int64_t follow_jumps(const struct offsets *o)
{
    int64_t nearest = NEVER;
    for (int i = 0; i < TIMERS; i++) {
        struct timer *timer = &timers[i];
        int fd = timer->fd;
        struct itimerspec left;
        if (fd == 0)
            continue;
        if (real_timerfd_gettime(fd, &left) != 0) {
            timer->fd = 0; /* closed meanwhile */
            timers_armed -= 1;
            continue;
        }
        int64_t offset = timer->kind == REALTIME ? o->realtime : o->monotonic, rest = to_ns(&left.it_value);
        int64_t before = atomic_exchange(&timer->offset, offset);
        if (rest == 0)
            continue;
        if (offset != before) {
            rest = rest > offset - before ? rest - (offset - before) : 1;
            left.it_value = from_ns(rest);
            real_timerfd_settime(fd, 0, &left, NULL);
        }
        nearest = rest < nearest ? rest : nearest;
    }
    return nearest;
}

API int timerfd_create(clockid_t id, int flags)
{
    begin();
    int kind = page ? kind_of(id) : NOT_OURS;
    int fd = real_timerfd_create(kind == NOT_OURS ? id : CLOCK_MONOTONIC, flags);
    if (fd <= 0 || kind == NOT_OURS)
        return fd;
    struct offsets o;
    read_offsets(&o);
    for (int i = 0, again = 0; i < TIMERS; i++) /* an entry with the same number was closed long ago */
        if (timers[i].fd == fd && again++ == 0) {
            timers[i].fd = 0;
            timers_armed -= 1;
        }
    for (int i = 0, nobody = 0; i < TIMERS; i++, nobody = 0)
        if (timers[i].fd == 0 && atomic_compare_exchange_strong(&timers[i].fd, &nobody, fd)) {
            timers[i].kind = kind;
            timers[i].offset = kind == REALTIME ? o.realtime : o.monotonic;
            timers_armed += 1;
            break;
        }
    return fd;
}

API int timerfd_settime(int fd, int flags, const struct itimerspec *wanted, struct itimerspec *old)
{
    begin();
    struct timer *timer = NULL;
    for (int i = 0; page && fd > 0 && i < TIMERS; i++)
        if (timers[i].fd == fd)
            timer = &timers[i];
    if (!timer || !wanted)
        return real_timerfd_settime(fd, flags, wanted, old);
    struct itimerspec real = *wanted;
    struct offsets o;
    read_offsets(&o);
    timer->offset = timer->kind == REALTIME ? o.realtime : o.monotonic;
    if ((flags & TFD_TIMER_ABSTIME) && to_ns(&wanted->it_value) != 0) {
        int64_t rest = to_ns(&wanted->it_value) - now_of(timer->kind);
        real.it_value = from_ns(rest > 0 ? rest : 1);
    }
    return real_timerfd_settime(fd, 0, &real, old);
}

/* ---- waiting ---- */

static int64_t left_of(const struct due *due)
{
    return due->at == NEVER ? NEVER : due->at - now_of(due->kind);
}

static struct due due_in(int64_t ns)
{
    int64_t now = now_of(MONOTONIC);
    return (struct due){MONOTONIC, ns >= NEVER - now ? NEVER : now + ns};
}

static void publish(struct wait *w, int64_t left)
{
    struct offsets o;
    read_offsets(&o);
    if (w->slot) {
        w->slot->deadline = left == NEVER ? NEVER : real_now() + o.monotonic + left;
        w->slot->seq = o.seq;
        w->slot->since = w->since; /* again and again: a wait inside a signal handler takes it away */
    }
}

static void wait_begins(struct wait *w, struct due due, const void *cond)
{
    int64_t now = real_now();
    w->slot = mine();
    w->due = due;
    w->since = now;
    w->guarded = 0;
    if (!w->slot)
        return;
    if (cond && spurious.cond == cond && now - spurious.left < 200000)
        w->since = spurious.since; /* back at once: the same wait */
    else
        w->slot->waits += 1;
    spurious.cond = NULL;
    publish(w, left_of(&due));
}

static void wait_ends(struct wait *w)
{
    if (w->slot)
        w->slot->since = 0;
    if (w->guarded)
        pthread_sigmask(SIG_SETMASK, &w->blocked, NULL);
}

/* Block all signals, if the wait is to be sliced; return the mask for the slices themselves. */
static const sigset_t *guard(struct wait *w, const sigset_t *wanted)
{
    sigset_t all;
    if (w->due.at == NEVER && timers_armed == 0)
        return wanted;
    sigfillset(&all);
    w->guarded = pthread_sigmask(SIG_SETMASK, &all, &w->blocked) == 0;
    return wanted ? wanted : w->guarded ? &w->blocked : NULL;
}

/* Return how long to wait in real time before looking again: 0 if it is time, NEVER if nothing is to come. */
static int64_t next_slice(struct wait *w)
{
    int64_t left = left_of(&w->due), slice = page->slice;
    if (timers_armed > 0) {
        struct offsets o;
        read_offsets(&o);
        int64_t timer = follow_jumps(&o);
        publish(w, left < timer ? left : timer);
        return left <= 0 ? 0 : left < slice ? left : slice;
    }
    publish(w, left);
    return left == NEVER ? NEVER : left <= 0 ? 0 : left < slice ? left : slice;
}

static int over(const struct wait *w)
{
    return left_of(&w->due) <= 0;
}

static struct timespec *span(int64_t ns, struct timespec *t)
{
    *t = from_ns(ns == NEVER ? 0 : ns);
    return ns == NEVER ? NULL : t;
}

API int epoll_pwait(int epfd, struct epoll_event *events, int most, int timeout, const sigset_t *mask)
{
    begin();
    if (!page || timeout == 0)
        return real_epoll_pwait(epfd, events, most, timeout, mask);
    struct wait w;
    int result;
    wait_begins(&w, due_in(timeout < 0 ? NEVER : timeout * (SECOND / 1000)), NULL);
    mask = guard(&w, mask);
    do {
        int64_t ns = next_slice(&w);
        int ms = ns == NEVER ? -1 : (int)((ns + 999999) / 1000000);
        result = real_epoll_pwait(epfd, events, most, ms, mask);
    } while (result == 0 && !over(&w));
    wait_ends(&w);
    return result;
}

API int epoll_wait(int epfd, struct epoll_event *events, int most, int timeout)
{
    return epoll_pwait(epfd, events, most, timeout, NULL);
}

API int epoll_pwait2(int epfd, struct epoll_event *events, int most, const struct timespec *timeout,
                     const sigset_t *mask)
{
    int64_t ms = timeout ? (to_ns(timeout) + 999999) / 1000000 : -1;
    return epoll_pwait(epfd, events, most, ms > INT_MAX ? INT_MAX : (int)ms, mask);
}

static int poll_until(struct pollfd *fds, nfds_t count, int64_t ns, const sigset_t *mask)
{
    struct wait w;
    struct timespec t;
    int result;
    begin();
    if (!page || ns == 0)
        return real_ppoll(fds, count, span(ns, &t), mask);
    wait_begins(&w, due_in(ns), NULL);
    mask = guard(&w, mask);
    do
        result = real_ppoll(fds, count, span(next_slice(&w), &t), mask);
    while (result == 0 && !over(&w));
    wait_ends(&w);
    return result;
}

static int valid(const struct timespec *t)
{
    return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < SECOND;
}

API int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    return poll_until(fds, count, timeout < 0 ? NEVER : timeout * (SECOND / 1000), NULL);
}

API int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    begin();
    if (timeout && !valid(timeout))
        return real_ppoll(fds, count, timeout, mask);
    return poll_until(fds, count, timeout ? to_ns(timeout) : NEVER, mask);
}

API int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
API int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
    if (size / sizeof *fds < count)
        abort();
    return poll(fds, count, timeout);
}

/* Return what is left of `ns`, for select(2), which tells it. */
static int64_t select_until(int count, fd_set *sets[3], int64_t ns, const sigset_t *mask, int *result)
{
    struct wait w;
    struct timespec t;
    size_t size = ((size_t)count + 63) / 64 * 8; /* the kernel reads and writes whole longs */
    unsigned char wanted[3][size ? size : 1];
    for (int i = 0; i < 3; i++)
        if (sets[i])
            memcpy(wanted[i], sets[i], size);
    wait_begins(&w, due_in(ns), NULL);
    mask = guard(&w, mask);
    while ((*result = real_pselect(count, sets[0], sets[1], sets[2], span(next_slice(&w), &t), mask)) == 0 &&
           !over(&w))
        for (int i = 0; i < 3; i++)
            if (sets[i])
                memcpy(sets[i], wanted[i], size);
    int saved = errno;
    wait_ends(&w);
    ns = left_of(&w.due);
    errno = saved;
    return ns > 0 ? ns : 0;
}

API int select(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict other,
               struct timeval *restrict timeout)
{
    int result;
    begin();
    int64_t ns = timeout ? timeout->tv_sec * SECOND + timeout->tv_usec * INT64_C(1000) : NEVER;
    struct timespec t = from_ns(ns);
    if (!page || ns <= 0 || count < 0 || count > MOST_FDS)
        return real_pselect(count, in, out, other, timeout ? &t : NULL, NULL);
    int64_t left = select_until(count, (fd_set *[3]){in, out, other}, ns, NULL, &result);
    if (timeout)
        *timeout = (struct timeval){.tv_sec = left / SECOND, .tv_usec = left % SECOND / 1000};
    return result;
}

API int pselect(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict other,
                const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
    int result;
    begin();
    int64_t ns = timeout ? to_ns(timeout) : NEVER;
    if (!page || ns <= 0 || count < 0 || count > MOST_FDS)
        return real_pselect(count, in, out, other, timeout, mask);
    select_until(count, (fd_set *[3]){in, out, other}, ns, mask, &result);
    return result;
}

static int sleep_until(struct due due, int64_t *left)
{
    struct wait w;
    struct timespec t;
    int result = 0, saved = errno;
    int64_t ns;
    wait_begins(&w, due, NULL);
    const sigset_t *mask = guard(&w, NULL);
    while (result == 0 && (ns = next_slice(&w)) > 0)
        result = real_ppoll(NULL, 0, span(ns, &t), mask); /* sleeps that can tell which signals may come */
    ns = left_of(&w.due);
    *left = ns > 0 ? ns : 0;
    wait_ends(&w);
    errno = saved;
    return result ? EINTR : 0;
}

API int clock_nanosleep(clockid_t id, int flags, const struct timespec *wanted, struct timespec *rest)
{
    begin();
    int kind = page ? kind_of(id) : NOT_OURS;
    int64_t left;
    if (kind == NOT_OURS || !wanted || !valid(wanted))
        return real_clock_nanosleep(id, flags, wanted, rest);
    int absolute = flags & TIMER_ABSTIME;
    int result = sleep_until(absolute ? (struct due){kind, to_ns(wanted)} : due_in(to_ns(wanted)), &left);
    if (result == EINTR && rest && !absolute)
        *rest = from_ns(left);
    return result;
}

API int nanosleep(const struct timespec *wanted, struct timespec *rest)
{
    int result = clock_nanosleep(CLOCK_MONOTONIC, 0, wanted, rest);
    if (result != 0)
        errno = result;
    return result ? -1 : 0;
}

API int thrd_sleep(const struct timespec *wanted, struct timespec *rest);
API int thrd_sleep(const struct timespec *wanted, struct timespec *rest)
{
    int result = clock_nanosleep(CLOCK_MONOTONIC, 0, wanted, rest);
    return result == 0 ? 0 : result == EINTR ? -1 : -2;
}

API int usleep(useconds_t microseconds)
{
    struct timespec t = from_ns(microseconds * INT64_C(1000));
    return nanosleep(&t, NULL);
}

API unsigned int sleep(unsigned int seconds)
{
    struct timespec t = {.tv_sec = seconds, .tv_nsec = 0}, rest = {0, 0};
    int saved = errno;
    if (nanosleep(&t, &rest) == 0)
        return 0;
    errno = saved;
    return (unsigned int)(rest.tv_sec + (rest.tv_nsec >= SECOND / 2));
}

/* ---- condition variables, semaphores, locks, threads, signals ---- */

static int cond_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int kind, const struct timespec *at)
{
    struct wait w;
    wait_begins(&w, (struct due){kind, to_ns(at)}, cond);
    struct timespec until = from_ns(real_now() + next_slice(&w));
    int result = real_pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &until);
    if (result == ETIMEDOUT && !over(&w)) {
        result = 0;
        spurious.cond = cond;
        spurious.since = w.since;
        spurious.left = real_now();
    }
    wait_ends(&w);
    return result;
}

API int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t id,
                               const struct timespec *at)
{
    begin();
    int kind = page ? kind_of(id) : NOT_OURS;
    if (kind == NOT_OURS || !valid(at))
        return real_pthread_cond_clockwait(cond, mutex, id, at);
    return cond_until(cond, mutex, kind, at);
}

API int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                               const struct timespec *restrict at)
{
    clockid_t id = cond->__data.__wrefs & 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME; /* as glibc keeps it */
    return pthread_cond_clockwait(cond, mutex, id, at);
}

/* A call that waits for no time at all: the thread has nothing due, so it is not woken by jumps. */
#define UNTIMED(type, name, parameters, arguments) \
    API type name parameters \
    { \
        struct wait w; \
        begin(); \
        if (!page) \
            return real_##name arguments; \
        wait_begins(&w, (struct due){MONOTONIC, NEVER}, NULL); \
        type result = real_##name arguments; \
        wait_ends(&w); \
        return result; \
    }
UNTIMED(int, pthread_cond_wait, (pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex),
        (cond, mutex))
UNTIMED(int, pthread_join, (pthread_t thread, void **value), (thread, value))
UNTIMED(int, sem_wait, (sem_t *semaphore), (semaphore))
UNTIMED(int, sigwait, (const sigset_t *restrict set, int *restrict number), (set, number))
UNTIMED(int, sigwaitinfo, (const sigset_t *restrict set, siginfo_t *restrict info), (set, info))
UNTIMED(int, pause, (void), ())
UNTIMED(int, sigsuspend, (const sigset_t *mask), (mask))

API int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                     const struct timespec *restrict timeout)
{
    struct wait w;
    struct timespec t;
    int result;
    begin();
    if (!page || !timeout || !valid(timeout) || to_ns(timeout) == 0)
        return real_sigtimedwait(set, info, timeout);
    wait_begins(&w, due_in(to_ns(timeout)), NULL);
    do
        result = real_sigtimedwait(set, info, span(next_slice(&w), &t));
    while (result < 0 && errno == EAGAIN && !over(&w));
    wait_ends(&w);
    return result;
}

API int sem_clockwait(sem_t *restrict semaphore, clockid_t id, const struct timespec *restrict at)
{
    struct wait w;
    int result;
    begin();
    int kind = page ? kind_of(id) : NOT_OURS;
    if (kind == NOT_OURS || !valid(at))
        return real_sem_clockwait(semaphore, id, at);
    wait_begins(&w, (struct due){kind, to_ns(at)}, NULL);
    do {
        struct timespec until = from_ns(real_now() + next_slice(&w));
        result = real_sem_clockwait(semaphore, CLOCK_MONOTONIC, &until);
    } while (result < 0 && errno == ETIMEDOUT && !over(&w));
    wait_ends(&w);
    return result;
}

API int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict at)
{
    return sem_clockwait(semaphore, CLOCK_REALTIME, at);
}

/* Locks with a time limit: whoever waits here waits for another thread, so the slot is left alone. */
#define TIMED_LOCK(type, timed, clocked) \
    API int clocked(type *restrict lock, clockid_t id, const struct timespec *restrict at) \
    { \
        begin(); \
        struct due due = {page ? kind_of(id) : NOT_OURS, to_ns(at)}; \
        if (due.kind == NOT_OURS || !valid(at)) \
            return real_##clocked(lock, id, at); \
        for (;;) { \
            int64_t left = left_of(&due), slice = page->slice; \
            struct timespec until = from_ns(real_now() + (left < slice ? left : slice)); \
            int result = real_##clocked(lock, CLOCK_MONOTONIC, &until); \
            if (result != ETIMEDOUT || left <= 0) \
                return result; \
        } \
    } \
    API int timed(type *restrict lock, const struct timespec *restrict at) \
    { \
        return clocked(lock, CLOCK_REALTIME, at); \
    }
TIMED_LOCK(pthread_mutex_t, pthread_mutex_timedlock, pthread_mutex_clocklock)
TIMED_LOCK(pthread_rwlock_t, pthread_rwlock_timedrdlock, pthread_rwlock_clockrdlock)
TIMED_LOCK(pthread_rwlock_t, pthread_rwlock_timedwrlock, pthread_rwlock_clockwrlock)

/* ---- what the kernel would stamp with real time ---- */

API int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    begin();
    if (page && level == SOL_SOCKET)
        switch (option) {
        case 29: case 35: case 37: case 63: case 64: case 65: /* SO_TIMESTAMP, NS, ING, and their _NEW */
            return 0;
        }
    return real_setsockopt(fd, level, option, value, size);
}
