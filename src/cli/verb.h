/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The verbs of the lambd program and their options, as tables: one struct verb each, found by name,
 * its options parsed with getopt_long and its --help printed from the same table, so that the two
 * cannot differ.
 */

#include <stdbool.h>
#include <stddef.h>

struct verb;

/* Exit codes, for scripts. They are part of the interface: documented by "lambd --help". */
enum cli_exit {
    CLI_OK = 0,
    CLI_REFUSED = 1,     /* the daemon answered with an error, or the work could not be done */
    CLI_USAGE = 2,       /* unknown verb or option, bad value, unusable input file */
    CLI_FUNCTION = 3,    /* invoke: the function itself failed (the payload says how) */
    CLI_UNREACHABLE = 4, /* no daemon answers at the endpoint */
};

struct verb_option {
    const char *name;       /* long name, without dashes; NULL ends the table */
    const char *value_name; /* NULL: the option takes no value */
    const char *help;
    bool (*take)(void *options, const char *value); /* false: it has said what is wrong */
};

struct verb {
    const char *name;
    const char *arguments; /* "DIR --name N", for the usage line */
    const char *summary;   /* one line */
    const char *details;   /* further text of --help, or NULL */
    const struct verb_option
        *options;      /* ends with a NULL name; NULL: argv goes to run() unparsed */
    bool calls_daemon; /* takes the common options as well */
    int arguments_min;
    int arguments_max;    /* -1: any number */
    size_t options_bytes; /* of the struct that take() fills and run() gets, zeroed at first */
    int (*run)(void *options, int argc,
               char **argv); /* argv: arguments only; returns an exit code */
};

/*
 * Parse argv (argv[0] is the verb's name) and run the verb. The options struct of a verb that calls
 * the daemon begins with a struct target.
 */
int verb_main(const struct verb *verb, int argc, char **argv);

/* One sentence to stderr after "lambd: ", with a full stop left to the caller. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A decimal number within bounds; complains with the option's name otherwise. */
bool cli_parse_number(const char *option, const char *value, long min, long max, long *ret_number);

extern const struct verb verb_serve;
extern const struct verb verb_doctor;
extern const struct verb verb_deploy;
extern const struct verb verb_invoke;
extern const struct verb verb_list;
extern const struct verb verb_rm;
extern const struct verb verb_version;
