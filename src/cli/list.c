/* SPDX-License-Identifier: Apache-2.0 */

/* lambd list: all functions of the region, as a table or as JSON. */

#include <jansson.h>
#include <stdio.h>

#include "cli/client.h"
#include "cli/target.h"
#include "cli/verb.h"

struct list_options {
    struct target target; /* first: the common options */
    bool json;
};

static bool take_json(void *options, const char *value)
{
    (void)value;
    ((struct list_options *)options)->json = true;
    return true;
}

static const struct verb_option list_option_table[] = {
    {"json", NULL, "print the configurations as one JSON array", take_json},
    {0},
};

/* Fetch one page and add its functions to all. *marker is replaced by the next page's, NULL at the
 * end. */
static int add_page(struct client *client, json_t *all, json_t **marker)
{
    char path[CLIENT_PATH_BYTES_MAX] = "/2015-03-31/functions/";
    struct client_call call = {.method = "GET", .path = path};
    json_t *page = NULL;
    int code;

    if (*marker && !client_add_query(path, "Marker", json_string_value(*marker)))
        return CLI_REFUSED;
    code = client_request(client, &call, &page);
    if (code != CLI_OK)
        return code;
    (void)json_array_extend(all, json_object_get(page, "Functions"));
    json_decref(*marker);
    *marker = json_incref(json_object_get(page, "NextMarker"));
    if (!json_is_string(*marker)) {
        json_decref(*marker);
        *marker = NULL;
    }
    json_decref(page);
    return CLI_OK;
}

static const char *text_of(const json_t *function, const char *key)
{
    const char *text = json_string_value(json_object_get(function, key));

    return text ? text : "-";
}

static void print_table(const json_t *functions)
{
    const json_t *function;
    size_t i;

    printf("%-32s %-16s %-24s %6s %7s  %s\n", "NAME", "RUNTIME", "HANDLER", "MEMORY", "TIMEOUT",
           "MODIFIED");
    json_array_foreach(functions, i, function)
        printf("%-32s %-16s %-24s %6lld %7lld  %s\n", text_of(function, "FunctionName"),
               text_of(function, "Runtime"), text_of(function, "Handler"),
               (long long)json_integer_value(json_object_get(function, "MemorySize")),
               (long long)json_integer_value(json_object_get(function, "Timeout")),
               text_of(function, "LastModified"));
}

static int list_all(struct client *client, json_t *all)
{
    json_t *marker = NULL;
    int code;

    do
        code = add_page(client, all, &marker);
    while (code == CLI_OK && marker);
    json_decref(marker);
    return code;
}

static int list_run(void *options, int argc, char **argv)
{
    CLEANUP(client_freep) struct client *client = NULL;
    struct list_options *o = options;
    json_t *all;
    int code;

    (void)argc;
    (void)argv;
    target_resolve(&o->target);
    client = client_new(&o->target);
    if (!client)
        return CLI_USAGE;
    all = json_array();
    code = list_all(client, all);
    if (code == CLI_OK && o->json) {
        (void)json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    } else if (code == CLI_OK) {
        print_table(all);
    }
    json_decref(all);
    return code;
}

const struct verb verb_list = {
    .name = "list",
    .arguments = "[OPTIONS]",
    .summary = "List the functions",
    .options = list_option_table,
    .calls_daemon = true,
    .options_bytes = sizeof(struct list_options),
    .run = list_run,
};
