/* SPDX-License-Identifier: Apache-2.0 */

/*
 * lambd serve: become the daemon, a program of its own. It is looked for beside this program (a
 * build tree), then in the folder where "meson install" puts it.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/places.h"
#include "cli/verb.h"

static bool find_server(char path[PLACES_PATH_BYTES])
{
    static const char *const places[] = {"lambd-server", "src/server/lambd-server",
                                         "../libexec/lambd/lambd-server"};

    return places_find(path, places, array_count(places), LAMBD_LIBEXECDIR "/lambd-server", X_OK);
}

static int serve_run(void *options, int argc, char **argv)
{
    char path[PLACES_PATH_BYTES];
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
