/* SPDX-License-Identifier: Apache-2.0 */

/* lambd invoke: run a function once; its answer goes to stdout unchanged, the log to stderr. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/str.h"
#include "cli/client.h"
#include "cli/request_body.h"
#include "cli/target.h"
#include "cli/verb.h"

struct invoke_options {
    struct target target; /* first: the common options */
    const char *payload;
    const char *qualifier;
    bool tail;
    bool dry_run;
    bool time;
};

static bool take_payload(void *options, const char *value)
{
    ((struct invoke_options *)options)->payload = value;
    return true;
}

static bool take_qualifier(void *options, const char *value)
{
    ((struct invoke_options *)options)->qualifier = value;
    return true;
}

static bool take_tail(void *options, const char *value)
{
    (void)value;
    ((struct invoke_options *)options)->tail = true;
    return true;
}

static bool take_dry_run(void *options, const char *value)
{
    (void)value;
    ((struct invoke_options *)options)->dry_run = true;
    return true;
}

static bool take_time(void *options, const char *value)
{
    (void)value;
    ((struct invoke_options *)options)->time = true;
    return true;
}

static const struct verb_option invoke_option_table[] = {
    {"payload", "JSON|@FILE|-",
     "the event: JSON text, a file's content, or standard input\n"
     "(default: {})",
     take_payload},
    {"tail", NULL, "print the log of this invocation on stderr", take_tail},
    {"time", NULL, "print how long the call took on stderr", take_time},
    {"qualifier", "VERSION", "a version instead of $LATEST", take_qualifier},
    {"dry-run", NULL, "check that the invocation is allowed, run nothing", take_dry_run},
    {0},
};

/* Append the whole file; complains on failure. One byte more than allowed is read, so that the
 * daemon refuses. */
static bool read_all(int fd, const char *name, struct buf *payload)
{
    char bytes[64 * 1024];
    ssize_t n = 0;

    while (payload->len <= LIMIT_PAYLOAD_SYNC_BYTES && (n = read(fd, bytes, sizeof(bytes))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || buf_append(payload, bytes, (size_t)n) < 0) {
            cli_complain("cannot read %s: %s", name, strerror(n < 0 ? errno : ENOMEM));
            return false;
        }
    }
    return true;
}

static bool load_payload(const char *argument, struct buf *payload)
{
    CLEANUP(close_fdp) int fd = -1;

    if (!argument)
        return true;
    if (strcmp(argument, "-") == 0)
        return read_all(STDIN_FILENO, "standard input", payload);
    if (argument[0] != '@')
        return buf_append_str(payload, str_of(argument)) == 0;
    fd = open(argument + 1, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        cli_complain("cannot open %s: %s", argument + 1, strerror(errno));
        return false;
    }
    return read_all(fd, argument + 1, payload);
}

/* The log tail to stderr. */
static void print_tail(const struct client_answer *answer)
{
    char log[LIMIT_LOG_TAIL_BYTES + 8];
    size_t len = 0;

    if (answer->log_result.len > BASE64_TEXT_BYTES((size_t)LIMIT_LOG_TAIL_BYTES))
        return;
    if (base64_decode(log, &len, answer->log_result.ptr, answer->log_result.len))
        (void)fwrite(log, 1, len, stderr);
}

static int print_answer(const struct client_answer *answer)
{
    if (answer->status < 200 || answer->status > 299) {
        client_complain(answer);
        return CLI_REFUSED;
    }
    if (answer->body.len) {
        (void)fwrite(answer->body.ptr, 1, answer->body.len, stdout);
        if (isatty(STDOUT_FILENO))
            putchar('\n');
    }
    if (fflush(stdout) != 0) {
        cli_complain("cannot write the answer: %s", strerror(errno));
        return CLI_REFUSED;
    }
    if (answer->log_result.len)
        print_tail(answer);
    return answer->function_error.len ? CLI_FUNCTION : CLI_OK;
}

static void set_headers(const struct invoke_options *o, struct client_call *call)
{
    size_t count = 0;

    if (o->tail)
        call->headers[count++] = "X-Amz-Log-Type: Tail";
    if (o->dry_run)
        call->headers[count] = "X-Amz-Invocation-Type: DryRun";
}

static int invoke(const struct invoke_options *o, const char *path, struct str payload)
{
    CLEANUP(client_freep) struct client *client = client_new(&o->target);
    CLEANUP(client_answer_deinit) struct client_answer answer = {0};
    CLEANUP(freep) struct request_body *body = malloc(sizeof(*body));
    struct client_call call = {.method = "POST", .path = path, .body = body};
    int code;

    if (!client)
        return CLI_USAGE;
    if (!body) {
        cli_complain("out of memory");
        return CLI_REFUSED;
    }
    request_body_init(body, payload);
    set_headers(o, &call);
    code = client_send(client, &call, &answer);
    if (code == CLI_OK)
        code = print_answer(&answer);
    if (o->time && answer.status)
        fprintf(stderr, "took %llu.%llu ms\n", (unsigned long long)(answer.took_us / 1000),
                (unsigned long long)(answer.took_us % 1000 / 100));
    return code;
}

static int invoke_run(void *options, int argc, char **argv)
{
    CLEANUP(buf_deinit) struct buf payload = {0};
    struct invoke_options *o = options;
    char path[CLIENT_PATH_BYTES_MAX];

    (void)argc;
    target_resolve(&o->target);
    if (!client_function_path(path, argv[0], "/invocations") ||
        (o->qualifier && !client_add_query(path, "Qualifier", o->qualifier)) ||
        !load_payload(o->payload, &payload))
        return CLI_USAGE;
    return invoke(o, path, buf_str(&payload));
}

const struct verb verb_invoke = {
    .name = "invoke",
    .arguments = "NAME [OPTIONS]",
    .summary = "Run a function and print its answer",
    .details =
        "NAME is a function's name or ARN. The answer goes to stdout exactly as the function\n"
        "gave it. When the function fails, its error document is printed and the exit code is 3.\n",
    .options = invoke_option_table,
    .calls_daemon = true,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct invoke_options),
    .run = invoke_run,
};
