/* SPDX-License-Identifier: Apache-2.0 */

/*
 * lambd serve: become the daemon, a program of its own. It is looked for beside this program (a
 * build tree), then in the folder where "meson install" puts it.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/verb.h"

enum { PATH_BYTES = 4096 };

/* The folder of this program, without a final slash; false when it cannot be told. */
static bool own_folder(char folder[PATH_BYTES])
{
    ssize_t len = readlink("/proc/self/exe", folder, PATH_BYTES - 1);
    char *slash;

    if (len < 0)
        return false;
    folder[len] = '\0';
    slash = strrchr(folder, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

static bool find_server(char path[PATH_BYTES])
{
    static const char *const places[] = {"lambd-server", "src/server/lambd-server",
                                         "../libexec/lambd/lambd-server"};
    char folder[PATH_BYTES];

    if (own_folder(folder))
        for (size_t i = 0; i < array_count(places); i++) {
            int len = snprintf(path, PATH_BYTES, "%s/%s", folder, places[i]);

            if (len > 0 && len < PATH_BYTES && access(path, X_OK) == 0)
                return true;
        }
    (void)snprintf(path, PATH_BYTES, "%s/lambd-server", LAMBD_LIBEXECDIR);
    return access(path, X_OK) == 0;
}

static int serve_run(void *options, int argc, char **argv)
{
    char path[PATH_BYTES];
    char name[] = "lambd serve";

    (void)options;
    (void)argc;
    if (!find_server(path)) {
        cli_complain("the daemon lambd-server is neither beside this program nor in %s; "
                     "build or install it",
                     LAMBD_LIBEXECDIR);
        return CLI_USAGE;
    }
    argv[0] = name;
    (void)execv(path, argv);
    cli_complain("cannot start %s: %s", path, strerror(errno));
    return CLI_USAGE;
}

/* No option table: every option belongs to the daemon, --help included. */
const struct verb verb_serve = {
    .name = "serve",
    .arguments = "[OPTIONS]",
    .summary = "Run the daemon",
    .run = serve_run,
};
