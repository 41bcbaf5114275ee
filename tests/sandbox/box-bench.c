/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a box costs here, by hand: medians and 99th percentiles.
 *   create              a new box, without a prepared one (sandbox_new → ready)
 *   static, python      a prepared box until the program's first byte; beside it vfork+exec, bare
 *   freeze, thaw, peak  one call each
 *   parallel            200 boxes at once, until all have said something
 * Environment: LAMBD_JAIL, LAMBD_PROBE.
 */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "driver.h"

enum { ROUNDS = 100, PARALLEL = 200 };

static const char python_program[] = "#!/usr/bin/python3.11 -S\nimport os\nos.write(1, b'x')\n";
static const char probe_environment[] = "PROBE=count\0PATH=/usr/bin:/bin";

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return (*x > *y) - (*x < *y);
}

static void print(const char *name, uint64_t *ns, size_t count)
{
    qsort(ns, count, sizeof(ns[0]), compare);
    (void)printf("%-22s median %8.1f us   p99 %8.1f us\n", name, (double)ns[count / 2] / 1e3,
                 (double)ns[count * 99 / 100] / 1e3);
}

static void wait_byte(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};

    must(poll(&pfd, 1, 10000) == 1);
}

/* Let the pool fill again: the loop until as many are prepared. */
static void wait_pool(struct driver *driver, size_t count)
{
    struct sandbox_host_stats stats = {0};

    while (stats.boxes_prepared < count) {
        (void)uv_run(driver_loop(driver), UV_RUN_ONCE);
        sandbox_host_stats(driver_host(driver), &stats);
    }
}

static uint64_t run_once(struct driver *driver, const struct sandbox_spec *spec)
{
    struct box_run run;
    uint64_t start = clock_mono_ns();

    box_run_new(&run, driver, spec);
    box_run_start(&run, probe_environment, sizeof(probe_environment));
    must(box_run_wait(&run, &run.is_started));
    must(!run.is_failed);
    wait_byte(run.log_fd);
    start = clock_mono_ns() - start;
    box_run_free(&run);
    return start;
}

static uint64_t run_bare(const char *path)
{
    char *argv[] = {(char *)(uintptr_t)path, NULL};
    char *envp[] = {(char *)(uintptr_t) "PROBE=count", (char *)(uintptr_t) "PATH=/usr/bin:/bin",
                    NULL};
    uint64_t start = clock_mono_ns();
    int fds[2];
    pid_t pid;

    must(pipe2(fds, O_CLOEXEC) == 0);
    pid = vfork();
    if (pid == 0) {
        (void)dup2(fds[1], 1);
        (void)execve(path, argv, envp);
        _exit(127);
    }
    must(close(fds[1]) == 0);
    wait_byte(fds[0]);
    start = clock_mono_ns() - start;
    (void)kill(pid, SIGKILL);
    must(waitpid(pid, NULL, 0) == pid);
    must(close(fds[0]) == 0);
    return start;
}

static void bench_program(struct driver *driver, const char *name, struct digest code)
{
    struct sandbox_spec spec = {
        .runtime = SANDBOX_RUNTIME_PROVIDED, .memory_mb = 256, .tmp_mb = 512, .code = code};
    char hex[DIGEST_HEX_BYTES];
    char path[512];
    char label[64];
    uint64_t ns[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++) {
        wait_pool(driver, 4);
        ns[i] = run_once(driver, &spec);
    }
    (void)snprintf(label, sizeof(label), "%s, prepared box", name);
    print(label, ns, ROUNDS);
    (void)snprintf(path, sizeof(path), "%s/code/%s/bootstrap", driver_state_dir(driver),
                   digest_hex(&code, hex));
    for (size_t i = 0; i < ROUNDS; i++)
        ns[i] = run_bare(path);
    (void)snprintf(label, sizeof(label), "%s, bare", name);
    print(label, ns, ROUNDS);
}

static void bench_create(struct digest *ret_code)
{
    struct driver_options options = {.slots_max = 10};
    struct reason why = {0};
    struct driver *driver = driver_new(&options, &why);
    struct sandbox_spec spec = {
        .runtime = SANDBOX_RUNTIME_PROVIDED, .memory_mb = 256, .tmp_mb = 512};
    uint64_t ns[ROUNDS];

    must(driver != NULL);
    spec.code = *ret_code = driver_add_package(driver, getenv("LAMBD_PROBE"));
    for (size_t i = 0; i < ROUNDS; i++) {
        struct box_run run;

        ns[i] = clock_mono_ns();
        box_run_new(&run, driver, &spec);
        must(box_run_wait(&run, &run.is_ready));
        must(!run.is_failed);
        ns[i] = run.ready_ns - ns[i];
        box_run_free(&run);
    }
    print("create", ns, ROUNDS);
    (void)driver_free(driver);
}

static void bench_calls(struct driver *driver, struct digest code)
{
    struct sandbox_spec spec = {
        .runtime = SANDBOX_RUNTIME_PROVIDED, .memory_mb = 256, .tmp_mb = 512, .code = code};
    static uint64_t freeze[ROUNDS], thaw[ROUNDS], peak[ROUNDS];
    struct box_run run;

    box_run_new(&run, driver, &spec);
    box_run_start(&run, probe_environment, sizeof(probe_environment));
    must(box_run_wait(&run, &run.is_started));
    wait_byte(run.log_fd);
    for (size_t i = 0; i < ROUNDS; i++) {
        char bytes[4096];
        uint64_t a = clock_mono_ns();
        uint64_t b, c;

        must(sandbox_freeze(run.sandbox) == 0);
        b = clock_mono_ns();
        must(sandbox_thaw(run.sandbox) == 0);
        c = clock_mono_ns();
        (void)sandbox_memory_peak_bytes(run.sandbox);
        freeze[i] = b - a;
        thaw[i] = c - b;
        peak[i] = clock_mono_ns() - c;
        wait_byte(run.log_fd);
        (void)!read(run.log_fd, bytes, sizeof(bytes));
    }
    print("freeze", freeze, ROUNDS);
    print("thaw", thaw, ROUNDS);
    print("peak", peak, ROUNDS);
    box_run_free(&run);
}

static void bench_parallel(struct driver *driver, struct digest code)
{
    static struct box_run runs[PARALLEL];
    struct sandbox_spec spec = {
        .runtime = SANDBOX_RUNTIME_PROVIDED, .memory_mb = 256, .tmp_mb = 512, .code = code};
    uint64_t start = clock_mono_ns();

    for (size_t i = 0; i < PARALLEL; i++) {
        box_run_new(&runs[i], driver, &spec);
        box_run_start(&runs[i], probe_environment, sizeof(probe_environment));
    }
    for (size_t i = 0; i < PARALLEL; i++) {
        must(box_run_wait(&runs[i], &runs[i].is_started));
        must(!runs[i].is_failed);
        wait_byte(runs[i].log_fd);
    }
    (void)printf("%-22s %8.1f ms for %d\n", "parallel", (double)(clock_mono_ns() - start) / 1e6,
                 PARALLEL);
    for (size_t i = 0; i < PARALLEL; i++)
        box_run_free(&runs[i]);
}

int main(void)
{
    struct driver_options options = {.boxes_prepared = 4, .slots_max = 400};
    struct reason why = {0};
    struct driver *driver;
    struct digest code;

    bench_create(&code);
    driver = driver_new(&options, &why);
    must(driver != NULL);
    code = driver_add_package(driver, getenv("LAMBD_PROBE"));
    bench_program(driver, "static", code);
    bench_program(driver, "python", driver_add_file(driver, "bootstrap", python_program));
    bench_calls(driver, code);
    bench_parallel(driver, code);
    (void)driver_free(driver);
    return 0;
}
