/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/extension_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* With this file a layer switches external extensions off, as on AWS. */
static const char marker[] = "/opt/disable-extensions-jwigqn8j";

static void insert(struct extension_files *files, const char *name)
{
    size_t at = files->count++;

    if (at >= JAIL_EXTENSIONS_MAX)
        return;
    while (at > 0 && strcmp(name, files->names[at - 1]) < 0) {
        memcpy(files->names[at], files->names[at - 1], JAIL_TEXT_BYTES);
        at--;
    }
    memcpy(files->names[at], name, strlen(name) + 1); /* take() has looked at its length */
}

static void take(struct extension_files *files, int folder_fd, const char *name)
{
    struct stat st;

    if (strlen(name) < JAIL_TEXT_BYTES && fstatat(folder_fd, name, &st, 0) == 0 &&
        S_ISREG(st.st_mode))
        insert(files, name);
}

enum jail_launch extension_files_list(struct extension_files *files)
{
    static union {
        struct dirent64 first;
        char bytes[4096];
    } entries;
    CLEANUP(close_fdp) int fd = -1;
    ssize_t n;

    files->count = 0;
    if (access(marker, F_OK) == 0)
        return JAIL_LAUNCH_DISABLED;
    fd = open(EXTENSIONS_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && (n = getdents64(fd, &entries, sizeof(entries))) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *entry = (const struct dirent64 *)(entries.bytes + at);

            take(files, fd, entry->d_name);
            at += entry->d_reclen;
        }
    }
    return files->count > JAIL_EXTENSIONS_MAX ? JAIL_LAUNCH_TOO_MANY : JAIL_LAUNCH_OK;
}
