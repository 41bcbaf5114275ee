/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/tmp_image.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "jail/mount.h"

/* Of the jail's root, which has no /dev: device nodes are made here. */
#define LOOP_FOLDER "/loop"
#define LOOP_CONTROL LOOP_FOLDER "/control"
#define TEMPLATE_FOLDER "/templates"
#define TEMPLATE_NAME "new"

enum {
    LOOP_CONTROL_MINOR = 237, /* of the misc devices, everywhere */
    LOOP_TRIES = 1000,        /* others may take the device that was free just now */
    BLOCK_BYTES = 4096,
    BLOCKS_PER_MB = (1 << 20) / BLOCK_BYTES,
    COPY_BYTES = 65536,
    /* So much the host keeps: a box is not made when less than this is free. */
    DISK_RESERVE_BYTES = 64 << 20,
};

/*
 * How ext4 comes to exactly the wanted size. The device is made large enough for everything that
 * ext4 needs itself, and then what is too much is reserved for root, who is in no box. The kernel
 * keeps some blocks for itself (ext4_calculate_resv_clusters: a fiftieth, at most 4096).
 */
enum {
    EXT4_KERNEL_BLOCKS_MAX = 4096,
    EXT4_KERNEL_SHARE = 50,
    EXT4_INODES_SHARE = 60,     /* inode tables and bitmaps: a little more than they take */
    EXT4_FIXED_BLOCKS = 1024,   /* superblocks, descriptors, the root folder */
    EXT4_LOST_FOUND_BLOCKS = 4, /* becomes free again: we remove it */
    /* For the index blocks of large files and for folders, so that the configured size can be
     * filled with data to its last byte. */
    SLACK_BLOCKS = 64,
};

/* The head of the superblock, little-endian; linux/fs/ext4/ext4.h has the whole. */
struct ext4_head {
    uint32_t inodes_count;
    uint32_t blocks_count;
    uint32_t reserved_count;
    uint32_t free_count;
    uint32_t others[10];
    uint16_t magic;
};
enum { EXT4_HEAD_AT = 1024, EXT4_MAGIC = 0xef53 };
static_assert(offsetof(struct ext4_head, magic) == 56, "as on the disk");

static uint64_t wanted_blocks(uint32_t tmp_mb)
{
    return (uint64_t)tmp_mb * BLOCKS_PER_MB + SLACK_BLOCKS - EXT4_LOST_FOUND_BLOCKS;
}

static uint64_t device_blocks(uint32_t tmp_mb)
{
    uint64_t wanted = wanted_blocks(tmp_mb);

    return wanted + wanted / EXT4_INODES_SHARE + EXT4_KERNEL_BLOCKS_MAX + EXT4_FIXED_BLOCKS;
}

static int reserve_surplus(int fd, uint32_t tmp_mb)
{
    uint64_t wanted = wanted_blocks(tmp_mb);
    struct ext4_head head;
    uint64_t kept;

    if (pread(fd, &head, sizeof(head), EXT4_HEAD_AT) != sizeof(head))
        return -EIO;
    kept = le32toh(head.blocks_count) / EXT4_KERNEL_SHARE;
    if (kept > EXT4_KERNEL_BLOCKS_MAX)
        kept = EXT4_KERNEL_BLOCKS_MAX;
    if (le16toh(head.magic) != EXT4_MAGIC || le32toh(head.free_count) < wanted + kept)
        return -EINVAL;
    head.reserved_count = htole32((uint32_t)(le32toh(head.free_count) - wanted - kept));
    return pwrite(fd, &head, sizeof(head), EXT4_HEAD_AT) == sizeof(head) ? 0 : -EIO;
}

/* Templates */

/*
 * mke2fs is the host's, in the root of the boxes with its libraries; the template's folder stays in
 * reach as the working folder. Options are all given: there is no configuration file in there. A
 * journal would double every write of what is thrown away anyway, checksums of the superblock would
 * have to be made again by us, and inode tables of new files are holes, so they are zero already.
 */
static _Noreturn void exec_mke2fs(void)
{
    static char *const argv[] = {
        (char *)(uintptr_t) "mke2fs",
        (char *)(uintptr_t) "-q",
        (char *)(uintptr_t) "-F",
        (char *)(uintptr_t) "-t",
        (char *)(uintptr_t) "ext4",
        (char *)(uintptr_t) "-b",
        (char *)(uintptr_t) "4096",
        (char *)(uintptr_t) "-I",
        (char *)(uintptr_t) "256",
        (char *)(uintptr_t) "-i",
        (char *)(uintptr_t) "16384",
        (char *)(uintptr_t) "-m",
        (char *)(uintptr_t) "0",
        (char *)(uintptr_t) "-O",
        (char *)(uintptr_t) "none,extent,flex_bg,uninit_bg,filetype,sparse_super,large_file,"
                            "huge_file,dir_index,dir_nlink,extra_isize,ext_attr",
        (char *)(uintptr_t) "-E",
        (char *)(uintptr_t) "lazy_itable_init=1,nodiscard",
        (char *)(uintptr_t)TEMPLATE_NAME,
        NULL};
    static char *const envp[] = {NULL};
    int null_fd;

    if (chdir(TEMPLATE_FOLDER) < 0 || chroot("/box") < 0)
        _exit(1);
    null_fd = open("/dev/null", O_RDWR);
    if (null_fd < 0 || dup2(null_fd, 1) < 0 || dup2(null_fd, 2) < 0)
        _exit(1);
    (void)execve("/usr/sbin/mke2fs", argv, envp);
    (void)execve("/sbin/mke2fs", argv, envp);
    _exit(1);
}

static int run_mke2fs(void)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0)
        exec_mke2fs();
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -errno;
    return status ? -EIO : 0;
}

static int make_template(uint32_t tmp_mb)
{
    CLEANUP(close_fdp) int fd = -1;
    int r;

    fd = open(TEMPLATE_FOLDER "/" TEMPLATE_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    r = ftruncate(fd, (off_t)(device_blocks(tmp_mb) * BLOCK_BYTES)) < 0 ? -errno : run_mke2fs();
    (void)unlink(TEMPLATE_FOLDER "/" TEMPLATE_NAME);
    if (!r)
        r = reserve_surplus(fd, tmp_mb);
    return r ? r : steal_fd(&fd);
}

int tmp_images_template(struct tmp_images *images, uint32_t tmp_mb)
{
    struct tmp_template *oldest = &images->templates[images->templates_made % TMP_TEMPLATES_MAX];
    int fd;

    for (size_t i = 0; i < TMP_TEMPLATES_MAX; i++) {
        if (images->templates[i].tmp_mb == tmp_mb)
            return images->templates[i].fd;
    }
    fd = make_template(tmp_mb);
    if (fd < 0)
        return fd;
    if (oldest->tmp_mb)
        close_fdp(&oldest->fd);
    *oldest = (struct tmp_template){tmp_mb, fd};
    images->templates_made++;
    return fd;
}

/* Copies */

static int copy_range(int from, int to, off_t at, off_t end)
{
    static char bytes[COPY_BYTES];

    while (at < end) {
        size_t len = end - at < COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
        ssize_t n = pread(from, bytes, len, at);

        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        if (pwrite(to, bytes, (size_t)n, at) != n)
            return -ENOSPC;
        at += n;
    }
    return 0;
}

static int copy_sparse(int from, int to)
{
    struct stat st;
    off_t at = 0;

    if (fstat(from, &st) < 0 || ftruncate(to, st.st_size) < 0)
        return -errno;
    while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
        off_t end = lseek(from, at, SEEK_HOLE);
        int r = end < 0 ? -errno : copy_range(from, to, at, end);

        if (r)
            return r;
        at = end;
    }
    return errno == ENXIO ? 0 : -errno;
}

/* A file without a name: whatever happens, it goes with its last user. */
static int new_image(const struct tmp_images *images, int template_fd)
{
    CLEANUP(close_fdp)
    int fd = openat(images->folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    struct statfs host;
    int r;

    if (fd < 0 || fstatfs(fd, &host) < 0)
        return -errno;
    if (host.f_bavail * (uint64_t)host.f_bsize < DISK_RESERVE_BYTES)
        return -ENOSPC;
    r = copy_sparse(template_fd, fd);
    return r ? r : steal_fd(&fd);
}

/* Loop devices */

static int open_loop(int number, char name[32])
{
    int fd;

    (void)snprintf(name, 32, LOOP_FOLDER "/%d", number);
    if (mknod(name, S_IFBLK | 0600, makedev(LOOP_MAJOR, (unsigned)number)) < 0 && errno != EEXIST)
        return -errno;
    fd = open(name, O_RDWR | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/*
 * Direct: what is written is in memory once, as pages of the ext4, which the box is charged for and
 * which can be written back; a second copy as pages of the image would be nobody's. The kernel
 * falls back by itself where the host's file system cannot.
 */
static int attach_loop(const struct tmp_images *images, int image_fd, char name[32])
{
    const struct loop_config config = {
        .fd = (uint32_t)image_fd,
        .block_size = BLOCK_BYTES,
        .info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO,
    };

    for (int i = 0; i < LOOP_TRIES; i++) {
        CLEANUP(close_fdp) int fd = -1;
        int number = ioctl(images->control_fd, LOOP_CTL_GET_FREE);

        if (number < 0)
            return -errno;
        fd = open_loop(number, name);
        if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) == 0)
            return steal_fd(&fd);
        if (errno != EBUSY && errno != ENXIO)
            return -errno;
    }
    return -EBUSY;
}

/* No barriers: a /tmp does not outlive the machine, and its fsync should not make the disk wait. */
static int mount_loop(const char *name)
{
    const char *const options[] = {"source", name, "noinit_itable", NULL, "nobarrier", NULL, NULL};

    return tree_new("ext4", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static int tidy(int mount_fd)
{
    CLEANUP(close_fdp) int fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || unlinkat(fd, "lost+found", AT_REMOVEDIR) < 0 || fchmod(fd, 01777) < 0)
        return -errno;
    return 0;
}

int tmp_image_mount(const struct tmp_images *images, int template_fd)
{
    CLEANUP(close_fdp) int image_fd = new_image(images, template_fd);
    CLEANUP(close_fdp) int loop_fd = -1;
    CLEANUP(close_fdp) int mount_fd = -1;
    char name[32];
    int r;

    if (image_fd < 0)
        return image_fd;
    loop_fd = attach_loop(images, image_fd, name);
    if (loop_fd < 0)
        return loop_fd;
    mount_fd = mount_loop(name);
    if (mount_fd < 0)
        return mount_fd;
    r = tidy(mount_fd);
    return r ? r : steal_fd(&mount_fd);
}

/* Start-up */

static int open_control(void)
{
    int fd;

    if ((mkdir(LOOP_FOLDER, 0700) < 0 || mkdir(TEMPLATE_FOLDER, 0700) < 0 ||
         mknod(LOOP_CONTROL, S_IFCHR | 0600, makedev(MISC_MAJOR, LOOP_CONTROL_MINOR)) < 0) &&
        errno != EEXIST)
        return -errno;
    fd = open(LOOP_CONTROL, O_RDWR | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int probe(const struct tmp_images *images)
{
    CLEANUP(close_fdp) int loop_fd = -1;
    CLEANUP(close_fdp) int image_fd = -1;
    CLEANUP(close_fdp) int ext4_fd = fsopen("ext4", FSOPEN_CLOEXEC);
    char name[32];
    int number = ioctl(images->control_fd, LOOP_CTL_GET_FREE);

    if (ext4_fd < 0 || number < 0)
        return -errno;
    loop_fd = open_loop(number, name);
    if (loop_fd < 0)
        return loop_fd; /* in a container devices may be made, and yet not opened */
    image_fd = openat(images->folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (image_fd < 0)
        return -errno;
    return access("/box/usr/sbin/mke2fs", X_OK) < 0 && access("/box/sbin/mke2fs", X_OK) < 0 ? -errno
                                                                                            : 0;
}

int tmp_images_open(struct tmp_images *images, int folder_fd)
{
    int r;

    *images = (struct tmp_images){.folder_fd = folder_fd, .control_fd = open_control()};
    if (images->control_fd < 0)
        return images->control_fd;
    r = probe(images);
    if (r)
        close_fdp(&images->control_fd);
    return r;
}

/* Ends */

/* Of linux/ext4.h from 5.11 on, and of ext4 itself since 4.11. */
#define EXT4_IOC_SHUTDOWN _IOR('X', 125, uint32_t)
enum { EXT4_SHUTDOWN_NO_FLUSH = 2 };

void tmp_image_discard(int pid)
{
    CLEANUP(close_fdp) int fd = -1;
    uint32_t how = EXT4_SHUTDOWN_NO_FLUSH;
    char path[40];
    struct stat st;

    (void)snprintf(path, sizeof(path), "/proc/%d/root/tmp", pid);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    /* A box's root and the mounts in it are ours: what is a loop device there, we attached. */
    if (fd >= 0 && fstat(fd, &st) == 0 && major(st.st_dev) == LOOP_MAJOR)
        (void)ioctl(fd, EXT4_IOC_SHUTDOWN, &how);
}
