/* SPDX-License-Identifier: Apache-2.0 */

/*
 * lambd-server: the daemon's start. The order matters:
 *
 *   options          bad ones are refused before anything is touched
 *   sockets          may need root; a taken port is found out before anything is written
 *   state directory  made, locked and given to the user we will run as: needs root
 *   jail             forked while there is one thread; keeps root
 *   drop root        for good
 *   the rest         opens files as the user we stay
 *
 * Exit status: 0 after a drain, 2 when it could not start (one sentence says why), 1 when it had to
 * give up later.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "sandbox/jail_launch.h"
#include "server/daemon.h"
#include "server/options.h"
#include "server/places.h"
#include "server/privileges.h"
#include "server/state_dir.h"

enum { EXIT_CANNOT_START = 2 };

static int cannot_start(const struct reason *why)
{
    (void)fprintf(stderr, "lambd: %s\n", why->text[0] ? why->text : "out of memory");
    return EXIT_CANNOT_START;
}

/* One descriptor limit for all: connections and environments are bounded by limits of their own. */
static void raise_fd_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Boxes that end still have their slots when others have taken their place. */
static uint32_t slots_max(const struct server_options *options)
{
    uint64_t count = options->environments_max + options->boxes_prepared + 32;

    return count < LIMIT_ENVIRONMENTS ? (uint32_t)count : LIMIT_ENVIRONMENTS;
}

static int launch_jail(const struct server_options *options, struct jail_launched *ret_launched,
                       struct reason *why)
{
    struct server_places places;
    char instance[33];
    int r = server_places_find(&places, why);

    if (r < 0)
        return err_pass(r);
    daemon_instance_name(options->state_dir, instance);
    struct jail_launch_options launch = {
        .jail_path = places.jail,
        .unpacker_path = places.unpacker,
        .state_dir = options->state_dir,
        .runtimes_dir = places.runtimes,
        .instance = instance,
        .uid_base =
            options->uid_base ? (uint32_t)options->uid_base : daemon_uid_base(options->state_dir),
        .slots_max = slots_max(options),
        .is_cpu_strict = strcmp(options->cpu, "strict") == 0,
        .network = options->network,
        .network_range = options->network_range[0] ? options->network_range : NULL,
    };
    r = jail_launch(ret_launched, &launch, why);
    return r < 0 ? err_pass(r) : 0;
}

static int start(struct daemon *daemon, const struct server_options *options,
                 struct jail_launched *ret_launched, struct reason *why)
{
    bool is_root = geteuid() == 0;
    uid_t uid = is_root ? (uid_t)options->user : (uid_t)-1;
    struct jail_launched launched;
    int lock_fd; /* stays open, and with it the lock, until the process ends */
    int r;

    r = daemon_listen(daemon, why);
    if (r < 0)
        return err_pass(r);
    r = state_dir_open(options->state_dir, uid, &lock_fd, why);
    if (r < 0)
        return err_pass(r);
    r = launch_jail(options, &launched, why);
    if (r < 0)
        return err_pass(r);
    *ret_launched = launched;
    if (is_root)
        r = privileges_drop(uid, why);
    if (r == 0)
        r = state_dir_check(options->state_dir, why);
    if (r == 0)
        r = daemon_start(daemon, launched.sock, why);
    return r < 0 ? err_pass(r) : 0;
}

int main(int argc, char **argv)
{
    struct server_options options;
    struct reason why = {0};
    struct daemon *daemon;
    struct jail_launched launched;
    int r;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like others */
    r = server_options_read(&options, argc, argv, &why);
    if (r == OPTIONS_HELP) {
        server_options_print_help();
        return 0;
    }
    if (r < 0)
        return cannot_start(&why);
    raise_fd_limit();
    r = daemon_new(&daemon, &options, &why);
    if (r < 0)
        return cannot_start(&why);
    r = start(daemon, &options, &launched, &why);
    if (r < 0)
        return cannot_start(&why);
    daemon_run(daemon);
    (void)daemon_free(daemon);
    jail_await_end(&launched);
    return EXIT_SUCCESS;
}
