/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Boxes from inside (probe.c) and from outside. LAMBD_PROBE names the probe, SANDBOX_MODE how we
 * were started: "root", "user" (an ordinary user) or "userns" (root of a user namespace); what the
 * host enforces is asserted for each. Exits with 77 when the jail cannot work here, unless
 * MUST_WORK=1.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/endian.h"
#include "base/fd.h"
#include "driver.h"
#include "jail/protocol.h"
#include "sandbox/doctor.h"
#include "sandbox/interpreter.h"

enum { ENVIRONMENT_BYTES = 1024, LOG_BYTES = 16384 };

static struct driver *driver;
static struct digest probe_code;
static bool is_root;

/* An environment, entry by entry. */
struct environment {
    char bytes[ENVIRONMENT_BYTES];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct environment *e, const char *format,
                                                      ...)
{
    va_list args;

    va_start(args, format);
    e->len += (size_t)vsnprintf(e->bytes + e->len, sizeof(e->bytes) - e->len, format, args) + 1;
    va_end(args);
    assert_true(e->len < sizeof(e->bytes));
}

static struct environment probe(const char *verb)
{
    struct environment e = {.len = 0};

    add(&e, "PROBE=%s", verb);
    if (is_root)
        add(&e, "IS_ROOT=1");
    return e;
}

static struct sandbox_spec spec_of(enum sandbox_runtime runtime)
{
    return (struct sandbox_spec){.runtime = runtime,
                                 .version_major = runtime == SANDBOX_RUNTIME_NODE ? 20 : 3,
                                 .version_minor = runtime == SANDBOX_RUNTIME_NODE ? 0 : 11,
                                 .memory_mb = 256,
                                 .tmp_mb = 512,
                                 .code = probe_code};
}

static void start(struct box_run *run, const struct environment *e)
{
    box_run_start(run, e->bytes, e->len);
}

static void expect_running(struct box_run *run)
{
    assert_true(box_run_wait(run, &run->is_started));
    if (run->is_failed)
        fail_msg("the box failed: %s", run->why.text);
}

/* Wait for the end; its log in text. */
static void expect_exit(struct box_run *run, int wait_status)
{
    char text[LOG_BYTES];

    expect_running(run);
    assert_true(box_run_wait(run, &run->is_exited));
    if (run->is_failed)
        fail_msg("the box failed: %s", run->why.text);
    (void)box_run_read_log(run, text, sizeof(text));
    if (run->exit.wait_status != wait_status)
        fail_msg("status 0x%x, expected 0x%x: %s", run->exit.wait_status, wait_status, text);
}

static void check_probe_in(const struct sandbox_spec *spec, const struct environment *e)
{
    struct box_run run;

    box_run_new(&run, driver, spec);
    start(&run, e);
    expect_exit(&run, 0);
    box_run_free(&run);
}

static void check_probe(const char *verb)
{
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment e = probe(verb);

    check_probe_in(&spec, &e);
}

#define PROBE_TEST(name, verb)                                                                     \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        check_probe(verb);                                                                         \
    }

PROBE_TEST(test_no_other_process_is_seen, "processes")
PROBE_TEST(test_nothing_but_tmp_can_be_written, "write")
PROBE_TEST(test_no_mounts, "mount")
PROBE_TEST(test_no_namespaces, "namespaces")
PROBE_TEST(test_no_privileges, "privileges")
PROBE_TEST(test_dangerous_calls_are_refused, "syscalls")
PROBE_TEST(test_odd_sockets_are_refused, "sockets")
PROBE_TEST(test_proc_tells_nothing, "proc")
PROBE_TEST(test_root_has_no_way_out, "root")
PROBE_TEST(test_init_survives_signals, "init")
PROBE_TEST(test_no_inherited_descriptors, "descriptors")
PROBE_TEST(test_descriptors_are_limited, "fd-limit")
PROBE_TEST(test_processes_are_limited, "fork-limit")
PROBE_TEST(test_rlimits_are_those_of_aws, "rlimits")
PROBE_TEST(test_surroundings_are_those_of_aws, "surroundings")
PROBE_TEST(test_ordinary_programs_work, "ordinary")


static void test_environment_is_as_given(void **state)
{
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    struct environment e = {.len = 0};

    (void)state;
    add(&e, "PROBE=environment");
    add(&e, "A=b c=d");
    check_probe_in(&spec, &e);
}

/* A managed runtime: the interpreter's command line as a wrapper sees it, with a channel. */
static void check_wrapper(enum sandbox_runtime runtime, const char *interpreter)
{
    const struct sandbox_spec spec = spec_of(runtime);
    struct environment e = probe("wrapper");

    add(&e, "AWS_LAMBDA_EXEC_WRAPPER=/var/task/bootstrap");
    add(&e, "INTERPRETER=%s", interpreter);
    check_probe_in(&spec, &e);
}

static void test_managed_runtimes_are_started(void **state)
{
    (void)state;
    check_wrapper(SANDBOX_RUNTIME_PYTHON, "/usr/bin/python3.");
    check_wrapper(SANDBOX_RUNTIME_NODE, "/usr/bin/node");
    check_wrapper(SANDBOX_RUNTIME_RUBY, "/usr/bin/ruby3.");
}

static void test_host_network_is_out_of_reach(void **state)
{
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    CLEANUP(close_fdp) int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CLEANUP(close_fdp) int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct environment e = probe("host-network");
    socklen_t len = sizeof(address);

    (void)state;
    be32_put(&address.sin_addr.s_addr, INADDR_LOOPBACK);
    assert_int_equal(bind(tcp, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(tcp, 5), 0);
    assert_int_equal(getsockname(tcp, (struct sockaddr *)&address, &len), 0);
    len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                      (size_t)snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
                                       "lambd-probe-%d", getpid()));
    assert_int_equal(bind(local, (const struct sockaddr *)&name, len), 0);
    assert_int_equal(listen(local, 5), 0);
    add(&e, "HOST_PORT=%u", be16_get(&address.sin_port));
    add(&e, "HOST_SOCKET=lambd-probe-%d", getpid());
    check_probe_in(&spec, &e);
}

static void test_listener_reaches_the_daemon(void **state)
{
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment e = probe("listener");
    CLEANUP(close_fdp) int fd = -1;
    struct pollfd pfd = {.events = POLLIN};
    struct box_run run;

    (void)state;
    box_run_new(&run, driver, &spec);
    start(&run, &e);
    expect_running(&run);
    assert_true(run.is_ready);
    pfd.fd = run.listener_fd;
    assert_int_equal(poll(&pfd, 1, 10000), 1);
    fd = accept4(run.listener_fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "hello", 5), 5);
    expect_exit(&run, 0);
    box_run_free(&run);
}

static void test_tmp_has_its_size(void **state)
{
    struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    struct environment e = probe("tmp-limit");

    (void)state;
    spec.tmp_mb = 16;
    add(&e, "TMP_MB=16");
    check_probe_in(&spec, &e);
}

static void test_memory_is_limited(void **state)
{
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment e = probe("memory");
    struct box_run run;

    (void)state;
    if (!(sandbox_host_features(driver_host(driver)) & JAIL_FEATURE_MEMORY)) {
        assert_false(is_root);
        skip();
    }
    box_run_new(&run, driver, &spec);
    start(&run, &e);
    expect_exit(&run, SIGKILL);
    assert_true(run.exit.out_of_memory);
    assert_in_range(sandbox_memory_peak_bytes(run.sandbox), 250U << 20, 257U << 20);
    /* The box outlives it, and the next one's end is not blamed on memory. */
    const struct environment again = probe("processes");
    start(&run, &again);
    expect_exit(&run, 0);
    assert_false(run.exit.out_of_memory);
    box_run_free(&run);
}

static void test_runtime_can_be_started_again(void **state)
{
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment first = probe("orphan");
    const struct environment second = probe("alone");
    struct box_run run;

    (void)state;
    box_run_new(&run, driver, &spec);
    start(&run, &first);
    expect_exit(&run, 0);
    start(&run, &second);
    expect_exit(&run, 0);
    box_run_free(&run);
}

static void test_exit_status_is_reported(void **state)
{
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    struct environment e = probe("exit");
    struct box_run run;

    (void)state;
    add(&e, "STATUS=42");
    box_run_new(&run, driver, &spec);
    start(&run, &e);
    expect_exit(&run, 42 << 8);
    box_run_free(&run);
}

static void wait_for_output(struct box_run *run)
{
    struct pollfd pfd = {.fd = run->log_fd, .events = POLLIN};

    assert_int_equal(poll(&pfd, 1, 10000), 1);
}

static void test_runtime_can_be_ended(void **state)
{
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment e = probe("pause");
    struct box_run run;

    (void)state;
    box_run_new(&run, driver, &spec);
    start(&run, &e);
    expect_running(&run);
    wait_for_output(&run);
    assert_int_equal(sandbox_terminate(run.sandbox, SANDBOX_PROCESS_RUNTIME), 0);
    expect_exit(&run, SIGTERM);
    start(&run, &e);
    expect_running(&run);
    wait_for_output(&run);
    assert_int_equal(sandbox_freeze(run.sandbox), 0);
    assert_int_equal(sandbox_kill(run.sandbox, SANDBOX_PROCESS_ALL), 0); /* thaws by itself */
    expect_exit(&run, SIGKILL);
    box_run_free(&run);
}

static size_t drain(int fd)
{
    char bytes[4096];
    size_t total = 0;
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        total += (size_t)n;
    return total;
}

static void test_freeze_stops_everything(void **state)
{
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment e = probe("count");
    struct box_run run;
    struct pollfd pfd;

    (void)state;
    box_run_new(&run, driver, &spec);
    start(&run, &e);
    expect_running(&run);
    wait_for_output(&run);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sandbox_freeze(run.sandbox), 0);
        assert_int_equal(sandbox_freeze(run.sandbox), 0);
        /* Until it is quiet for fifty of its periods. */
        pfd = (struct pollfd){.fd = run.log_fd, .events = POLLIN};
        do
            (void)drain(run.log_fd);
        while (poll(&pfd, 1, 50) == 1);
        assert_int_equal(poll(&pfd, 1, 100), 0);
        assert_int_equal(sandbox_thaw(run.sandbox), 0);
        assert_int_equal(poll(&pfd, 1, 10000), 1);
    }
    assert_int_equal(sandbox_freeze(run.sandbox), 0);
    box_run_free(&run); /* a frozen box can be freed */
}

static void test_bomb_leaves_neighbours_alone(void **state)
{
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    struct environment e = probe("fork-limit");
    struct box_run bomb;

    (void)state;
    add(&e, "BOMB=1");
    box_run_new(&bomb, driver, &spec);
    start(&bomb, &e);
    expect_running(&bomb);
    check_probe("ordinary");
    check_probe("processes");
    box_run_free(&bomb); /* whatever it is doing */
    check_probe("ordinary");
}

static void test_bootstrap_is_missing(void **state)
{
    struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment e = probe("processes");
    struct box_run run;

    (void)state;
    spec.code = driver_add_file(driver, "README", "no bootstrap here\n");
    box_run_new(&run, driver, &spec);
    start(&run, &e);
    assert_true(box_run_wait(&run, &run.is_failed));
    assert_int_equal(run.outcome, SANDBOX_FAILED_NO_BOOTSTRAP);
    box_run_free(&run);
}

static void test_bootstrap_cannot_be_run(void **state)
{
    struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment e = probe("processes");
    struct box_run run;

    (void)state;
    spec.code = driver_add_file(driver, "bootstrap", "#!/no/such/interpreter\n");
    box_run_new(&run, driver, &spec);
    start(&run, &e);
    expect_exit(&run, 127 << 8);
    box_run_free(&run);
}

static void test_layers_are_merged(void **state)
{
    struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment e = {.len = 0};
    char text[LOG_BYTES];
    struct box_run run;

    (void)state;
    spec.code = driver_add_file(driver, "bootstrap", "#!/bin/sh\ncat /opt/a /opt/b; ls /opt\n");
    spec.layers[0] = driver_add_file(driver, "a", "lower\n");
    spec.layers[1] = driver_add_file(driver, "b", "b\n");
    spec.layers[2] = driver_add_file(driver, "a", "upper\n");
    spec.layers[3] = driver_add_file(driver, "c", "c\n");
    spec.layers[4] = driver_add_file(driver, "d", "d\n");
    spec.layer_count = LIMIT_LAYERS_PER_FUNCTION;
    box_run_new(&run, driver, &spec);
    start(&run, &e);
    expect_running(&run);
    assert_true(box_run_wait(&run, &run.is_exited));
    (void)box_run_read_log(&run, text, sizeof(text));
    assert_string_equal(text, "upper\nb\na\nb\nc\nd\n");
    box_run_free(&run);
}

static const char say_and_wait[] = "#!/bin/sh\necho \"$0 $PWD $NAME\"\nexec sleep 1000\n";

/* A box with a layer of extensions, started. */
static void run_extensions(struct box_run *run, const struct driver_file *files, size_t count)
{
    struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    struct environment e = {.len = 0};

    add(&e, "NAME=value");
    add(&e, "PATH=/usr/bin:/bin");
    spec.layers[0] = driver_add_files(driver, files, count);
    spec.layer_count = 1;
    box_run_new(run, driver, &spec);
    box_run_start_extensions(run, e.bytes, e.len);
    assert_true(box_run_wait(run, &run->is_launched));
    if (run->is_failed)
        fail_msg("the box failed: %s", run->why.text);
}

static void expect_line(int log_fd, const char *line)
{
    struct pollfd pfd = {.fd = log_fd, .events = POLLIN};
    char text[256] = "";

    assert_int_equal(poll(&pfd, 1, 10000), 1);
    assert_true(read(log_fd, text, sizeof(text) - 1) > 0);
    assert_string_equal(text, line);
}

/* They run beside the runtime, each with a log of its own; folders and files below are none. */
static void test_extensions_are_started(void **state)
{
    const struct driver_file files[] = {
        {"extensions/two", say_and_wait, 0755},
        {"extensions/one.sh", say_and_wait, 0755},
        {"other/three", say_and_wait, 0755},
    };
    const struct environment e = probe("pause");
    struct box_run run;

    (void)state;
    run_extensions(&run, files, array_count(files));
    assert_int_equal(run.launch, SANDBOX_EXTENSIONS_OK);
    assert_int_equal(run.extension_count, 2);
    assert_string_equal(run.extensions[1].name, "one.sh");
    assert_string_equal(run.extensions[2].name, "two");
    expect_line(run.extensions[1].log_fd, "/opt/extensions/one.sh / value\n");
    expect_line(run.extensions[2].log_fd, "/opt/extensions/two / value\n");
    start(&run, &e);
    expect_running(&run);
    wait_for_output(&run);

    /* The runtime's end is not theirs; the last one's end is everybody's. */
    assert_int_equal(sandbox_kill(run.sandbox, SANDBOX_PROCESS_RUNTIME), 0);
    expect_exit(&run, SIGKILL);
    assert_false(run.extensions[1].is_exited);
    assert_int_equal(sandbox_terminate(run.sandbox, 1), 0);
    assert_true(box_run_wait(&run, &run.extensions[1].is_exited));
    assert_int_equal(run.extensions[1].exit.wait_status, SIGTERM);
    assert_false(run.extensions[2].is_exited);
    assert_int_equal(sandbox_kill(run.sandbox, SANDBOX_PROCESS_ALL), 0);
    assert_true(box_run_wait(&run, &run.extensions[2].is_exited));
    assert_int_equal(run.extensions[2].exit.wait_status, SIGKILL);

    /* And again in the same box. */
    start(&run, &e);
    expect_running(&run);
    wait_for_output(&run);
    assert_int_equal(sandbox_kill(run.sandbox, SANDBOX_PROCESS_ALL), 0);
    expect_exit(&run, SIGKILL);
    box_run_free(&run);
}

static void test_extensions_that_cannot_be_started(void **state)
{
    const struct driver_file files[] = {
        {"extensions/a-good", say_and_wait, 0755},
        {"extensions/b-closed", say_and_wait, 0644},
        {"extensions/c-broken", "no program", 0755},
    };
    struct box_run run;

    (void)state;
    run_extensions(&run, files, array_count(files));
    assert_int_equal(run.extension_count, 3);
    assert_int_equal(run.extensions[1].error, 0);
    assert_int_equal(run.extensions[2].error, EACCES);
    assert_int_equal(run.extensions[3].error, ENOEXEC);
    assert_int_equal(run.extensions[3].log_fd, -1);
    box_run_free(&run);
}

static void test_extensions_have_a_limit(void **state)
{
    static char names[SANDBOX_EXTENSIONS_MAX + 1][32];
    struct driver_file files[SANDBOX_EXTENSIONS_MAX + 1];
    struct box_run run;

    (void)state;
    for (size_t i = 0; i < array_count(files); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "extensions/%zu", i);
        files[i] = (struct driver_file){names[i], say_and_wait, 0755};
    }
    run_extensions(&run, files, SANDBOX_EXTENSIONS_MAX);
    assert_int_equal(run.launch, SANDBOX_EXTENSIONS_OK);
    assert_int_equal(run.extension_count, SANDBOX_EXTENSIONS_MAX);
    box_run_free(&run);
    run_extensions(&run, files, array_count(files));
    assert_int_equal(run.launch, SANDBOX_EXTENSIONS_TOO_MANY);
    assert_int_equal(run.extension_count, 0);
    box_run_free(&run);
    files[10] = (struct driver_file){"disable-extensions-jwigqn8j", "", 0644};
    run_extensions(&run, files, array_count(files));
    assert_int_equal(run.launch, SANDBOX_EXTENSIONS_DISABLED);
    assert_int_equal(run.extension_count, 0);
    box_run_free(&run);
}

/* The daemon connects with a socket from inside to what listens inside. */
static void test_socket_reaches_the_inside(void **state)
{
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment e = probe("serve");
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct pollfd pfd = {.events = POLLIN};
    struct box_run run;
    char text[8] = "";

    (void)state;
    box_run_new(&run, driver, &spec);
    start(&run, &e);
    expect_running(&run);
    wait_for_output(&run);
    assert_int_equal(sandbox_socket(run.sandbox), 0);
    assert_true(box_run_wait(&run, &run.has_socket));
    assert_true(run.socket_fd >= 0);
    be16_put(&address.sin_port, 8080);
    be32_put(&address.sin_addr.s_addr, INADDR_LOOPBACK);
    if (connect(run.socket_fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        assert_int_equal(errno, EINPROGRESS);
    pfd.fd = run.socket_fd;
    assert_int_equal(poll(&pfd, 1, 10000), 1);
    assert_int_equal(read(run.socket_fd, text, sizeof(text)), 5);
    assert_string_equal(text, "inner");
    expect_exit(&run, 0);
    box_run_free(&run);
}

static void test_unknown_code_fails(void **state)
{
    struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    struct box_run run;

    (void)state;
    spec.code.bytes[0] ^= 1;
    box_run_new(&run, driver, &spec);
    assert_true(box_run_wait(&run, &run.is_failed));
    assert_int_equal(run.outcome, SANDBOX_FAILED_HOST);
    box_run_free(&run);
}

static void test_missing_interpreter_is_named(void **state)
{
    struct reason why;

    (void)state;
    /* The host of the tests has both; the sentence is what the daemon would pass on. */
    sandbox_interpreter_missing(&why, SANDBOX_RUNTIME_PYTHON, 3, 13);
    assert_non_null(strstr(why.text, "python3.13"));
    assert_non_null(strstr(why.text, "install"));
}

/* Two hundred at once, twice as many as the pool and the errands would ever see together. */
static void test_many_boxes(void **state)
{
    enum { COUNT = 200 };
    static struct box_run runs[COUNT];
    const struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment e = probe("pause");
    struct sandbox_host_stats stats;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        box_run_new(&runs[i], driver, &spec);
        start(&runs[i], &e);
    }
    for (size_t i = 0; i < COUNT; i++)
        expect_running(&runs[i]);
    sandbox_host_stats(driver_host(driver), &stats);
    assert_int_equal(stats.boxes, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        box_run_free(&runs[i]);
    check_probe("processes");
}

static void test_features_are_those_of_the_mode(void **state)
{
    const char *mode = getenv("SANDBOX_MODE");
    uint32_t features = sandbox_host_features(driver_host(driver));
    const uint32_t limits = JAIL_FEATURE_MEMORY | JAIL_FEATURE_PIDS | JAIL_FEATURE_CPU;

    (void)state;
    if (!mode)
        skip();
    if (strcmp(mode, "root") == 0) {
        assert_int_equal(features & limits, limits);
        assert_true(features & (JAIL_FEATURE_FREEZE_V1 | JAIL_FEATURE_FREEZE_V2));
        assert_true(features & JAIL_FEATURE_OWN_UID);
        assert_true(features & JAIL_FEATURE_TMP_IMAGE);
        assert_false(features & JAIL_FEATURE_USER_NAMESPACE);
    } else {
        assert_true(features & JAIL_FEATURE_USER_NAMESPACE);
        if (strcmp(mode, "user") == 0)
            assert_int_equal(features & limits, 0);
        if (strcmp(mode, "range") == 0)
            assert_true(features & JAIL_FEATURE_OWN_UID);
    }
}

static bool has_degraded(const struct doctor_report *report, const char *id)
{
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->checks[i].id, id) == 0)
            return report->checks[i].state == DOCTOR_DEGRADED;
    }
    return false;
}

/* What start-up says is not enforced: nothing as root; as an ordinary user exactly this, and doctor
 * agrees. */
static void test_what_is_not_enforced_is_said(void **state)
{
    static const char *const expected[] = {"cgroup-memory", "cgroup-pids", "cgroup-cpu", "freeze",
                                           "own-uid", "tmp"};
    static struct doctor_report said;
    static struct doctor_report doctor;
    const char *mode = getenv("SANDBOX_MODE");
    uint32_t features = sandbox_host_features(driver_host(driver));

    (void)state;
    if (!mode || (strcmp(mode, "root") != 0 && strcmp(mode, "user") != 0))
        skip();
    doctor_from_features(&said, features);
    if (strcmp(mode, "root") == 0) {
        assert_int_equal(said.count, features & JAIL_FEATURE_SWAP ? 0 : 1);
        return;
    }
    doctor_run(&doctor, NULL, NULL);
    assert_int_equal(features & JAIL_FEATURE_OWN_UID, 0);
    assert_int_equal(said.count, array_count(expected));
    for (size_t i = 0; i < said.count; i++) {
        assert_string_equal(said.checks[i].id, expected[i]);
        if (!has_degraded(&doctor, expected[i]))
            fail_msg("doctor does not say %s", expected[i]);
    }
}

/* Processes whose command line has the text, and groups whose name has the prefix. */

static size_t count_processes(const char *text)
{
    DIR *dir = opendir("/proc");
    const struct dirent *e;
    size_t count = 0;

    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL) {
        char path[300];
        char line[1024] = "";
        int fd;
        ssize_t n;

        if (e->d_name[0] < '0' || e->d_name[0] > '9')
            continue;
        (void)snprintf(path, sizeof(path), "/proc/%s/cmdline", e->d_name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
        close_fdp(&fd);
        for (ssize_t i = 0; i < n; i++) {
            if (strncmp(line + i, text, strlen(text)) == 0) {
                count++;
                break;
            }
        }
    }
    (void)closedir(dir);
    return count;
}

static size_t count_mounts_and_groups(const char *text)
{
    static const char *const files[] = {"/proc/self/mountinfo", "/proc/self/cgroup"};
    static const char *const folders[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified",
                                          "/sys/fs/cgroup/pids", "/sys/fs/cgroup/cpu"};
    size_t count = 0;

    for (size_t i = 0; i < array_count(files); i++) {
        FILE *f = fopen(files[i], "re");
        char line[4096];

        assert_non_null(f);
        while (fgets(line, sizeof(line), f))
            count += strstr(line, text) != NULL;
        (void)fclose(f);
    }
    for (size_t i = 0; i < array_count(folders); i++) {
        DIR *dir = opendir(folders[i]);
        const struct dirent *e;

        while (dir && (e = readdir(dir)) != NULL)
            count += strstr(e->d_name, text) != NULL;
        if (dir)
            (void)closedir(dir);
    }
    return count;
}

enum { OTHER_BOXES = 20 };

/* A second daemon with running, frozen, stopped and prepared boxes. */
static struct driver *other_new(struct box_run runs[OTHER_BOXES])
{
    struct driver_options options = {.slots_max = 100, .boxes_prepared = 5};
    struct sandbox_spec spec = spec_of(SANDBOX_RUNTIME_PROVIDED);
    const struct environment e = probe("count");
    struct reason why = {0};
    struct driver *other = driver_new(&options, &why);

    assert_non_null(other);
    spec.code = driver_add_package(other, getenv("LAMBD_PROBE"));
    for (size_t i = 0; i < OTHER_BOXES; i++) {
        box_run_new(&runs[i], other, &spec);
        start(&runs[i], &e);
    }
    for (size_t i = 0; i < OTHER_BOXES; i++)
        expect_running(&runs[i]);
    assert_int_equal(sandbox_freeze(runs[0].sandbox), 0);
    return other;
}

static void test_nothing_is_left(void **state)
{
    struct box_run runs[OTHER_BOXES];
    struct driver *other = other_new(runs);
    char state_dir[256];
    char instance[64];

    (void)state;
    (void)snprintf(state_dir, sizeof(state_dir), "%s", driver_state_dir(other));
    (void)snprintf(instance, sizeof(instance), "lambd-%s", driver_instance(other));
    assert_true(count_processes(state_dir) > 5);
    for (size_t i = 0; i < OTHER_BOXES; i++)
        box_run_free(&runs[i]);
    /* Boxes are still dying, and prepared ones are there, when the connection closes. */
    (void)driver_free(other);
    assert_int_equal(count_processes(state_dir), 0);
    assert_int_equal(count_mounts_and_groups(instance), 0);
    assert_int_equal(count_mounts_and_groups(state_dir), 0);
}

/* A jail of that instance that starts and ends again. */
static void start_and_end(const char *instance)
{
    char state_dir[256];
    const struct jail_launch_options options = {
        .jail_path = getenv("LAMBD_JAIL"),
        .unpacker_path = getenv("LAMBD_UNPACK"),
        .state_dir = state_dir,
        .runtimes_dir = getenv("LAMBD_RUNTIMES"),
        .instance = instance,
        .slots_max = 10,
    };
    struct jail_launched launched;
    struct reason why = {0};

    (void)snprintf(state_dir, sizeof(state_dir), "%s/again", driver_state_dir(driver));
    (void)mkdir(state_dir, 0755);
    if (jail_launch(&launched, &options, &why))
        fail_msg("%s", why.text);
    assert_int_equal(close(launched.sock), 0);
    assert_int_equal(waitpid(launched.pid, NULL, 0), launched.pid);
}

/* The jail is killed outright: its boxes die with it, and the daemon hears of it. */
static void test_boxes_die_with_the_jail(void **state)
{
    struct box_run runs[OTHER_BOXES];
    struct driver *other = other_new(runs);
    char instance[64];
    char group[80];

    (void)state;
    (void)snprintf(instance, sizeof(instance), "%s", driver_instance(other));
    (void)snprintf(group, sizeof(group), "lambd-%s", instance);
    assert_int_equal(sandbox_thaw(runs[0].sandbox), 0);
    assert_int_equal(kill(driver_jail_pid(other), SIGKILL), 0);
    for (size_t i = 0; i < OTHER_BOXES; i++) {
        char text[LOG_BYTES];

        assert_true(box_run_wait(&runs[i], &runs[i].is_failed));
        assert_int_equal(runs[i].outcome, SANDBOX_FAILED_GONE);
        /* End of file: nobody in the box lives. */
        while (box_run_read_log(&runs[i], text, sizeof(text)) == sizeof(text) - 1)
            ;
        box_run_free(&runs[i]);
    }
    (void)driver_free(other);
    /* Nobody was there to remove its groups; the next jail of that name does. */
    start_and_end(instance);
    assert_int_equal(count_mounts_and_groups(group), 0);
}

/* A daemon that says what none of ours would: the jail ends, and takes its boxes along. */
static void check_wrong_request(const void *bytes, size_t len, const int *fds, size_t fd_count)
{
    char state_dir[256];
    const struct jail_launch_options options = {
        .jail_path = getenv("LAMBD_JAIL"),
        .unpacker_path = getenv("LAMBD_UNPACK"),
        .state_dir = state_dir,
        .runtimes_dir = getenv("LAMBD_RUNTIMES"),
        .instance = "wrong-request",
        .slots_max = 10,
    };
    const struct jail_request box = {.type = JAIL_BOX_NEW, .tmp_mb = JAIL_TMP_MB_DEFAULT};
    struct jail_launched launched;
    struct jail_event event;
    struct reason why = {0};
    int received[FD_PASS_MAX];
    int status;

    (void)snprintf(state_dir, sizeof(state_dir), "%s/wrong", driver_state_dir(driver));
    (void)mkdir(state_dir, 0755);
    if (jail_launch(&launched, &options, &why))
        fail_msg("%s", why.text);
    assert_int_equal(fd_send(launched.sock, &box, sizeof(box), NULL, 0), 0);
    assert_int_equal(fd_send(launched.sock, bytes, len, fds, fd_count), 0);
    while (fd_receive(launched.sock, &event, sizeof(event), received) > 0)
        fds_close(received, FD_PASS_MAX);
    assert_int_equal(waitpid(launched.pid, &status, 0), launched.pid);
    assert_int_equal(status, 1 << 8);
    assert_int_equal(count_mounts_and_groups("lambd-wrong-request"), 0);
    assert_int_equal(close(launched.sock), 0);
}

static void test_jail_ends_on_wrong_requests(void **state)
{
    const struct jail_request unknown = {.type = 99};
    const struct jail_request twice = {.type = JAIL_BOX_NEW};
    const struct jail_request stop_none = {.type = JAIL_BOX_STOP, .slot = 5};
    const struct jail_request far = {.type = JAIL_BOX_NEW, .slot = 10};
    const struct jail_request wrong_process = {.type = JAIL_PROCESS_SIGNAL,
                                               .order = {JAIL_SIGNAL_KILL, JAIL_PROCESS_COUNT}};
    const struct jail_request terminate_all = {.type = JAIL_PROCESS_SIGNAL,
                                               .order = {JAIL_SIGNAL_TERMINATE, JAIL_PROCESS_ALL}};
    const int fd = STDIN_FILENO;

    (void)state;
    check_wrong_request("hello", 5, NULL, 0);
    check_wrong_request(&unknown, sizeof(unknown), NULL, 0);
    check_wrong_request(&twice, sizeof(twice), NULL, 0);
    check_wrong_request(&stop_none, sizeof(stop_none), NULL, 0);
    check_wrong_request(&far, sizeof(far), NULL, 0);
    check_wrong_request(&wrong_process, sizeof(wrong_process), NULL, 0);
    check_wrong_request(&terminate_all, sizeof(terminate_all), NULL, 0);
    check_wrong_request(&twice, sizeof(twice), &fd, 1);
}

static int group_setup(void **state)
{
    struct driver_options options = {.boxes_prepared = 2, .slots_max = 400};
    struct reason why = {0};
    const char *mode = getenv("SANDBOX_MODE");

    (void)state;
    is_root = geteuid() == 0 && (!mode || strcmp(mode, "root") == 0);
    driver = driver_new(&options, &why);
    if (!driver) {
        (void)fprintf(stderr, "the jail does not work here: %s\n", why.text);
        exit(getenv("MUST_WORK") ? 1 : 77);
    }
    probe_code = driver_add_package(driver, getenv("LAMBD_PROBE"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    driver_free_boxes(driver);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    driver = driver_free(driver);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_features_are_those_of_the_mode, teardown),
        cmocka_unit_test_teardown(test_what_is_not_enforced_is_said, teardown),
        cmocka_unit_test_teardown(test_no_other_process_is_seen, teardown),
        cmocka_unit_test_teardown(test_nothing_but_tmp_can_be_written, teardown),
        cmocka_unit_test_teardown(test_no_mounts, teardown),
        cmocka_unit_test_teardown(test_no_namespaces, teardown),
        cmocka_unit_test_teardown(test_no_privileges, teardown),
        cmocka_unit_test_teardown(test_dangerous_calls_are_refused, teardown),
        cmocka_unit_test_teardown(test_odd_sockets_are_refused, teardown),
        cmocka_unit_test_teardown(test_proc_tells_nothing, teardown),
        cmocka_unit_test_teardown(test_root_has_no_way_out, teardown),
        cmocka_unit_test_teardown(test_init_survives_signals, teardown),
        cmocka_unit_test_teardown(test_descriptors_are_limited, teardown),
        cmocka_unit_test_teardown(test_processes_are_limited, teardown),
        cmocka_unit_test_teardown(test_rlimits_are_those_of_aws, teardown),
        cmocka_unit_test_teardown(test_surroundings_are_those_of_aws, teardown),
        cmocka_unit_test_teardown(test_ordinary_programs_work, teardown),
        cmocka_unit_test_teardown(test_no_inherited_descriptors, teardown),
        cmocka_unit_test_teardown(test_environment_is_as_given, teardown),
        cmocka_unit_test_teardown(test_managed_runtimes_are_started, teardown),
        cmocka_unit_test_teardown(test_host_network_is_out_of_reach, teardown),
        cmocka_unit_test_teardown(test_listener_reaches_the_daemon, teardown),
        cmocka_unit_test_teardown(test_tmp_has_its_size, teardown),
        cmocka_unit_test_teardown(test_memory_is_limited, teardown),
        cmocka_unit_test_teardown(test_runtime_can_be_started_again, teardown),
        cmocka_unit_test_teardown(test_exit_status_is_reported, teardown),
        cmocka_unit_test_teardown(test_runtime_can_be_ended, teardown),
        cmocka_unit_test_teardown(test_freeze_stops_everything, teardown),
        cmocka_unit_test_teardown(test_bomb_leaves_neighbours_alone, teardown),
        cmocka_unit_test_teardown(test_bootstrap_is_missing, teardown),
        cmocka_unit_test_teardown(test_bootstrap_cannot_be_run, teardown),
        cmocka_unit_test_teardown(test_layers_are_merged, teardown),
        cmocka_unit_test_teardown(test_extensions_are_started, teardown),
        cmocka_unit_test_teardown(test_extensions_that_cannot_be_started, teardown),
        cmocka_unit_test_teardown(test_extensions_have_a_limit, teardown),
        cmocka_unit_test_teardown(test_socket_reaches_the_inside, teardown),
        cmocka_unit_test_teardown(test_unknown_code_fails, teardown),
        cmocka_unit_test_teardown(test_missing_interpreter_is_named, teardown),
        cmocka_unit_test_teardown(test_many_boxes, teardown),
        cmocka_unit_test_teardown(test_nothing_is_left, teardown),
        cmocka_unit_test_teardown(test_boxes_die_with_the_jail, teardown),
        cmocka_unit_test_teardown(test_jail_ends_on_wrong_requests, teardown),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
