/* SPDX-License-Identifier: Apache-2.0 */

/*
 * lambd deploy: create a function from a folder, or bring an existing one up to date, and wait
 * until it can be invoked. An update changes only what the options name.
 */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/str.h"
#include "cli/client.h"
#include "cli/package.h"
#include "cli/request_body.h"
#include "cli/target.h"
#include "cli/verb.h"

enum {
    WAIT_SECONDS = 120, /* until Active or Successful */
    POLL_MS = 50,
    HTTP_NOT_FOUND = 404,
};

struct deploy_options {
    struct target target; /* first: the common options */
    const char *name;
    const char *runtime;
    const char *handler;
    const char *role;
    const char *description;
    const char *architecture;
    long memory_mb;
    long timeout_s;
    long ephemeral_mb;
    json_t *environment; /* owned by deploy_run(); NULL: not given */
    bool publish;
    bool progress;
};

static bool take_name(void *options, const char *value)
{
    ((struct deploy_options *)options)->name = value;
    return true;
}

static bool take_runtime(void *options, const char *value)
{
    ((struct deploy_options *)options)->runtime = value;
    return true;
}

static bool take_handler(void *options, const char *value)
{
    ((struct deploy_options *)options)->handler = value;
    return true;
}

static bool take_role(void *options, const char *value)
{
    ((struct deploy_options *)options)->role = value;
    return true;
}

static bool take_description(void *options, const char *value)
{
    ((struct deploy_options *)options)->description = value;
    return true;
}

static bool take_architecture(void *options, const char *value)
{
    ((struct deploy_options *)options)->architecture = value;
    return true;
}

static bool take_memory(void *options, const char *value)
{
    struct deploy_options *o = options;

    return cli_parse_number("memory", value, 128, 10240, &o->memory_mb);
}

static bool take_timeout(void *options, const char *value)
{
    struct deploy_options *o = options;

    return cli_parse_number("timeout", value, 1, 900, &o->timeout_s);
}

static bool take_ephemeral(void *options, const char *value)
{
    struct deploy_options *o = options;

    return cli_parse_number("ephemeral-storage", value, 512, 10240, &o->ephemeral_mb);
}

static bool take_env(void *options, const char *value)
{
    struct deploy_options *o = options;
    const char *mark = strchr(value, '=');
    CLEANUP(freep) char *key = NULL;

    if (!mark || mark == value) {
        cli_complain("--env takes NAME=VALUE, not \"%s\"", value);
        return false;
    }
    key = strndup(value, (size_t)(mark - value));
    if (!o->environment)
        o->environment = json_object();
    if (!key || json_object_set_new(o->environment, key, json_string(mark + 1)) < 0) {
        cli_complain("--env takes UTF-8 text only");
        return false;
    }
    return true;
}

static bool take_publish(void *options, const char *value)
{
    (void)value;
    ((struct deploy_options *)options)->publish = true;
    return true;
}

static bool take_progress(void *options, const char *value)
{
    (void)value;
    ((struct deploy_options *)options)->progress = true;
    return true;
}

static const struct verb_option deploy_option_table[] = {
    {"name", "NAME", "the function's name (needed)", take_name},
    {"runtime", "ID", "python3.12, nodejs22.x, provided.al2023, …\n(needed for a new function)",
     take_runtime},
    {"handler", "HANDLER", "what to call, such as app.handler\n(needed for a new function)",
     take_handler},
    {"env", "NAME=VALUE",
     "an environment variable; may be repeated. The ones\n"
     "given replace all that the function had",
     take_env},
    {"memory", "MB", "memory limit, 128 to 10240", take_memory},
    {"timeout", "SECONDS", "time limit of one invocation, 1 to 900", take_timeout},
    {"ephemeral-storage", "MB", "size of /tmp, 512 to 10240", take_ephemeral},
    {"role", "ARN", "execution role (default: one that exists only by name)", take_role},
    {"description", "TEXT", "description", take_description},
    {"architecture", "NAME", "x86_64 or arm64", take_architecture},
    {"publish", NULL, "publish a version afterwards", take_publish},
    {"progress", NULL, "show upload progress even when stderr is no terminal", take_progress},
    {0},
};

/* JSON for the API */

static void set_text(json_t *object, const char *key, const char *value)
{
    if (value)
        (void)json_object_set_new(object, key, json_string(value));
}

static void set_number(json_t *object, const char *key, long value)
{
    if (value)
        (void)json_object_set_new(object, key, json_integer(value));
}

/* What CreateFunction and UpdateFunctionConfiguration have in common; NULL when out of memory. */
static json_t *configuration_of(const struct deploy_options *o)
{
    json_t *object = json_object();

    if (!object)
        return NULL;
    set_text(object, "Runtime", o->runtime);
    set_text(object, "Handler", o->handler);
    set_text(object, "Role", o->role);
    set_text(object, "Description", o->description);
    set_number(object, "MemorySize", o->memory_mb);
    set_number(object, "Timeout", o->timeout_s);
    if (o->ephemeral_mb)
        (void)json_object_set_new(object, "EphemeralStorage",
                                  json_pack("{s:i}", "Size", (int)o->ephemeral_mb));
    if (o->environment)
        (void)json_object_set_new(object, "Environment",
                                  json_pack("{s:O}", "Variables", o->environment));
    return object;
}

/*
 * The document with the package in it, in two texts: the base64 goes between them. The document's
 * last member is opened for it by hand: jansson would need the whole base64 in memory.
 */
struct code_document {
    struct buf head;
    struct buf tail;
};

static void code_document_deinit(struct code_document *document)
{
    buf_deinit(&document->head);
    buf_deinit(&document->tail);
}

/* members is consumed. before and after surround the base64 text. */
static int code_document_build(struct code_document *document, json_t *members, const char *before,
                               const char *after)
{
    char *text = members ? json_dumps(members, JSON_COMPACT) : NULL;
    size_t len = text ? strlen(text) : 0;

    json_decref(members);
    if (len >= 2) {
        (void)buf_append(&document->head, text, len - 1); /* without the closing brace */
        if (len > 2)
            (void)buf_append_char(&document->head, ',');
        (void)buf_append_str(&document->head, str_of(before));
        (void)buf_append_str(&document->tail, str_of(after));
    }
    free(text);
    return len < 2 || buf_failed(&document->head) || buf_failed(&document->tail) ? err_new(-ENOMEM)
                                                                                 : 0;
}

struct package {
    int fd;
    uint64_t bytes;
};

static int send_code(struct client *client, const struct deploy_options *o, const char *method,
                     const char *path, const struct code_document *document,
                     const struct package *package)
{
    CLEANUP(freep) struct request_body *body = malloc(sizeof(*body));
    struct client_call call = {.method = method, .path = path, .body = body};

    if (!body) {
        cli_complain("out of memory");
        return CLI_REFUSED;
    }
    request_body_init_file(body, buf_str(&document->head), package->fd, package->bytes,
                           buf_str(&document->tail));
    call.progress = o->progress || isatty(STDERR_FILENO);
    return client_request(client, &call, NULL);
}

static int out_of_memory(void)
{
    cli_complain("out of memory");
    return CLI_REFUSED;
}

/* Waiting */

static const char *member(const json_t *configuration, const char *key)
{
    const char *text = json_string_value(json_object_get(configuration, key));

    return text ? text : "";
}

enum { WAIT_GOES_ON = -1 };

/* CLI_OK when it is ready, CLI_REFUSED (and said) when it never will be, else WAIT_GOES_ON. */
static int judge_state(const char *name, const json_t *configuration)
{
    const char *state = member(configuration, "State");
    const char *update = member(configuration, "LastUpdateStatus");

    if (strcmp(state, "Failed") == 0) {
        cli_complain("%s could not be made ready: %s", name, member(configuration, "StateReason"));
        return CLI_REFUSED;
    }
    if (strcmp(update, "Failed") == 0) {
        cli_complain("%s could not be updated: %s", name,
                     member(configuration, "LastUpdateStatusReason"));
        return CLI_REFUSED;
    }
    return strcmp(state, "Active") == 0 && strcmp(update, "Successful") == 0 ? CLI_OK
                                                                             : WAIT_GOES_ON;
}

static int wait_until_ready(struct client *client, const char *name)
{
    char path[CLIENT_PATH_BYTES_MAX];
    struct client_call call = {.method = "GET", .path = path};
    struct timespec pause = {.tv_nsec = POLL_MS * 1000 * 1000};
    uint64_t end = clock_mono_ns() + WAIT_SECONDS * NS_PER_S;

    if (!client_function_path(path, name, "/configuration"))
        return CLI_USAGE;
    while (clock_mono_ns() < end) {
        json_t *configuration = NULL;
        int code = client_request(client, &call, &configuration);

        if (code == CLI_OK)
            code = judge_state(name, configuration);
        json_decref(configuration);
        if (code != WAIT_GOES_ON)
            return code;
        (void)nanosleep(&pause, NULL); /* the API has no call that waits */
    }
    cli_complain("%s is not ready after %d seconds", name, WAIT_SECONDS);
    return CLI_REFUSED;
}

/* Steps */

static int create(struct client *client, const struct deploy_options *o,
                  const struct package *package)
{
    CLEANUP(code_document_deinit) struct code_document document = {0};
    json_t *members;
    int code;

    if (!o->runtime || !o->handler) {
        cli_complain("%s does not exist yet: a new function needs --runtime and --handler",
                     o->name);
        return CLI_USAGE;
    }
    members = configuration_of(o);
    set_text(members, "FunctionName", o->name);
    if (!o->role)
        set_text(members, "Role", "arn:aws:iam::000000000000:role/lambda");
    if (o->architecture)
        (void)json_object_set_new(members, "Architectures", json_pack("[s]", o->architecture));
    if (code_document_build(&document, members, "\"Code\":{\"ZipFile\":\"", "\"}}") < 0)
        return out_of_memory();
    code = send_code(client, o, "POST", "/2015-03-31/functions", &document, package);
    return code != CLI_OK ? code : wait_until_ready(client, o->name);
}

static int update_code(struct client *client, const struct deploy_options *o,
                       const struct package *package)
{
    CLEANUP(code_document_deinit) struct code_document document = {0};
    char path[CLIENT_PATH_BYTES_MAX];
    json_t *members = json_object();
    int code;

    if (o->architecture)
        (void)json_object_set_new(members, "Architectures", json_pack("[s]", o->architecture));
    if (code_document_build(&document, members, "\"ZipFile\":\"", "\"}") < 0)
        return out_of_memory();
    if (!client_function_path(path, o->name, "/code"))
        return CLI_USAGE;
    code = send_code(client, o, "PUT", path, &document, package);
    return code != CLI_OK ? code : wait_until_ready(client, o->name);
}

/* Send a small document (consumed). */
static int send_document(struct client *client, const char *method, const char *path,
                         json_t *document, json_t **ret_answer)
{
    CLEANUP(freep) struct request_body *body = malloc(sizeof(*body));
    CLEANUP(freep) char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
    struct client_call call = {.method = method, .path = path, .body = body};

    json_decref(document);
    if (!body || !text)
        return out_of_memory();
    request_body_init(body, str_of(text));
    return client_request(client, &call, ret_answer);
}

static int update_configuration(struct client *client, const struct deploy_options *o)
{
    char path[CLIENT_PATH_BYTES_MAX];
    json_t *members = configuration_of(o);
    int code;

    if (members && json_object_size(members) == 0) {
        json_decref(members);
        return CLI_OK;
    }
    if (!client_function_path(path, o->name, "/configuration")) {
        json_decref(members);
        return CLI_USAGE;
    }
    code = send_document(client, "PUT", path, members, NULL);
    return code != CLI_OK ? code : wait_until_ready(client, o->name);
}

static int update(struct client *client, const struct deploy_options *o,
                  const struct package *package)
{
    int code = wait_until_ready(client, o->name); /* an earlier update may still be under way */

    if (code == CLI_OK)
        code = update_code(client, o, package);
    if (code == CLI_OK)
        code = update_configuration(client, o);
    return code;
}

/* Whether the function exists: CLI_OK and *ret_exists, or an exit code. */
static int look_up(struct client *client, const char *name, bool *ret_exists)
{
    CLEANUP(client_answer_deinit) struct client_answer answer = {0};
    char path[CLIENT_PATH_BYTES_MAX];
    struct client_call call = {.method = "GET", .path = path};
    int code;

    if (!client_function_path(path, name, "/configuration"))
        return CLI_USAGE;
    code = client_send(client, &call, &answer);
    if (code != CLI_OK)
        return code;
    if (answer.status != 200 && answer.status != HTTP_NOT_FOUND) {
        client_complain(&answer);
        return CLI_REFUSED;
    }
    *ret_exists = answer.status == 200;
    return CLI_OK;
}

static int print_result(struct client *client, const struct deploy_options *o)
{
    char path[CLIENT_PATH_BYTES_MAX];
    struct client_call call = {.method = "GET", .path = path};
    json_t *answer = NULL;
    int code;

    if (!client_function_path(path, o->name, o->publish ? "/versions" : "/configuration"))
        return CLI_USAGE;
    if (o->publish)
        code = send_document(client, "POST", path, json_object(), &answer);
    else
        code = client_request(client, &call, &answer);
    if (code == CLI_OK)
        printf("%s %s\n", member(answer, "FunctionArn"), member(answer, "Version"));
    json_decref(answer);
    return code;
}

static int deploy(struct client *client, const struct deploy_options *o,
                  const struct package *package)
{
    bool exists = false;
    int code = look_up(client, o->name, &exists);

    if (code == CLI_OK)
        code = exists ? update(client, o, package) : create(client, o, package);
    return code == CLI_OK ? print_result(client, o) : code;
}

static int open_package(const char *path, struct package *package)
{
    struct reason why = {0};

    if (package_open(path, &package->fd, &package->bytes, &why) < 0) {
        cli_complain("%s", why.text);
        return CLI_USAGE;
    }
    if (package->bytes > LIMIT_CODE_ZIPPED_BYTES) {
        cli_complain("the package of %s has %llu bytes; at most %d are allowed", path,
                     (unsigned long long)package->bytes, LIMIT_CODE_ZIPPED_BYTES);
        return CLI_USAGE;
    }
    return CLI_OK;
}

static int deploy_with(struct deploy_options *o, const char *path)
{
    CLEANUP(client_freep) struct client *client = NULL;
    struct package package = {.fd = -1};
    int code;

    if (!o->name) {
        cli_complain("deploy needs --name; see \"lambd deploy --help\"");
        return CLI_USAGE;
    }
    target_resolve(&o->target);
    client = client_new(&o->target);
    if (!client)
        return CLI_USAGE;
    code = open_package(path, &package);
    if (code == CLI_OK)
        code = deploy(client, o, &package);
    close_fdp(&package.fd);
    return code;
}

static int deploy_run(void *options, int argc, char **argv)
{
    struct deploy_options *o = options;
    int code;

    (void)argc;
    code = deploy_with(o, argv[0]);
    json_decref(o->environment);
    return code;
}

const struct verb verb_deploy = {
    .name = "deploy",
    .arguments = "DIR --name NAME [OPTIONS]",
    .summary = "Create or update a function from a folder",
    .details =
        "DIR is the folder with the function's code (or a zip file). Everything in it is packed,\n"
        "hidden files too; executable files stay executable. A function of that name that exists\n"
        "gets the new code, and of its settings those that options name. Waits until the function\n"
        "can be invoked, then prints its ARN and version.\n",
    .options = deploy_option_table,
    .calls_daemon = true,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct deploy_options),
    .run = deploy_run,
};
