/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Runs things in real boxes for the tests: a jail of its own with a fresh state directory, the
 * daemon's side (src/sandbox) on a loop of its own, and calls that wait.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/jail_launch.h"
#include "sandbox/sandbox.h"

struct driver;

struct driver_options {
    uint32_t boxes_prepared;
    uint32_t slots_max;
};

/* NULL when the jail cannot work here: why says so. */
struct driver *driver_new(const struct driver_options *options, struct reason *why);
struct driver *driver_free(struct driver *driver);

uv_loop_t *driver_loop(struct driver *driver);
struct sandbox_host *driver_host(struct driver *driver);
const char *driver_state_dir(const struct driver *driver);
pid_t driver_jail_pid(const struct driver *driver);
const char *driver_instance(const struct driver *driver);

/* End what a failed test has left; its struct box_run are gone already. */
void driver_free_boxes(struct driver *driver);

/* A package with one executable file, bootstrap, copied from path. */
struct digest driver_add_package(struct driver *driver, const char *bootstrap_path);
/* A package with one text file. */
struct digest driver_add_file(struct driver *driver, const char *name, const char *text);

struct driver_file {
    const char *path; /* may have one folder in front */
    const char *text;
    mode_t mode;
};
/* A package of these files. */
struct digest driver_add_files(struct driver *driver, const struct driver_file *files,
                               size_t count);

/* An extension under test, by its number. */
struct box_extension {
    char name[256];
    int error;
    int log_fd;
    bool is_exited;
    struct sandbox_exit exit;
};

/* A box under test. */
struct box_run {
    struct driver *driver;
    struct sandbox *sandbox;
    int listener_fd;
    int channel_fd;
    int log_fd;
    bool is_ready;
    bool is_started;
    bool is_exited;
    bool is_failed;
    int outcome;
    struct sandbox_exit exit;
    struct box_extension extensions[1 + SANDBOX_EXTENSIONS_MAX];
    size_t extension_count;
    bool is_launched; /* the extensions */
    int launch;
    bool has_socket;
    int socket_fd;
    struct reason why;
    uint64_t ready_ns; /* when ready was called */
};

void box_run_new(struct box_run *run, struct driver *driver, const struct sandbox_spec *spec);
void box_run_free(struct box_run *run);
/* Start the runtime with NUL-ended entries. */
void box_run_start(struct box_run *run, const char *environment, size_t len);
/* The same for the extensions. */
void box_run_start_extensions(struct box_run *run, const char *environment, size_t len);
/* Turn the loop until the condition holds; false when 30 s pass. */
bool box_run_wait(struct box_run *run, const bool *condition);
bool driver_wait(struct driver *driver, const bool *condition);

/* Everything the log has until all writers are gone; NUL-ended. */
size_t box_run_read_log(struct box_run *run, char *text, size_t size);
size_t driver_read_log(int log_fd, char *text, size_t size);

/* Unpack and wait. Returns the outcome. */
int driver_unpack(struct driver *driver, int zip_fd, const struct digest *digest,
                  uint64_t bytes_max, uint64_t *ret_bytes, struct reason *why);
