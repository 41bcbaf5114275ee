/* SPDX-License-Identifier: Apache-2.0 */

/* lambd rm: delete functions, or one version. */

#include "cli/client.h"
#include "cli/target.h"
#include "cli/verb.h"

struct rm_options {
    struct target target; /* first: the common options */
    const char *qualifier;
};

static bool take_qualifier(void *options, const char *value)
{
    ((struct rm_options *)options)->qualifier = value;
    return true;
}

static const struct verb_option rm_option_table[] = {
    {"qualifier", "VERSION", "delete only this version", take_qualifier},
    {0},
};

static int remove_one(struct client *client, const char *name, const char *qualifier)
{
    char path[CLIENT_PATH_BYTES_MAX];
    struct client_call call = {.method = "DELETE", .path = path};

    if (!client_function_path(path, name, "") ||
        (qualifier && !client_add_query(path, "Qualifier", qualifier)))
        return CLI_USAGE;
    return client_request(client, &call, NULL);
}

static int rm_run(void *options, int argc, char **argv)
{
    CLEANUP(client_freep) struct client *client = NULL;
    struct rm_options *o = options;
    int code = CLI_OK;

    target_resolve(&o->target);
    client = client_new(&o->target);
    if (!client)
        return CLI_USAGE;
    for (int i = 0; i < argc; i++) {
        int one = remove_one(client, argv[i], o->qualifier);

        if (code == CLI_OK)
            code = one;
    }
    return code;
}

const struct verb verb_rm = {
    .name = "rm",
    .arguments = "NAME… [OPTIONS]",
    .summary = "Delete functions with all their versions",
    .details = "The exit code is that of the first name that could not be deleted.\n",
    .options = rm_option_table,
    .calls_daemon = true,
    .arguments_min = 1,
    .arguments_max = -1,
    .options_bytes = sizeof(struct rm_options),
    .run = rm_run,
};
