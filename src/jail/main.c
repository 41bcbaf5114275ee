/* SPDX-License-Identifier: Apache-2.0 */

/*
 * lambd-jail: makes the boxes that functions run in. Started by lambd before it has read a byte
 * from anybody, with the daemon's socket as descriptor 3; see sandbox/jail_launch.h for the
 * options.
 *
 * Reading order: protocol.h (what is asked) · this file (start-up) · serve.c (the loop) · box.c
 * (one box) · birth.c (how it is locked in) · init.c (its pid 1) · attach.c (how it gets its
 * function) · tmp_maker.c, tmp_image.c (its /tmp) · errand.c (the code store).
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/rand.h"
#include "base/str.h"
#include "jail/errand.h"
#include "jail/failure.h"
#include "jail/jail.h"
#include "jail/root.h"
#include "jail/tmp_maker.h"

enum { DAEMON_FD = 3, INSTANCE_BYTES_MAX = 32 };

static bool take_number(uint32_t *ret_value, const char *text, uint64_t min, uint64_t max)
{
    uint64_t value;

    if (!str_to_u64(str_of(text), &value) || value < min || value > max)
        return false;
    *ret_value = (uint32_t)value;
    return true;
}

static bool is_instance(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return len > 0 && len <= INSTANCE_BYTES_MAX && text[len] == '\0';
}

static bool take_network(enum network_asked *ret_network, const char *text)
{
    static const char *const names[] = {
        [NETWORK_ASKED_NONE] = "none", [NETWORK_ASKED_AUTO] = "auto", [NETWORK_ASKED_NAT] = "nat"};

    for (size_t i = 0; i < array_count(names); i++) {
        if (strcmp(names[i], text) == 0) {
            *ret_network = (enum network_asked)i;
            return true;
        }
    }
    return false;
}

static bool parse_options(struct jail_config *config, int argc, char **argv)
{
    static const struct option options[] = {
        {"state-dir", required_argument, NULL, 's'},
        {"runtimes-dir", required_argument, NULL, 'r'},
        {"unpacker", required_argument, NULL, 'u'},
        {"instance", required_argument, NULL, 'i'},
        {"uid-base", required_argument, NULL, 'b'},
        {"slots", required_argument, NULL, 'n'},
        {"cpu-strict", no_argument, NULL, 'c'},
        {"network", required_argument, NULL, 'N'},
        {"network-range", required_argument, NULL, 'R'},
        {0},
    };
    bool is_right = true;
    int o;

    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case 's':
            config->state_dir = optarg;
            break;
        case 'r':
            config->runtimes_dir = optarg;
            break;
        case 'u':
            config->unpacker = optarg;
            break;
        case 'i':
            config->instance = optarg;
            is_right = is_right && is_instance(optarg);
            break;
        case 'b':
            is_right = is_right && take_number(&config->uid_base, optarg, 1000, 4000000000U);
            break;
        case 'n':
            is_right = is_right && take_number(&config->slots_max, optarg, 1, LIMIT_ENVIRONMENTS);
            break;
        case 'c':
            config->is_cpu_strict = true;
            break;
        case 'N':
            is_right = is_right && take_network(&config->network, optarg);
            break;
        case 'R':
            config->network_range = optarg;
            break;
        default:
            return false;
        }
    }
    return is_right && optind == argc && config->state_dir && config->runtimes_dir &&
           config->unpacker && config->instance;
}

/*
 * Ctrl-C and a service manager's TERM go to the whole process group; the daemon decides what they
 * mean and closes the socket. SIGPIPE: fd_send() asks for none, this is for pipes.
 */
static void ignore_signals(void)
{
    static const int signals[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                  SIGPIPE, SIGTSTP, SIGUSR1, SIGUSR2};

    for (size_t i = 0; i < array_count(signals); i++)
        (void)signal(signals[i], SIG_IGN);
}

/* A box holds two descriptors here. As root of the host the limit is the kernel's. */
static void raise_fd_limit(void)
{
    static const rlim_t wanted[] = {1048576, 65536};
    struct rlimit limit;

    for (size_t i = 0; i < array_count(wanted); i++) {
        limit = (struct rlimit){wanted[i], wanted[i]};
        if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
            return;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static uint32_t find_features(const struct jail *jail)
{
    const struct cgroup_tree *memory = cgroups_find(&jail->cgroups, CGROUP_MEMORY);
    const struct cgroup_tree *freezer = cgroups_find(&jail->cgroups, CGROUP_FREEZE);
    uint32_t features = 0;

    if (memory)
        features |= JAIL_FEATURE_MEMORY;
    if (memory && memory->is_v2)
        features |= JAIL_FEATURE_MEMORY_V2;
    if (memory && jail->cgroups.has_swap)
        features |= JAIL_FEATURE_SWAP;
    if (cgroups_find(&jail->cgroups, CGROUP_PIDS))
        features |= JAIL_FEATURE_PIDS;
    if (cgroups_find(&jail->cgroups, CGROUP_CPU))
        features |= JAIL_FEATURE_CPU;
    if (freezer)
        features |= freezer->is_v2 ? JAIL_FEATURE_FREEZE_V2 : JAIL_FEATURE_FREEZE_V1;
    if (jail->ids.is_rootless)
        features |= JAIL_FEATURE_USER_NAMESPACE;
    if (jail->ids.has_own)
        features |= JAIL_FEATURE_OWN_UID;
    if (jail->network.kind == NETWORK_NAT)
        features |= JAIL_FEATURE_NETWORK_NAT;
    if (jail->tmp_maker_sock >= 0)
        features |= JAIL_FEATURE_TMP_IMAGE;
    return features;
}

/*
 * A jail whose daemon was killed still has its boxes to end and its control groups to remove, while
 * a new daemon may be starting already: without this lock the old one would remove what the new one
 * of the same name just made. The lock is on the folder of unpacked code, which only jails touch,
 * and the descriptor stays open until the last process that has it (this one and the boxes' inits)
 * is gone.
 */
static int wait_for_predecessor(const struct jail_config *config)
{
    char path[PATH_MAX];
    int fd, len = snprintf(path, sizeof(path), "%s/code", config->state_dir);

    if (len < 0 || (size_t)len >= sizeof(path))
        return ENAMETOOLONG;
    /* Made here already, so that the first jail holds the lock as well. */
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        return errno;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno;
    while (flock(fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

/* Order: cgroups and nft are found by the host's paths, which are gone when our own root has been
 * built; the boxes' /etc has the address of the network's name service. */
static int start(struct jail *jail, struct jail_failure *failure)
{
    int r = wait_for_predecessor(jail->config);

    if (!r)
        r = cgroups_init(&jail->cgroups, jail->config->instance);
    if (r)
        return fail(failure, JAIL_STEP_CGROUP, r);
    ids_choose(&jail->ids, jail->config->uid_base, jail->config->slots_max);
    r = network_start(&jail->network, jail->config, &jail->ids, failure);
    if (r)
        return r;
    jail->network_failure = *failure;
    r = jail_root_enter(jail, failure);
    if (r)
        return r;
    jail->boxes = calloc(jail->config->slots_max, sizeof(jail->boxes[0]));
    if (!jail->boxes)
        return fail(failure, JAIL_STEP_EVENTS, ENOMEM);
    jail->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (jail->epoll_fd < 0 || jail_watch(jail, jail->sock, JAIL_SOURCE_DAEMON, 0))
        return fail(failure, JAIL_STEP_EVENTS, errno);
    if (jail->network.keeper_pid_fd >= 0 &&
        jail_watch(jail, jail->network.keeper_pid_fd, JAIL_SOURCE_KEEPER, 0))
        return fail(failure, JAIL_STEP_EVENTS, errno);
    (void)tmp_maker_start(jail); /* what it cannot do the features say */
    jail->features = find_features(jail);
    return 0;
}

static int send_hello(struct jail *jail)
{
    const struct cgroup_tree *memory = cgroups_find(&jail->cgroups, CGROUP_MEMORY);
    struct jail_event event = {.type = JAIL_HELLO};

    event.hello = (struct jail_hello){.magic = JAIL_MAGIC,
                                      .version = JAIL_PROTOCOL_VERSION,
                                      .request_bytes = sizeof(struct jail_request),
                                      .event_bytes = sizeof(struct jail_event),
                                      .features = jail->features,
                                      .slots_max = jail->config->slots_max,
                                      .network = jail->network_failure};
    return jail_send(jail, &event, memory ? &memory->fd : NULL, memory ? 1 : 0);
}

static int run(struct jail *jail)
{
    struct jail_event failed = {.type = JAIL_FAILED};
    int r = start(jail, &failed.failure);

    if (r) {
        (void)jail_send(jail, &failed, NULL, 0);
        network_stop(&jail->network);
        cgroups_remove(&jail->cgroups);
        return r;
    }
    errand_clean(jail);
    r = send_hello(jail);
    if (!r)
        r = jail_serve(jail);
    network_stop(&jail->network);
    cgroups_remove(&jail->cgroups);
    return r;
}

/*
 * An ordinary user's jail becomes root of a user namespace and starts itself again in there: what
 * may look into a process (setns into a box, writing its id maps) depends on the namespace in which
 * it was exec'd.
 */
static int become_root(char **argv)
{
    char *no_environment[] = {NULL};
    struct jail jail = {.sock = DAEMON_FD};
    struct jail_event failed = {.type = JAIL_FAILED};
    int r = ids_enter_namespace();

    if (!r && execve("/proc/self/exe", argv, no_environment) < 0)
        r = err_new(-errno);
    (void)fail(&failed.failure, JAIL_STEP_USER_MAP, r);
    (void)jail_send(&jail, &failed, NULL, 0);
    return 1;
}

int main(int argc, char **argv)
{
    static struct jail jail = {.sock = DAEMON_FD, .epoll_fd = -1, .tmp_maker_sock = -1};
    struct jail_config config = {.uid_base = 1900000000, .slots_max = LIMIT_ENVIRONMENTS};

    if (!parse_options(&config, argc, argv)) {
        (void)fprintf(stderr, "lambd-jail is started by lambd, not by hand\n");
        return 2;
    }
    if (geteuid() != 0)
        return become_root(argv);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* nobody looks into us */
    jail.config = &config;
    jail.nonce = (uint32_t)rand_u64();
    ignore_signals();
    raise_fd_limit();
    (void)fcntl(DAEMON_FD, F_SETFD, FD_CLOEXEC);
    return run(&jail) ? 1 : 0;
}
