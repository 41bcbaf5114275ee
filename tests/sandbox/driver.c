/* SPDX-License-Identifier: Apache-2.0 */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/must.h"
#include "base/rand.h"

enum { WAIT_MS = 30000, PATH_BYTES = 512, LIVE_MAX = 512 };

struct driver {
    uv_loop_t loop;
    uv_timer_t deadline;
    bool is_late;
    bool is_jail_gone;
    struct sandbox_host *host;
    pid_t jail_pid;
    char state_dir[PATH_BYTES];
    char instance[32];
    struct sandbox *live[LIVE_MAX]; /* of the runs that were not freed yet */
};

static const char *env_or(const char *name, const char *fallback)
{
    const char *value = getenv(name);

    return value ? value : fallback;
}

static void on_jail_gone(void *owner)
{
    struct driver *driver = owner;

    driver->is_jail_gone = true;
}

struct driver *driver_new(const struct driver_options *options, struct reason *why)
{
    struct driver *driver = calloc(1, sizeof(*driver));
    struct jail_launched launched;
    struct sandbox_host_options host = {0};
    static uint32_t drivers;

    must(driver != NULL);
    (void)snprintf(driver->state_dir, sizeof(driver->state_dir), "%s/lambd-test-XXXXXX",
                   env_or("TMPDIR", "/tmp"));
    must(mkdtemp(driver->state_dir) != NULL);
    (void)snprintf(driver->instance, sizeof(driver->instance), "t%d-%u", getpid(),
                   (unsigned)(rand_u64() % 100000));
    const struct jail_launch_options launch = {
        .jail_path = env_or("LAMBD_JAIL", "lambd-jail"),
        .unpacker_path = env_or("LAMBD_UNPACK", "/bin/true"),
        .state_dir = driver->state_dir,
        .runtimes_dir = env_or("LAMBD_RUNTIMES", "runtimes"),
        .instance = driver->instance,
        .slots_max = options->slots_max,
        /* Nobody else's, no other driver's either: the limit of processes counts by uid. */
        .uid_base = 1950000000 + (uint32_t)getpid() % 500000 * 2000 + 500 * (drivers++ % 4),
    };

    if (jail_launch(&launched, &launch, why)) {
        (void)rmdir(driver->state_dir);
        free(driver);
        return NULL;
    }
    driver->jail_pid = launched.pid;
    must(uv_loop_init(&driver->loop) == 0);
    must(uv_timer_init(&driver->loop, &driver->deadline) == 0);
    host.loop = &driver->loop;
    host.jail_sock = launched.sock;
    host.boxes_prepared = options->boxes_prepared;
    host.jail_gone = on_jail_gone;
    host.memory_bytes_max = UINT64_MAX;
    host.owner = driver;
    must(sandbox_host_new(&driver->host, &host, why) == 0);
    return driver;
}

struct driver *driver_free(struct driver *driver)
{
    char command[PATH_BYTES + 16];

    if (!driver)
        return NULL;
    (void)sandbox_host_free(driver->host);
    uv_close((uv_handle_t *)&driver->deadline, NULL);
    must(uv_run(&driver->loop, UV_RUN_DEFAULT) == 0);
    must(uv_loop_close(&driver->loop) == 0);
    must(waitpid(driver->jail_pid, NULL, 0) == driver->jail_pid);
    (void)snprintf(command, sizeof(command), "rm -rf %s", driver->state_dir);
    must(system(command) == 0);
    free(driver);
    return NULL;
}

uv_loop_t *driver_loop(struct driver *driver)
{
    return &driver->loop;
}

struct sandbox_host *driver_host(struct driver *driver)
{
    return driver->host;
}

const char *driver_state_dir(const struct driver *driver)
{
    return driver->state_dir;
}

pid_t driver_jail_pid(const struct driver *driver)
{
    return driver->jail_pid;
}

const char *driver_instance(const struct driver *driver)
{
    return driver->instance;
}

static struct digest new_package(const struct driver *driver, char *path, size_t size)
{
    struct digest digest;
    char hex[DIGEST_HEX_BYTES];

    rand_bytes(&digest, sizeof(digest));
    (void)snprintf(path, size, "%s/code/%s", driver->state_dir, digest_hex(&digest, hex));
    must(mkdir(path, 0755) == 0);
    return digest;
}

static void add_file(const char *folder, const char *name, const char *bytes, size_t len,
                     mode_t mode)
{
    char path[PATH_BYTES * 2];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
    must(fd >= 0);
    must(fchmod(fd, mode) == 0);
    must(fd_write_full(fd, bytes, len) == 0);
    must(close(fd) == 0);
}

struct digest driver_add_file(struct driver *driver, const char *name, const char *text)
{
    char folder[PATH_BYTES + 128];
    struct digest digest = new_package(driver, folder, sizeof(folder));

    add_file(folder, name, text, strlen(text), strcmp(name, "bootstrap") == 0 ? 0755 : 0644);
    return digest;
}

struct digest driver_add_files(struct driver *driver, const struct driver_file *files, size_t count)
{
    char folder[PATH_BYTES + 128];
    char path[PATH_BYTES * 2];
    struct digest digest = new_package(driver, folder, sizeof(folder));

    for (size_t i = 0; i < count; i++) {
        const char *slash = strchr(files[i].path, '/');

        if (slash) {
            (void)snprintf(path, sizeof(path), "%s/%.*s", folder, (int)(slash - files[i].path),
                           files[i].path);
            must(mkdir(path, 0755) == 0 || errno == EEXIST);
        }
        add_file(folder, files[i].path, files[i].text, strlen(files[i].text), files[i].mode);
    }
    return digest;
}

struct digest driver_add_package(struct driver *driver, const char *bootstrap_path)
{
    char folder[PATH_BYTES + 128];
    struct digest digest = new_package(driver, folder, sizeof(folder));
    int fd = open(bootstrap_path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *bytes;

    must(fd >= 0);
    must(fstat(fd, &st) == 0);
    bytes = malloc((size_t)st.st_size);
    must(bytes != NULL);
    must(fd_read_full(fd, bytes, (size_t)st.st_size) == 0);
    add_file(folder, "bootstrap", bytes, (size_t)st.st_size, 0755);
    free(bytes);
    must(close(fd) == 0);
    return digest;
}

static void on_deadline(uv_timer_t *timer)
{
    ((struct driver *)timer->data)->is_late = true;
}

bool driver_wait(struct driver *driver, const bool *condition)
{
    driver->is_late = false;
    driver->deadline.data = driver;
    must(uv_timer_start(&driver->deadline, on_deadline, WAIT_MS, 0) == 0);
    while (!*condition && !driver->is_late)
        (void)uv_run(&driver->loop, UV_RUN_ONCE);
    must(uv_timer_stop(&driver->deadline) == 0);
    return *condition;
}

/* Ops */

static void on_ready(void *owner, int listener_fd)
{
    struct box_run *run = owner;

    run->is_ready = true;
    run->listener_fd = listener_fd;
    run->ready_ns = clock_mono_ns();
}

static void on_started(void *owner, int channel_fd, int log_fd)
{
    struct box_run *run = owner;

    close_fdp(&run->channel_fd);
    close_fdp(&run->log_fd);
    run->is_started = true;
    run->channel_fd = channel_fd;
    run->log_fd = log_fd;
}

static void on_exited(void *owner, unsigned process, const struct sandbox_exit *ended)
{
    struct box_run *run = owner;

    if (process != SANDBOX_PROCESS_RUNTIME) {
        run->extensions[process].is_exited = true;
        run->extensions[process].exit = *ended;
        return;
    }
    run->is_exited = true;
    run->exit = *ended;
}

static void on_extension(void *owner, unsigned process, const char *name, int error, int log_fd)
{
    struct box_run *run = owner;
    struct box_extension *extension = &run->extensions[process];

    must(process == run->extension_count + 1);
    run->extension_count++;
    *extension = (struct box_extension){.error = error, .log_fd = log_fd};
    (void)snprintf(extension->name, sizeof(extension->name), "%s", name);
}

static void on_launched(void *owner, int outcome)
{
    struct box_run *run = owner;

    run->is_launched = true;
    run->launch = outcome;
}

static void on_socket(void *owner, int fd)
{
    struct box_run *run = owner;

    run->has_socket = true;
    run->socket_fd = fd;
}

static void on_failed(void *owner, int outcome, const struct reason *why)
{
    struct box_run *run = owner;

    run->is_failed = true;
    run->is_ready = run->is_started = run->is_exited = run->is_launched =
        true; /* whoever waits shall go on */
    run->outcome = outcome;
    run->why = *why;
}

static const struct sandbox_ops ops = {
    .ready = on_ready,
    .runtime_started = on_started,
    .process_exited = on_exited,
    .extension_started = on_extension,
    .extensions_started = on_launched,
    .socket_made = on_socket,
    .failed = on_failed,
};

static void replace_live(struct driver *driver, const struct sandbox *old, struct sandbox *new)
{
    for (size_t i = 0; i < LIVE_MAX; i++) {
        if (driver->live[i] == old) {
            driver->live[i] = new;
            return;
        }
    }
    must(false);
}

void driver_free_boxes(struct driver *driver)
{
    for (size_t i = 0; i < LIVE_MAX; i++)
        driver->live[i] = sandbox_free(driver->live[i]);
}

void box_run_new(struct box_run *run, struct driver *driver, const struct sandbox_spec *spec)
{
    *run = (struct box_run){
        .driver = driver, .listener_fd = -1, .channel_fd = -1, .log_fd = -1, .socket_fd = -1};
    for (size_t i = 0; i < array_count(run->extensions); i++)
        run->extensions[i].log_fd = -1;
    must(sandbox_new(&run->sandbox, driver->host, spec, &ops, run, &run->why) == 0);
    replace_live(driver, NULL, run->sandbox);
}

void box_run_free(struct box_run *run)
{
    replace_live(run->driver, run->sandbox, NULL);
    run->sandbox = sandbox_free(run->sandbox);
    close_fdp(&run->listener_fd);
    close_fdp(&run->channel_fd);
    close_fdp(&run->log_fd);
    close_fdp(&run->socket_fd);
    for (size_t i = 0; i < array_count(run->extensions); i++)
        close_fdp(&run->extensions[i].log_fd);
}

void box_run_start_extensions(struct box_run *run, const char *environment, size_t len)
{
    run->is_launched = false;
    for (size_t i = 0; i < array_count(run->extensions); i++)
        close_fdp(&run->extensions[i].log_fd);
    run->extension_count = 0;
    must(sandbox_extensions_start(run->sandbox, environment, len) == 0);
}

void box_run_start(struct box_run *run, const char *environment, size_t len)
{
    run->is_started = run->is_exited = false;
    must(sandbox_runtime_start(run->sandbox, environment, len) == 0);
}

bool box_run_wait(struct box_run *run, const bool *condition)
{
    return driver_wait(run->driver, condition);
}

size_t box_run_read_log(struct box_run *run, char *text, size_t size)
{
    return driver_read_log(run->log_fd, text, size);
}

size_t driver_read_log(int log_fd, char *text, size_t size)
{
    size_t used = 0;

    while (log_fd >= 0 && used < size - 1) {
        struct pollfd pfd = {.fd = log_fd, .events = POLLIN};
        ssize_t n = poll(&pfd, 1, WAIT_MS) == 1 ? read(log_fd, text + used, size - 1 - used) : -1;

        if (n <= 0)
            break;
        used += (size_t)n;
    }
    text[used] = '\0';
    return used;
}

/* Unpack */

struct unpacked {
    bool is_done;
    int outcome;
    uint64_t bytes;
    struct reason why;
};

static void on_unpacked(void *owner, int outcome, uint64_t bytes, const struct reason *why)
{
    struct unpacked *unpacked = owner;

    *unpacked = (struct unpacked){true, outcome, bytes, *why};
}

int driver_unpack(struct driver *driver, int zip_fd, const struct digest *digest,
                  uint64_t bytes_max, uint64_t *ret_bytes, struct reason *why)
{
    struct unpacked unpacked = {0};

    must(sandbox_unpack(driver->host, zip_fd, digest, bytes_max, on_unpacked, &unpacked) == 0);
    must(driver_wait(driver, &unpacked.is_done));
    *ret_bytes = unpacked.bytes;
    *why = unpacked.why;
    return unpacked.outcome;
}
