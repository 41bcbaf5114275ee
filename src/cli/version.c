/* SPDX-License-Identifier: Apache-2.0 */

/* lambd version: what this program is. */

#include <stdio.h>

#include "cli/verb.h"

static const struct verb_option version_option_table[] = {
    {0},
};

static int version_run(void *options, int argc, char **argv)
{
    (void)options;
    (void)argc;
    (void)argv;
    printf("lambd %s\n", LAMBD_VERSION);
    return CLI_OK;
}

const struct verb verb_version = {
    .name = "version",
    .arguments = "",
    .summary = "Print the version",
    .options = version_option_table,
    .run = version_run,
};
