/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/must.h"
#include "jail/failure.h"
#include "jail/mount.h"

/* fsconfig takes no text that is longer, so packages are named by descriptors. */
enum { LOWER_BYTES = 256, LOWER_NAME_BYTES = sizeof("/proc/self/fd/2147483647:") };
static_assert(LIMIT_LAYERS_PER_FUNCTION * LOWER_NAME_BYTES <= LOWER_BYTES, "too many layers");

struct lowers {
    int fds[LIMIT_LAYERS_PER_FUNCTION]; /* the first `count` */
    size_t count;
};

static void lowers_close(struct lowers *lowers)
{
    for (size_t i = 0; i < lowers->count; i++)
        close_fdp(&lowers->fds[i]);
}

/* Detached trees, -1 where a box keeps what it has. */
struct trees {
    int code;
    int layers;
    int runtime;
};

static void trees_close(struct trees *trees)
{
    close_fdp(&trees->code);
    close_fdp(&trees->layers);
    close_fdp(&trees->runtime);
}

static int clone_package(const struct jail *jail, const struct digest *digest)
{
    char name[DIGEST_HEX_BYTES];

    /* The mount that is cloned is read-only, nosuid, nodev, and so is the clone. */
    return tree_clone(jail->root.code_ro_fd, digest_hex(digest, name), 0);
}

/* Several layers become one folder, the last on top: that one comes first for overlayfs. */
static int overlay(const struct jail *jail, const struct jail_assign *assign)
{
    CLEANUP(lowers_close) struct lowers lowers = {0};
    char lower[LOWER_BYTES];
    char name[DIGEST_HEX_BYTES];
    const char *const options[] = {"lowerdir", lower, NULL};
    size_t used = 0;

    for (size_t i = assign->layer_count; i-- > 0;) {
        int fd = openat(jail->root.code_ro_fd, digest_hex(&assign->layers[i], name),
                        O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
            return -errno;
        lowers.fds[lowers.count++] = fd;
        used += (size_t)snprintf(lower + used, sizeof(lower) - used, "%s/proc/self/fd/%d",
                                 used ? ":" : "", fd);
    }
    must(used < sizeof(lower));
    return tree_new("overlay", options, TREE_FOREIGN);
}

static int make_runtime_tree(const struct jail *jail, const struct jail_assign *assign,
                             struct trees *trees, struct jail_failure *failure)
{
    int runtime_fd = jail->root.runtime_fds[assign->runtime];

    if (runtime_fd >= 0)
        trees->runtime = tree_clone(runtime_fd, "", 0);
    if (trees->runtime < 0 && assign->runtime != JAIL_RUNTIME_PROVIDED)
        return fail(failure, JAIL_STEP_RUNTIMES, runtime_fd < 0 ? ENOENT : trees->runtime);
    return 0;
}

static int make_function_trees(const struct jail *jail, const struct jail_assign *assign,
                               struct trees *trees, struct jail_failure *failure)
{
    trees->code = clone_package(jail, &assign->code);
    if (trees->code < 0)
        return fail(failure, JAIL_STEP_CODE, trees->code);
    if (assign->layer_count)
        trees->layers = assign->layer_count == 1 ? clone_package(jail, &assign->layers[0])
                                                 : overlay(jail, assign);
    if (assign->layer_count && trees->layers < 0)
        return fail(failure, JAIL_STEP_LAYERS, trees->layers);
    return 0;
}

/* In the box's mount namespace. Its root is read-only and root's, so these paths are what we made
 * them. */
static int place(const struct trees *trees)
{
    int r = 0;

    if (trees->code >= 0)
        r = tree_attach(trees->code, AT_FDCWD, "/var/task");
    if (!r && trees->layers >= 0)
        r = tree_attach(trees->layers, AT_FDCWD, "/opt");
    if (!r && trees->runtime >= 0)
        r = tree_attach(trees->runtime, AT_FDCWD, "/var/runtime");
    return r;
}

int attach(const struct jail *jail, int init_pid_fd, const struct jail_assign *assign,
           enum attach_parts parts, struct jail_failure *failure)
{
    CLEANUP(trees_close) struct trees trees = {-1, -1, -1};
    int r = 0;

    if (parts & ATTACH_FUNCTION)
        r = make_function_trees(jail, assign, &trees, failure);
    if (!r && parts & ATTACH_RUNTIME)
        r = make_runtime_tree(jail, assign, &trees, failure);
    if (r)
        return r;
    if (setns(init_pid_fd, CLONE_NEWNS) < 0)
        return fail(failure, JAIL_STEP_ATTACH, errno);
    r = place(&trees);
    /* Our own root and working folder come back with the namespace. Staying would be worse than
     * ending. */
    must(setns(jail->root.mount_ns_fd, CLONE_NEWNS) == 0);
    return r ? fail(failure, JAIL_STEP_ATTACH, r) : 0;
}
