/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "jail/failure.h"
#include "jail/mount.h"

/* Where the new root is built before it becomes the root; any folder that every host has. */
static const char building_site[] = "/tmp";

static const char *const jail_folders[] = {"box", "code", "code-ro", "users", "proc"};

/*
 * Folders of a box. The library folders below /opt exist in every box because the C library and
 * interpreters remember, for good, which folders were missing when they first looked, and layers
 * come later.
 */
static const char *const box_folders[] = {
    "usr",        "etc",          "dev",
    "proc",       "tmp",          "var",
    "var/task",   "var/runtime",  "var/tmp",
    "opt",        "opt/bin",      "opt/lib",
    "opt/python", "opt/nodejs",   "opt/nodejs/node_modules",
    "opt/java",   "opt/java/lib", "opt/extensions",
    "run",        "home",
};

/* Links into /usr on a merged host, folders of their own elsewhere. */
static const char *const usr_links[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

/* Folders of /etc that programs need and that hold no secret of the host. */
static const char *const etc_folders[] = {
    "alternatives",    "ssl/certs",       "ca-certificates", "pki",
    "crypto-policies", "java-11-openjdk", "java-17-openjdk", "java-21-openjdk",
    "java-25-openjdk", "fonts",           "ImageMagick-6",   "mono",
};

/* Files and links of /etc that are copied; a copy stays as it is until the jail is started again.
 */
static const char *const etc_copies[] = {
    "ld.so.cache", "ld.so.conf",     "localtime",           "timezone",
    "mime.types",  "services",       "protocols",           "ssl/openssl.cnf",
    "os-release",  "debian_version", "ld-musl-x86_64.path", "magic",
};

static const struct {
    const char *name;
    const char *text;
} etc_own[] = {
    {"hosts", "127.0.0.1 localhost sandbox sandbox.localdomain\n"},
    {"hostname", "sandbox\n"},
    {"host.conf", "multi on\n"},
    /* Plain files and DNS: the host's name services could reach for sockets that are not there. */
    {"nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
                      "networks: files\nprotocols: files\nservices: files\n"},
    {"passwd", ""}, /* covered by the slot's own */
    {"group", ""},
};

static const struct {
    const char *name;
    unsigned minor;
} devices[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};

static const struct {
    const char *name;
    const char *target;
} dev_links[] = {{"fd", "/proc/self/fd"},
                 {"stdin", "/proc/self/fd/0"},
                 {"stdout", "/proc/self/fd/1"},
                 {"stderr", "/proc/self/fd/2"}};

static int make_folders(int dir_fd, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mkdirat(dir_fd, names[i], 0755) < 0 && errno != EEXIST)
            return -errno;
    }
    return 0;
}

static int write_new_file(int dir_fd, const char *name, const char *text, size_t len)
{
    CLEANUP(close_fdp)
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);

    if (fd < 0)
        return -errno;
    return fd_write_full(fd, text, len);
}

static int new_tmpfs(const char *size, uint64_t attributes)
{
    const char *const options[] = {"mode", "0755", "size", size, NULL};

    return tree_new("tmpfs", options, attributes);
}

/* Attach and forget; the mount stays when its descriptor is closed. */
static int attach(int tree_fd, int dir_fd, const char *name)
{
    CLEANUP(close_fdp) int fd = tree_fd;

    return fd < 0 ? fd : tree_attach(fd, dir_fd, name);
}

static int open_folder(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

/* /etc */

static int copy_link(int from_fd, int to_fd, const char *name)
{
    char target[512];
    ssize_t n = readlinkat(from_fd, name, target, sizeof(target) - 1);

    if (n < 0)
        return -errno;
    target[n] = '\0';
    return symlinkat(target, to_fd, name) < 0 ? -errno : 0;
}

static int copy_file(int from_fd, int to_fd, const char *name)
{
    CLEANUP(close_fdp) int in = openat(from_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    CLEANUP(close_fdp) int out = -1;
    char block[16384];
    ssize_t n;

    if (in < 0)
        return errno == ELOOP ? copy_link(from_fd, to_fd, name) : -errno;
    out = openat(to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (out < 0)
        return -errno;
    while ((n = read(in, block, sizeof(block))) > 0) {
        int r = fd_write_full(out, block, (size_t)n);

        if (r)
            return r;
    }
    return n < 0 ? -errno : 0;
}

/* The jail's own name service, if anything. */
static int write_resolver(const struct network *network, int etc_fd)
{
    char text[64] = "# This sandbox has no network.\n";
    char address[NET_TEXT_BYTES];

    if (network->kind == NETWORK_NAT)
        (void)snprintf(text, sizeof(text), "nameserver %s\n",
                       net_address_text(net_plan_gateway(&network->plan), address));
    return write_new_file(etc_fd, "resolv.conf", text, strlen(text));
}

static int build_etc(const struct jail *jail, int box_fd)
{
    CLEANUP(close_fdp) int host_fd = open_folder(AT_FDCWD, "/etc");
    CLEANUP(close_fdp) int etc_fd = open_folder(box_fd, "etc");
    int r;

    if (host_fd < 0 || etc_fd < 0 || mkdirat(etc_fd, "ssl", 0755) < 0)
        return -errno;
    for (size_t i = 0; i < array_count(etc_copies); i++) {
        r = copy_file(host_fd, etc_fd, etc_copies[i]);
        if (r && r != -ENOENT && r != -EACCES)
            return r;
    }
    r = write_resolver(&jail->network, etc_fd);
    if (r)
        return r;
    for (size_t i = 0; i < array_count(etc_own); i++) {
        r = write_new_file(etc_fd, etc_own[i].name, etc_own[i].text, strlen(etc_own[i].text));
        if (r)
            return r;
    }
    for (size_t i = 0; i < array_count(etc_folders); i++) {
        CLEANUP(close_fdp) int tree_fd = tree_clone_all(host_fd, etc_folders[i], TREE_FOREIGN);

        if (tree_fd < 0)
            continue; /* this host does not have it, or not for us */
        if (mkdirat(etc_fd, etc_folders[i], 0755) < 0)
            return -errno;
        r = tree_attach(tree_fd, etc_fd, etc_folders[i]);
        if (r)
            return r;
    }
    return 0;
}

/* /dev: made as root of the host, borrowed from the host's in a user namespace, which may not make
 * devices. */

static int build_device(int dev_fd, const char *name, unsigned minor)
{
    char path[32];
    int r;

    if (mknodat(dev_fd, name, S_IFCHR | 0666, makedev(1, minor)) == 0)
        return fchmodat(dev_fd, name, 0666, 0) < 0 ? -errno : 0;
    if (errno != EPERM)
        return -errno;
    r = write_new_file(dev_fd, name, "", 0);
    if (r)
        return r;
    (void)snprintf(path, sizeof(path), "/dev/%s", name);
    return attach(tree_clone(AT_FDCWD, path, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), dev_fd, name);
}

static int build_dev(int box_fd)
{
    const struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
    CLEANUP(close_fdp) int tree_fd = new_tmpfs("64k", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    CLEANUP(close_fdp) int dev_fd = -1;
    int r;

    if (tree_fd < 0)
        return tree_fd;
    r = tree_attach(tree_fd, box_fd, "dev");
    dev_fd = r ? r : open_folder(box_fd, "dev");
    if (dev_fd < 0)
        return dev_fd;
    for (size_t i = 0; i < array_count(devices); i++) {
        r = build_device(dev_fd, devices[i].name, devices[i].minor);
        if (r)
            return r;
    }
    for (size_t i = 0; i < array_count(dev_links); i++) {
        if (symlinkat(dev_links[i].target, dev_fd, dev_links[i].name) < 0)
            return -errno;
    }
    /* Read-only is about the folder; devices can be written all the same. */
    return mount_setattr(dev_fd, "", AT_EMPTY_PATH, (struct mount_attr *)(uintptr_t)&sealed,
                         sizeof(sealed)) < 0
               ? -errno
               : 0;
}

static int build_usr(int box_fd)
{
    CLEANUP(close_fdp) int host_fd = open_folder(AT_FDCWD, "/");
    int r = attach(tree_clone_all(AT_FDCWD, "/usr", TREE_FOREIGN), box_fd, "usr");

    for (size_t i = 0; !r && i < array_count(usr_links); i++) {
        r = copy_link(host_fd, box_fd, usr_links[i]);
        if (r == -EINVAL) { /* not a link */
            r = mkdirat(box_fd, usr_links[i], 0755) < 0 ? -errno : 0;
            if (!r)
                r = attach(tree_clone_all(host_fd, usr_links[i], TREE_FOREIGN), box_fd,
                           usr_links[i]);
        } else if (r == -ENOENT) {
            r = 0;
        }
    }
    return r;
}

/* AWS's root has this script, which its images start a runtime with. Here the jail starts it. */
static int build_entrypoint(int box_fd)
{
    static const char name[] = "lambda-entrypoint.sh";
    static const char script[] = "#!/bin/sh\nexec \"$@\"\n";
    int r = write_new_file(box_fd, name, script, sizeof(script) - 1);

    if (r)
        return r;
    return fchmodat(box_fd, name, 0755, 0) < 0 ? -errno : 0;
}

static int build_box(struct jail *jail, int root_fd, struct jail_failure *failure)
{
    struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
    CLEANUP(close_fdp) int box_fd = -1;
    int r = attach(new_tmpfs("16m", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), root_fd, "box");

    box_fd = r ? r : open_folder(root_fd, "box");
    r = box_fd < 0 ? box_fd : make_folders(box_fd, box_folders, array_count(box_folders));
    if (!r)
        r = build_usr(box_fd);
    if (!r)
        r = build_entrypoint(box_fd);
    if (r)
        return fail(failure, JAIL_STEP_ROOT, r);
    r = build_etc(jail, box_fd);
    if (r)
        return fail(failure, JAIL_STEP_ROOT_ETC, r);
    r = build_dev(box_fd);
    if (r)
        return fail(failure, JAIL_STEP_ROOT_DEV, r);
    if (mount_setattr(box_fd, "", AT_EMPTY_PATH, &sealed, sizeof(sealed)) < 0)
        return fail(failure, JAIL_STEP_ROOT, errno);
    jail->root.box_fd = steal_fd(&box_fd);
    return 0;
}

/* What the configuration names; opened in the new mount namespace, because only its mounts can be
 * cloned. */
struct sources {
    int state_fd;
    int runtimes_fd;
};

static void sources_close(struct sources *sources)
{
    close_fdp(&sources->state_fd);
    close_fdp(&sources->runtimes_fd);
}

static int open_sources(struct jail *jail, struct sources *sources, struct jail_failure *failure)
{
    const struct jail_config *config = jail->config;

    sources->state_fd = open_folder(AT_FDCWD, config->state_dir);
    if (sources->state_fd < 0)
        return fail(failure, JAIL_STEP_STATE_DIR, sources->state_fd);
    sources->runtimes_fd = open_folder(AT_FDCWD, config->runtimes_dir);
    if (sources->runtimes_fd < 0)
        return fail(failure, JAIL_STEP_RUNTIMES, sources->runtimes_fd);
    jail->root.unpacker_fd = open(config->unpacker, O_RDONLY | O_CLOEXEC);
    if (jail->root.unpacker_fd < 0)
        return fail(failure, JAIL_STEP_UNPACKER, errno);
    jail->root.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (jail->root.null_fd < 0)
        return fail(failure, JAIL_STEP_ROOT, errno);
    return 0;
}

static int attach_code(struct jail *jail, int state_fd, int root_fd)
{
    CLEANUP(close_fdp) int folder_fd = -1;
    int r;

    /* Not O_NOFOLLOW by accident: the state directory belongs to the daemon's user, the folder must
     * be ours. */
    if (mkdirat(state_fd, "code", 0755) < 0 && errno != EEXIST)
        return -errno;
    folder_fd = openat(state_fd, "code", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder_fd < 0)
        return -errno;
    r = attach(tree_clone(folder_fd, "", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), root_fd, "code");
    if (!r)
        r = attach(tree_clone(folder_fd, "", TREE_FOREIGN), root_fd, "code-ro");
    if (r)
        return r;
    jail->root.code_fd = openat(root_fd, "code", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    jail->root.code_ro_fd = open_folder(root_fd, "code-ro");
    return jail->root.code_fd < 0 || jail->root.code_ro_fd < 0 ? -errno : 0;
}

/* Our clients are mounted when a box learns its runtime; one that is not installed is missed only
 * then. */
static int attach_runtimes(struct jail *jail, int runtimes_fd, int root_fd)
{
    static const char *const names[JAIL_RUNTIME_COUNT] = {"python", "node", "ruby", "dotnet", "java", NULL};

    for (size_t i = 0; i < JAIL_RUNTIME_COUNT; i++) {
        CLEANUP(close_fdp) int tree_fd = -1;
        char name[32];
        int r;

        jail->root.runtime_fds[i] = -1;
        if (!names[i])
            continue;
        tree_fd = tree_clone(runtimes_fd, names[i], TREE_FOREIGN);
        if (tree_fd < 0)
            continue;
        (void)snprintf(name, sizeof(name), "runtime-%s", names[i]);
        if (mkdirat(root_fd, name, 0755) < 0)
            return -errno;
        r = tree_attach(tree_fd, root_fd, name);
        if (r)
            return r;
        jail->root.runtime_fds[i] = open_folder(root_fd, name);
        if (jail->root.runtime_fds[i] < 0)
            return jail->root.runtime_fds[i];
    }
    return 0;
}

/* The root becomes ours; the host's is detached and stays reachable only through what was opened.
 */
static int pivot(void)
{
    if (chdir(building_site) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
        return -errno;
    if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return -errno;
    return 0;
}

static int enter_namespace(struct jail_failure *failure)
{
    if (unshare(CLONE_NEWNS) < 0)
        return fail(failure, JAIL_STEP_NAMESPACES, errno);
    /* Nothing we mount may show up outside, and nothing of outside here. */
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return fail(failure, JAIL_STEP_NAMESPACES, errno);
    return 0;
}

int jail_root_enter(struct jail *jail, struct jail_failure *failure)
{
    CLEANUP(sources_close) struct sources sources = {-1, -1};
    CLEANUP(close_fdp) int root_fd = -1;
    int r = enter_namespace(failure);

    if (r)
        return r;
    (void)umask(022);
    r = open_sources(jail, &sources, failure);
    if (r)
        return r;
    r = attach(new_tmpfs("256m", MOUNT_ATTR_NOSUID), AT_FDCWD, building_site);
    root_fd = r ? r : open_folder(AT_FDCWD, building_site);
    r = root_fd < 0 ? root_fd : make_folders(root_fd, jail_folders, array_count(jail_folders));
    if (!r)
        r = attach(tree_clone_all(AT_FDCWD, "/proc", 0), root_fd, "proc");
    if (r)
        return fail(failure, JAIL_STEP_ROOT, r);
    r = build_box(jail, root_fd, failure);
    if (r)
        return r;
    r = attach_code(jail, sources.state_fd, root_fd);
    if (r)
        return fail(failure, JAIL_STEP_STATE_DIR, r);
    r = attach_runtimes(jail, sources.runtimes_fd, root_fd);
    if (r)
        return fail(failure, JAIL_STEP_RUNTIMES, r);
    r = pivot();
    if (r)
        return fail(failure, JAIL_STEP_ROOT, r);
    jail->root.users_fd = open_folder(AT_FDCWD, "/users");
    jail->root.mount_ns_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (jail->root.users_fd < 0 || jail->root.mount_ns_fd < 0)
        return fail(failure, JAIL_STEP_ROOT, errno);
    return 0;
}

static int add_file(struct jail *jail, uint32_t slot, const char *kind, const char *text)
{
    char name[32];
    int r;

    (void)snprintf(name, sizeof(name), "%s-%u", kind, slot);
    r = write_new_file(jail->root.users_fd, name, text, strlen(text));
    return r == -EEXIST ? 0 : r;
}

int jail_root_add_user(struct jail *jail, uint32_t slot)
{
    char text[256];
    unsigned gid = ids_gid(&jail->ids, slot);
    int r;

    (void)snprintf(text, sizeof(text),
                   "root:x:0:0:root:/root:/sbin/nologin\n"
                   "sbx_user1051:x:%u:%u::/home/sbx_user1051:/sbin/nologin\n",
                   ids_uid(&jail->ids, slot), gid);
    r = add_file(jail, slot, "passwd", text);
    if (r)
        return r;
    (void)snprintf(text, sizeof(text), "root:x:0:\nsbx_user1051:x:%u:\n", gid);
    return add_file(jail, slot, "group", text);
}
