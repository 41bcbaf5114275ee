/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/endpoint.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "sandbox/jail_launch.h"

enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_BOOL, OPTION_ENDPOINT };

struct option_def {
    const char *name;
    const char *value; /* its name in --help */
    const char *preset;
    const char *help;
    enum option_kind kind;
    size_t offset; /* in struct server_options */
    uint64_t min;
    uint64_t max;
};

#define AT(member) offsetof(struct server_options, member)

static const struct option_def defs[] = {
    {"listen", "HOST:PORT", "127.0.0.1:4566",
     "where clients connect; several with commas; port 0 picks a free one", OPTION_TEXT, AT(listen),
     0, 0},
    {"state-dir", "DIR", "",
     "what must survive: functions, code, logs (default: /var/lib/lambd as root, else\n"
     "$XDG_STATE_HOME/lambd or ~/.local/state/lambd)",
     OPTION_TEXT, AT(state_dir), 0, 0},
    {"config", "FILE", "", "an ini file with any of these options", OPTION_TEXT, AT(config), 0, 0},
    {"region", "NAME", "us-east-1", "region of requests whose credentials name none", OPTION_TEXT,
     AT(region), 0, 0},
    {"account", "ID", "000000000000", "account of requests whose access key id is not 12 digits",
     OPTION_TEXT, AT(account), 0, 0},
    {"cpu", "weight|strict", "weight",
     "weight: functions share the processors in proportion to their memory;\n"
     "strict: AWS's quota, 1769 MB = one processor",
     OPTION_TEXT, AT(cpu), 0, 0},
    {"network", "auto|nat|none", "auto",
     "what functions reach: with nat what this host reaches, but not the host itself nor each\n"
     "other; with none nothing; with auto it is nat where the host can have it",
     OPTION_TEXT, AT(network), 0, 0},
    {"network-range", "RANGE", "",
     "addresses for nat, like 10.232.0.0/16, at least twice as many as sandboxes\n"
     "(default: the first of a few such ranges that no route of this host leads into)",
     OPTION_TEXT, AT(network_range), 0, 0},
    {"user", "UID", "1899999998", "numeric id the daemon runs as when it is started as root",
     OPTION_NUMBER, AT(user), 1, 4294967293},
    {"uid-base", "UID", "0",
     "sandboxes run as the ids from this one on (as root only); 0: from one between 1900000000 and "
     "2047000000 that follows from the state directory, so that daemons share none",
     OPTION_NUMBER, AT(uid_base), 0, 4294900000},
    {"boxes-prepared", "N", "4", "empty sandboxes kept ready for the next cold starts",
     OPTION_NUMBER, AT(boxes_prepared), 0, 1000},
    {"stem-cells", "N", "2",
     "sandboxes kept ready with their runtime up, for each runtime and memory size in use",
     OPTION_NUMBER, AT(stem_cells), 0, 100},
    {"environments-max", "N", "10000", "sandboxes at a time, at most", OPTION_NUMBER,
     AT(environments_max), 1, 10000},
    {"concurrency-limit", "N", "1000", "invocations in flight for each account and region",
     OPTION_NUMBER, AT(concurrency_limit), 1, 1000000},
    {"scale-up-per-10s", "N", "1000",
     "environments by which each function may grow in 10 seconds; beyond it invocations\n"
     "are throttled; 0: no bound",
     OPTION_NUMBER, AT(scale_up_per_10s), 0, 1000000},
    {"memory-mb", "MB", "0",
     "memory for functions; beyond it idle environments go, then invocations wait, then they\n"
     "are throttled; 0: 80 % of what is available when the daemon starts",
     OPTION_NUMBER, AT(memory_mb), 0, 1073741824},
    {"room-wait-ms", "MS", "30000",
     "an invocation for which there is no memory or no sandbox waits so long, at most",
     OPTION_NUMBER, AT(room_wait_ms), 0, 900000},
    {"idle-freeze-ms", "MS", "10", "an environment idle for so long is frozen", OPTION_NUMBER,
     AT(idle_freeze_ms), 0, 86400000},
    {"idle-stop-s", "S", "600", "a frozen environment is stopped after so long", OPTION_NUMBER,
     AT(idle_stop_s), 1, 86400},
    {"init-limit-ms", "MS", "10000",
     "an init that takes longer is ended, and repeated by the first invocation", OPTION_NUMBER,
     AT(init_limit_ms), 1, 86400000},
    {"stream-rate-kb", "KB", "2048",
     "a streamed response gets so much a second after its first 6 MB; 0: as fast as it comes",
     OPTION_NUMBER, AT(stream_rate_kb), 0, 1048576},
    {"drain-s", "S", "900", "SIGTERM waits so long for running invocations", OPTION_NUMBER,
     AT(drain_s), 0, 86400},
    {"endpoint-url", "yes|no", "yes",
     "give functions AWS_ENDPOINT_URL, so that their SDK calls reach this daemon", OPTION_BOOL,
     AT(endpoint_url), 0, 0},
    {"endpoint-s3", "URL", "",
     "S3, or what stands in for it, from which code is fetched; in the configuration file \"s3\"\n"
     "in a section [endpoints] (default: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, else AWS's own\n"
     "when there are AWS credentials in the environment)",
     OPTION_ENDPOINT, AT(endpoint_s3), 0, 0},
    {"endpoint-sqs", "URL", "",
     "likewise SQS: the queues of event source mappings, destinations, dead letters",
     OPTION_ENDPOINT, AT(endpoint_sqs), 0, 0},
    {"endpoint-kinesis", "URL", "", "likewise Kinesis", OPTION_ENDPOINT, AT(endpoint_kinesis), 0,
     0},
    {"endpoint-dynamodb-streams", "URL", "", "likewise DynamoDB Streams", OPTION_ENDPOINT,
     AT(endpoint_dynamodb_streams), 0, 0},
    {"endpoint-sns", "URL", "", "likewise SNS, for destinations and dead letters", OPTION_ENDPOINT,
     AT(endpoint_sns), 0, 0},
    {"endpoint-eventbridge", "URL", "", "likewise EventBridge, for destinations", OPTION_ENDPOINT,
     AT(endpoint_eventbridge), 0, 0},
    {"endpoint-ec2", "URL", "", "likewise EC2, which is asked for subnets and security groups",
     OPTION_ENDPOINT, AT(endpoint_ec2), 0, 0},
    {"xray-daemon", "HOST:PORT", "",
     "an X-Ray daemon, which gets the segments of traced functions over UDP", OPTION_TEXT,
     AT(xray_daemon), 0, 0},
    {"async-queue-mb", "MB", "10240",
     "so much may wait in the queue of asynchronous events; beyond it Invoke answers 429",
     OPTION_NUMBER, AT(async_queue_mb), 1, 10485760},
    {"async-delay-permille", "N", "1000",
     "retry delays and event ages in thousandths of AWS's (for tests and development)",
     OPTION_NUMBER, AT(async_delay_permille), 1, 1000},
    {"settle-ms", "MS", "0",
     "functions stay Pending, and updates InProgress, for at least so long (for tests of tools)",
     OPTION_NUMBER, AT(settle_ms), 0, 600000},
};

enum { DEFS_COUNT = sizeof(defs) / sizeof(defs[0]) };

/* ---- values ---- */

static bool set_bool(bool *to, const char *value)
{
    if (strcmp(value, "yes") == 0 || strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
        *to = true;
    else if (strcmp(value, "no") == 0 || strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
        *to = false;
    else
        return false;
    return true;
}

static int set_number(const struct option_def *def, uint64_t *to, const char *value,
                      struct reason *why)
{
    uint64_t number;

    if (!str_to_u64(str_of(value), &number) || number < def->min || number > def->max) {
        reason_set(why, "%s must be a number from %llu to %llu, not '%s'", def->name,
                   (unsigned long long)def->min, (unsigned long long)def->max, value);
        return err_new(-EINVAL);
    }
    *to = number;
    return 0;
}

static int set_text(const struct option_def *def, char *to, const char *value, struct reason *why)
{
    if (str_to_cstr(str_of(value), to, OPTION_TEXT_BYTES))
        return 0;
    reason_set(why, "%s is too long", def->name);
    return err_new(-EINVAL);
}

static int set_endpoint(const struct option_def *def, char *to, const char *value,
                        struct reason *why)
{
    struct aws_endpoint endpoint;

    if (value[0] == '\0' || aws_endpoint_parse(str_of(value), &endpoint))
        return set_text(def, to, value, why);
    reason_set(why, "%s must be a URL like http://127.0.0.1:9000, not '%s'", def->name, value);
    return err_new(-EINVAL);
}

static int set(struct server_options *options, const struct option_def *def, const char *value,
               struct reason *why)
{
    void *to = (char *)options + def->offset;

    switch (def->kind) {
    case OPTION_TEXT:
        return set_text(def, to, value, why);
    case OPTION_ENDPOINT:
        return set_endpoint(def, to, value, why);
    case OPTION_NUMBER:
        return set_number(def, to, value, why);
    case OPTION_BOOL:
        if (!set_bool(to, value)) {
            reason_set(why, "%s must be yes or no, not '%s'", def->name, value);
            return err_new(-EINVAL);
        }
        return 0;
    }
    return err_new(-EINVAL);
}

static const struct option_def *find(const char *name)
{
    for (size_t i = 0; i < DEFS_COUNT; i++)
        if (strcmp(defs[i].name, name) == 0)
            return &defs[i];
    return NULL;
}

/* ---- sources ---- */

static int read_presets(struct server_options *options, struct reason *why)
{
    int r = 0;

    for (size_t i = 0; i < DEFS_COUNT && r == 0; i++)
        r = set(options, &defs[i], defs[i].preset, why);
    return r;
}

static void variable_name(const struct option_def *def, char *name, size_t size)
{
    (void)snprintf(name, size, "LAMBD_%s", def->name);
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

static int read_environment(struct server_options *options, struct reason *why)
{
    char name[64];
    const char *value;
    int r = 0;

    for (size_t i = 0; i < DEFS_COUNT && r == 0; i++) {
        variable_name(&defs[i], name, sizeof(name));
        value = getenv(name);
        if (value)
            r = set(options, &defs[i], value, why);
    }
    return r;
}

struct file_context {
    struct server_options *options;
    struct reason *why; /* of the first error */
    bool failed;
};

/* What a line of the file sets: "s3" in [endpoints] is endpoint-s3. */
static const struct option_def *find_line(const char *section, const char *name)
{
    char full_name[64];
    int len;

    if (strcmp(section, "endpoints") != 0)
        return find(name);
    len = snprintf(full_name, sizeof(full_name), "endpoint-%s", name);
    return len < (int)sizeof(full_name) && strcmp(name, "url") != 0 ? find(full_name) : NULL;
}

static int on_ini(void *user, const char *section, const char *name, const char *value)
{
    struct file_context *context = user;
    const struct option_def *def = find_line(section, name);

    if (context->failed)
        return 0;
    if (*section && strcmp(section, "lambd") != 0 && strcmp(section, "endpoints") != 0) {
        reason_set(context->why, "unknown section [%s]", section);
        context->failed = true;
    } else if (!def || strcmp(name, "config") == 0) {
        reason_set(context->why, "unknown key '%s'", name);
        context->failed = true;
    } else if (set(context->options, def, value, context->why) < 0) {
        context->failed = true;
    }
    return !context->failed;
}

static int read_file(struct server_options *options, const char *path, struct reason *why)
{
    struct reason detail = {0};
    struct file_context context = {options, &detail, false};
    int line = ini_parse(path, on_ini, &context);

    if (line == 0)
        return 0;
    if (line < 0)
        reason_set_errno(why, errno, "cannot read the configuration file %s", path);
    else
        reason_set(why, "%s, line %d: %s", path, line,
                   context.failed ? detail.text : "not of the form 'key = value'");
    return err_new(-EINVAL);
}

enum { OPT_HELP = DEFS_COUNT };

/* With options NULL only --config and --help are looked for. */
static int read_arguments(struct server_options *options, char *config, int argc, char **argv,
                          struct reason *why)
{
    struct option longs[DEFS_COUNT + 2] = {{0}};
    int r = 0;
    int c;

    for (size_t i = 0; i < DEFS_COUNT; i++)
        longs[i] = (struct option){defs[i].name, required_argument, NULL, (int)i + 256};
    longs[OPT_HELP] = (struct option){"help", no_argument, NULL, OPT_HELP + 256};
    optind = 0;
    opterr = 0;
    while (r == 0 && (c = getopt_long(argc, argv, "+:h", longs, NULL)) != -1) {
        if (c == 'h' || c == OPT_HELP + 256)
            return OPTIONS_HELP;
        if (c == '?' || c == ':') {
            reason_set(why, c == ':' ? "option '%s' needs a value" : "unknown option '%s'",
                       argv[optind - 1]);
            return err_new(-EINVAL);
        }
        if (options)
            r = set(options, &defs[c - 256], optarg, why);
        else if (strcmp(defs[c - 256].name, "config") == 0)
            (void)snprintf(config, OPTION_TEXT_BYTES, "%s", optarg);
    }
    if (r == 0 && optind < argc) {
        reason_set(why, "unexpected argument '%s'", argv[optind]);
        return err_new(-EINVAL);
    }
    return r;
}

/* ---- checks over several values ---- */

static int default_state_dir(struct server_options *options, struct reason *why)
{
    const char *base = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int len;

    if (options->state_dir[0])
        return 0;
    if (geteuid() == 0)
        len = snprintf(options->state_dir, OPTION_TEXT_BYTES, "/var/lib/lambd");
    else if (base && base[0] == '/')
        len = snprintf(options->state_dir, OPTION_TEXT_BYTES, "%s/lambd", base);
    else if (home && home[0] == '/')
        len = snprintf(options->state_dir, OPTION_TEXT_BYTES, "%s/.local/state/lambd", home);
    else
        len = -1;
    if (len < 0 || len >= OPTION_TEXT_BYTES) {
        reason_set(why, "no place for the state: give --state-dir");
        return err_new(-EINVAL);
    }
    return 0;
}

static bool is_digits(const char *text, size_t count)
{
    uint64_t number;

    return strlen(text) == count && str_to_u64(str_of(text), &number);
}

static bool is_network(const char *text)
{
    return strcmp(text, "auto") == 0 || strcmp(text, "nat") == 0 || strcmp(text, "none") == 0;
}

static bool is_range(const char *text)
{
    return !text[0] || jail_takes_network_range(text);
}

static int check(struct server_options *options, struct reason *why)
{
    int r = default_state_dir(options, why);

    if (r < 0)
        return err_pass(r);
    if (!is_digits(options->account, 12))
        reason_set(why, "account must be 12 digits, not '%s'", options->account);
    else if (strcmp(options->cpu, "weight") != 0 && strcmp(options->cpu, "strict") != 0)
        reason_set(why, "cpu must be weight or strict, not '%s'", options->cpu);
    else if (!is_network(options->network))
        reason_set(why, "network must be auto, nat or none, not '%s'", options->network);
    else if (!is_range(options->network_range))
        reason_set(why, "network-range must be like 10.232.0.0/16, not '%s'",
                   options->network_range);
    else if (!options->region[0] || strlen(options->region) > 32)
        reason_set(why, "region must be a name such as us-east-1");
    else
        return 0;
    return err_new(-EINVAL);
}

int server_options_read(struct server_options *ret_options, int argc, char **argv,
                        struct reason *why)
{
    struct server_options options = {0};
    char config[OPTION_TEXT_BYTES] = "";
    int r = read_presets(&options, why);

    if (r < 0)
        return err_pass(r);
    if (getenv("LAMBD_CONFIG"))
        (void)snprintf(config, sizeof(config), "%s", getenv("LAMBD_CONFIG"));
    r = read_arguments(NULL, config, argc, argv, why);
    if (r != OPTIONS_OK)
        return r;
    if (config[0])
        r = read_file(&options, config, why);
    if (r == 0)
        r = read_environment(&options, why);
    if (r == 0)
        r = read_arguments(&options, NULL, argc, argv, why);
    if (r == 0)
        r = check(&options, why);
    if (r < 0)
        return err_pass(r);
    *ret_options = options;
    return OPTIONS_OK;
}

static void print_help_of(const struct option_def *def)
{
    char head[64];
    struct str rest = str_of(def->help);
    struct str line;
    bool first = true;

    (void)snprintf(head, sizeof(head), "--%s %s", def->name, def->value);
    while (str_next(&rest, '\n', &line)) {
        (void)printf("  %-28s %.*s", first ? head : "", STR_FMT(line));
        if (!str_is_set(rest) && def->preset[0])
            (void)printf(" (default: %s)", def->preset);
        (void)printf("\n");
        first = false;
    }
}

void server_options_print_help(void)
{
    (void)printf(
        "Usage: lambd serve [OPTION VALUE]...\n\n"
        "Runs the daemon: AWS's Lambda API and the functions behind it. Prints \"Ready.\" once it\n"
        "accepts requests; SIGTERM lets running invocations finish and ends it.\n\n");
    for (size_t i = 0; i < DEFS_COUNT; i++)
        print_help_of(&defs[i]);
    (void)printf("  %-28s %s\n\n", "--help", "this text");
    (void)printf("Each option is also an environment variable (--state-dir is LAMBD_STATE_DIR) and "
                 "a line of the\n"
                 "configuration file (state-dir = ...). The command line wins over the "
                 "environment, which wins\n"
                 "over the file.\n");
}
