/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bound for a cold start of a static program: a child in the same namespaces as a box, made
 * with one clone, that execs PROGRAM; until its first byte arrives. Prints microseconds, one line a
 * round. Needs root.
 *
 *   bare_sandbox ROUNDS PROGRAM
 */

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"

static double now_us(void)
{
    struct timespec ts;

    must(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static double round_us(const char *program)
{
    unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |
                          CLONE_NEWCGROUP | SIGCHLD;
    double start = now_us();
    double first;
    int pipes[2];
    char byte;
    long pid;

    must(pipe(pipes) == 0);
    pid = syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
    must(pid >= 0);
    if (pid == 0) {
        (void)dup2(pipes[1], 1);
        (void)execl(program, program, "once", (char *)NULL);
        _exit(127);
    }
    (void)close(pipes[1]);
    must(read(pipes[0], &byte, 1) == 1);
    first = now_us() - start;
    (void)close(pipes[0]);
    must(waitpid((pid_t)pid, NULL, 0) == pid);
    return first;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    for (long i = strtol(argv[1], NULL, 10); i > 0; i--)
        (void)printf("%.0f\n", round_us(argv[2]));
    return 0;
}
