/*
 * Runs one program and tells what it took: wall time, processor time of all its threads and children, peak memory.
 *
 *   measure SECONDS_MAX MEBIBYTES_MAX OUTPUT PROGRAM [ARGUMENTS...]
 *
 * The program's output goes to the file OUTPUT, its errors to ours. It is ended past SECONDS_MAX of processor time, the
 * same on a busy machine and an idle one, or past WALL_TIMES that of wall time; past MEBIBYTES_MAX of address space its
 * allocations fail (0: no ceiling). Prints one line of JSON.
 *
 * A program of its own, because a child's peak memory counts from the fork: a large parent would be counted for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WALL_TIMES = 5 };

static void start_program(char *argv[], const char *output, unsigned long mebibytes, double seconds)
{
    int file = open(output, O_CREAT | O_TRUNC | O_WRONLY, 0666);
    struct rlimit limit = {mebibytes << 20, mebibytes << 20}, cpu = {(rlim_t)ceil(seconds), (rlim_t)ceil(seconds)};
    if (file < 0 || dup2(file, STDOUT_FILENO) < 0 || (mebibytes > 0 && setrlimit(RLIMIT_AS, &limit) != 0) ||
        setrlimit(RLIMIT_CPU, &cpu) != 0 || setpgid(0, 0) != 0) {
        fprintf(stderr, "measure: %s: %s\n", output, strerror(errno));
        _exit(126);
    }
    execvp(argv[0], argv);
    fprintf(stderr, "measure: %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) * 1e-9;
}

/* Waits until the child has changed or `seconds` have passed; SIGCHLD is blocked, so that none is lost. */
static bool wait_for(double seconds)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (sigtimedwait(&child, NULL, &left) < 0)
        if (errno != EINTR)
            return false;
    return true;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

int main(int argc, char *argv[])
{
    double seconds_max = argc > 4 ? strtod(argv[1], NULL) : 0;
    if (!(seconds_max > 0 && seconds_max < 1e6)) {
        fputs("usage: measure SECONDS_MAX MEBIBYTES_MAX OUTPUT PROGRAM [ARGUMENTS...]\n", stderr);
        return 2;
    }
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t pid = fork();
    if (pid < 0) {
        perror("measure: fork");
        return 2;
    }
    if (pid == 0) {
        sigprocmask(SIG_UNBLOCK, &child, NULL);
        start_program(argv + 4, argv[3], strtoul(argv[2], NULL, 10), seconds_max);
    }
    bool waited = wait_for(WALL_TIMES * seconds_max);
    if (!waited)
        kill(-pid, SIGKILL);
    struct rusage used;
    int status;
    while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR) {
    }
    printf("{\"wall\": %.4f, \"user\": %.4f, \"sys\": %.4f, \"cpu\": %.4f, \"peak_kib\": %ld, \"timed_out\": %s, "
           "\"code\": %d}\n",
           seconds_since(&start), seconds_of(used.ru_utime), seconds_of(used.ru_stime),
           seconds_of(used.ru_utime) + seconds_of(used.ru_stime), used.ru_maxrss,
           !waited || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ? "true" : "false",
           WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    return 0;
}
