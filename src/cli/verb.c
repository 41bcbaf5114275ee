/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verb.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/must.h"
#include "cli/target.h"

enum {
    OPTIONS_MAX = 32, /* of one verb, the common ones included */
    HELP_COLUMN = 26,
};

void cli_complain(const char *format, ...)
{
    va_list args;

    fputs("lambd: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

bool cli_parse_number(const char *option, const char *value, long min, long max, long *ret_number)
{
    char *end = NULL;
    long number;

    errno = 0;
    number = strtol(value, &end, 10);
    if (errno || end == value || *end || number < min || number > max) {
        cli_complain("--%s takes a number from %ld to %ld, not \"%s\"", option, min, max, value);
        return false;
    }
    *ret_number = number;
    return true;
}

/* The verb's own options, then the common ones, in one flat list. */
struct option_list {
    const struct verb_option *items[OPTIONS_MAX];
    size_t count;
};

static void option_list_add(struct option_list *list, const struct verb_option *options)
{
    for (; options->name; options++) {
        must(list->count < OPTIONS_MAX);
        list->items[list->count++] = options;
    }
}

static struct option_list option_list_of(const struct verb *verb)
{
    struct option_list list = {0};

    option_list_add(&list, verb->options);
    if (verb->calls_daemon)
        option_list_add(&list, target_options);
    return list;
}

static void print_option(const char *name, const char *value_name, const char *help)
{
    char left[64];

    snprintf(left, sizeof(left), "--%s%s%s", name, value_name ? " " : "",
             value_name ? value_name : "");
    printf("  %-*s", HELP_COLUMN, left);
    if (strlen(left) >= HELP_COLUMN)
        printf("\n  %-*s", HELP_COLUMN, "");
    for (; *help; help++) {
        putchar(*help);
        if (*help == '\n')
            printf("  %-*s", HELP_COLUMN, "");
    }
    putchar('\n');
}

static void print_help(const struct verb *verb, const struct option_list *list)
{
    printf("Usage: lambd %s%s%s\n\n%s.\n", verb->name, *verb->arguments ? " " : "", verb->arguments,
           verb->summary);
    if (verb->details)
        printf("\n%s", verb->details);
    printf("\nOptions:\n");
    for (size_t i = 0; i < list->count; i++)
        print_option(list->items[i]->name, list->items[i]->value_name, list->items[i]->help);
    print_option("help", NULL, "this text");
}

static void build_getopt_table(const struct option_list *list, struct option *table)
{
    for (size_t i = 0; i < list->count; i++)
        table[i] = (struct option){
            .name = list->items[i]->name,
            .has_arg = list->items[i]->value_name ? required_argument : no_argument,
            .val = (int)i + 1,
        };
    table[list->count] = (struct option){.name = "help", .has_arg = no_argument, .val = 'h' << 8};
    table[list->count + 1] = (struct option){0};
}

static void complain_option(const struct verb *verb, char **argv, int code)
{
    const char *word = argv[optind - 1];

    if (code == ':')
        cli_complain("%s needs a value; see \"lambd %s --help\"", word, verb->name);
    else
        cli_complain("%s has no option %s; see \"lambd %s --help\"", verb->name, word, verb->name);
}

/* Parsing went well (-1), or the exit code to end with. */
static int parse_options(const struct verb *verb, const struct option_list *list, void *options,
                         int argc, char **argv)
{
    struct option table[OPTIONS_MAX + 2];
    int code;

    build_getopt_table(list, table);
    opterr = 0;
    optind = 1;
    while ((code = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
        if (code == 'h' || code == 'h' << 8) {
            print_help(verb, list);
            return CLI_OK;
        }
        if (code == '?' || code == ':') {
            complain_option(verb, argv, code);
            return CLI_USAGE;
        }
        if (!list->items[code - 1]->take(options, optarg))
            return CLI_USAGE;
    }
    return -1;
}

int verb_main(const struct verb *verb, int argc, char **argv)
{
    CLEANUP(freep) void *options = NULL;
    struct option_list list;
    int code, count;

    if (!verb->options)
        return verb->run(NULL, argc, argv);
    options = calloc(1, verb->options_bytes + 1);
    if (!options) {
        cli_complain("out of memory");
        return CLI_REFUSED;
    }
    list = option_list_of(verb);
    code = parse_options(verb, &list, options, argc, argv);
    if (code >= 0)
        return code;
    count = argc - optind;
    if (count < verb->arguments_min || (verb->arguments_max >= 0 && count > verb->arguments_max)) {
        cli_complain("usage: lambd %s %s", verb->name, verb->arguments);
        return CLI_USAGE;
    }
    return verb->run(options, count, argv + optind);
}
