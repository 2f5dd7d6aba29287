/* Wait for an hour in one of many ways, under the lab's clock, and say how that ended.  test_labclock.py. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { HOUR = 3600 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn, quiet_pipe[2];

static struct timespec after(clockid_t id, long seconds)
{
    struct timespec t;
    clock_gettime(id, &t);
    t.tv_sec += seconds;
    return t;
}

static const char *name(int error)
{
    return error == ETIMEDOUT ? "ETIMEDOUT" : error == EINTR ? "EINTR" : error == EAGAIN ? "EAGAIN"
         : error == EINVAL ? "EINVAL" : error == 0 ? "0" : "?";
}

static void nothing(int number)
{
    (void)number;
}

static int wait_cond(clockid_t id)
{
    pthread_condattr_t attr;
    pthread_cond_t own;
    struct timespec end = after(id, HOUR);
    int result = 0;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, id);
    pthread_cond_init(&own, &attr);
    pthread_mutex_lock(&mutex);
    while (result == 0)
        result = pthread_cond_timedwait(&own, &mutex, &end);
    pthread_mutex_unlock(&mutex);
    return result;
}

static void *player(void *own)
{
    for (int i = 0; i < 20000; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % 2 != *(int *)own) {
            struct timespec end = after(CLOCK_REALTIME, HOUR);
            if (pthread_cond_timedwait(&cond, &mutex, &end) == ETIMEDOUT)
                puts("timed out"), exit(1);
        }
        turn++;
        pthread_mutex_unlock(&mutex);
        pthread_cond_signal(&cond);
    }
    return NULL;
}

static void *holder(void *unused)
{
    pthread_mutex_lock(&mutex);
    pause();
    return unused;
}

static void *taker(void *semaphore)
{
    sem_wait(semaphore);
    return NULL;
}

static int wait_timerfd(clockid_t id, int absolute, int interval)
{
    struct itimerspec t = {.it_value = {.tv_sec = HOUR}, .it_interval = {.tv_sec = interval}};
    struct epoll_event event = {.events = EPOLLIN};
    int timer = timerfd_create(id, 0), queue = epoll_create1(0);
    uint64_t count = 0;
    if (absolute)
        t.it_value = after(id, HOUR);
    timerfd_settime(timer, absolute ? TFD_TIMER_ABSTIME : 0, &t, NULL);
    epoll_ctl(queue, EPOLL_CTL_ADD, timer, &event);
    epoll_wait(queue, &event, 1, -1);
    return read(timer, &count, sizeof count) == sizeof count ? (int)count : -1;
}

static int wait_select(void)
{
    struct timeval limit = {.tv_sec = HOUR};
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(quiet_pipe[0], &in);
    int result = select(quiet_pipe[1] + 1, &in, &out, NULL, &limit);
    return result + (int)limit.tv_sec + FD_ISSET(quiet_pipe[0], &in);
}

/* Look at a pipe that gets something after the jump: all slices before must have asked for it again. */
static int select_input(void)
{
    struct timeval limit = {.tv_sec = 10L * HOUR};
    fd_set in;
    FD_ZERO(&in);
    FD_SET(0, &in);
    int result = select(1, &in, NULL, NULL, &limit);
    return result == 1 && FD_ISSET(0, &in) && limit.tv_sec / HOUR == 8 ? 1 : -1; /* 9 h less a moment */
}

static int run(const char *how)
{
    struct timespec hour = {.tv_sec = HOUR}, rest = {0}, end;
    struct pollfd input = {.fd = quiet_pipe[0], .events = POLLIN};
    struct epoll_event event;
    sigset_t set;
    sem_t sem;
    int players[2] = {0, 1}, result;
    pthread_t threads[2];
    sem_init(&sem, 0, 0);
    sigemptyset(&set);
#define IS(text) (strcmp(how, text) == 0)
    if (IS("sleep")) return printf("%u\n", sleep(HOUR));
    if (IS("usleep")) return printf("%d\n", usleep(3600000000u));
    if (IS("nanosleep")) return printf("%d\n", nanosleep(&hour, NULL));
    if (IS("nanosleep-until")) {
        end = after(CLOCK_REALTIME, HOUR);
        return printf("%d\n", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &end, NULL));
    }
    if (IS("poll")) return printf("%d\n", poll(&input, 1, HOUR * 1000));
    if (IS("ppoll")) return printf("%d\n", ppoll(&input, 1, &hour, &set));
    if (IS("epoll")) return printf("%d\n", epoll_wait(epoll_create1(0), &event, 1, HOUR * 1000));
    if (IS("epoll_pwait")) return printf("%d\n", epoll_pwait(epoll_create1(0), &event, 1, HOUR * 1000, &set));
    if (IS("select")) return printf("%d\n", wait_select());
    if (IS("select-input")) return printf("%d\n", select_input());
    if (IS("pselect")) return printf("%d\n", pselect(0, NULL, NULL, NULL, &hour, &set));
    if (IS("cond-realtime")) return printf("%s\n", name(wait_cond(CLOCK_REALTIME)));
    if (IS("cond-monotonic")) return printf("%s\n", name(wait_cond(CLOCK_MONOTONIC)));
    if (IS("sem")) {
        end = after(CLOCK_REALTIME, HOUR);
        result = sem_timedwait(&sem, &end);
        return printf("%d %s\n", result, name(errno));
    }
    if (IS("sigtimedwait")) {
        result = sigtimedwait(&set, NULL, &hour);
        return printf("%d %s\n", result, name(errno));
    }
    if (IS("lock")) {
        end = after(CLOCK_REALTIME, HOUR);
        pthread_create(&threads[0], NULL, holder, NULL);
        while (pthread_mutex_trylock(&mutex) == 0)
            pthread_mutex_unlock(&mutex);
        return printf("%s\n", name(pthread_mutex_timedlock(&mutex, &end)));
    }
    if (IS("timerfd")) return printf("%d\n", wait_timerfd(CLOCK_MONOTONIC, 0, 0));
    if (IS("timerfd-until")) return printf("%d\n", wait_timerfd(CLOCK_REALTIME, 1, 0));
    if (IS("timerfd-again")) return printf("%d\n", wait_timerfd(CLOCK_BOOTTIME, 0, 7200));
    if (IS("interrupted")) { /* by the alarm, which is real; two hours and a half are left of three and a half */
        signal(SIGALRM, nothing);
        alarm(1);
        hour.tv_sec = 3 * HOUR + HOUR / 2;
        result = nanosleep(&hour, &rest);
        return printf("%d %s %ld\n", result, name(errno), (long)(rest.tv_sec + 60) / 1800);
    }
    if (IS("invalid")) {
        hour.tv_nsec = -1;
        result = nanosleep(&hour, NULL);
        return printf("%d %s\n", result, name(errno));
    }
    if (IS("signals")) { /* none may be lost between two slices */
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, player, &players[i]);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        return printf("%d\n", turn);
    }
    if (IS("thread")) { /* one that waits for something else than time */
        pthread_create(&threads[0], NULL, taker, &sem);
        sleep(HOUR);
        sem_post(&sem);
        pthread_join(threads[0], NULL);
        printf("joined\n");
        fflush(stdout);
        sleep(HOUR);
        return 0;
    }
    if (IS("forks")) { /* whoever waits for a child that has hardly begun is not idle */
        signal(SIGCHLD, SIG_IGN);
        for (int i = 0; i < 500; i++) {
            char octet = 0;
            int ends[2];
            if (pipe(ends) != 0 || fork() == 0)
                _exit(write(ends[1], &octet, 1) != 1);
            if (read(ends[0], &octet, 1) != 1)
                return printf("no child\n");
            close(ends[0]);
            close(ends[1]);
        }
        return printf("forked\n");
    }
    if (IS("exec-fails")) {
        char *argv[] = {"nothing", NULL};
        execv("/nonexistent/nothing", argv);
        return printf("%d\n", (int)sleep(HOUR));
    }
    if (IS("stamps")) { /* a socket must not be given the kernel's own time */
        int on = 1, got = 0, fd = socket(AF_INET, SOCK_DGRAM, 0);
        socklen_t size = sizeof got;
        result = setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on);
        getsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &got, &size);
        return printf("%d %d\n", result, got);
    }
    if (IS("backwards")) { /* the monotonic clock never is */
        struct timespec last = {0}, now;
        for (end = after(CLOCK_MONOTONIC, HOUR / 2); last.tv_sec < end.tv_sec; last = now) {
            clock_gettime(CLOCK_MONOTONIC, &now);
            if (now.tv_sec < last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec < last.tv_nsec))
                return printf("backwards\n");
        }
        return printf("forwards\n");
    }
    return printf("no such test\n");
}

int main(int count, char **arguments)
{
    (void)count;
    if (pipe(quiet_pipe) != 0)
        return 1;
    printf("ready\n");
    fflush(stdout);
    run(arguments[1]);
    return 0;
}
