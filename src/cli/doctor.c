/* SPDX-License-Identifier: Apache-2.0 */

/* lambd doctor: what this machine lets lambd do, one line each with the remedy. Needs no daemon. */

#include "sandbox/doctor.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/places.h"
#include "cli/verb.h"

struct doctor_options {
    bool json;
    const char *state_dir;
};

static bool take_json(void *options, const char *value)
{
    (void)value;
    ((struct doctor_options *)options)->json = true;
    return true;
}

static bool take_state_dir(void *options, const char *value)
{
    ((struct doctor_options *)options)->state_dir = value;
    return true;
}

static const struct verb_option doctor_option_table[] = {
    {"json", NULL, "print one JSON document", take_json},
    {"state-dir", "DIR", "look at this state directory, too", take_state_dir},
    {0},
};

static void print_lines(const struct doctor_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct doctor_check *check = &report->checks[i];

        printf("%-9s %s%s%s\n", doctor_state_name(check->state), check->text,
               *check->remedy ? "; " : "", check->remedy);
    }
}

static int print_json(const struct doctor_report *report)
{
    json_t *checks = json_array();
    json_t *document =
        json_pack("{s:s,s:o}", "state", doctor_state_name(doctor_worst(report)), "checks", checks);

    for (size_t i = 0; document && i < report->count; i++) {
        const struct doctor_check *check = &report->checks[i];

        (void)json_array_append_new(checks, json_pack("{s:s,s:s,s:s,s:s}", "id", check->id, "state",
                                                      doctor_state_name(check->state), "text",
                                                      check->text, "remedy", check->remedy));
    }
    if (!document || json_dumpf(document, stdout, JSON_INDENT(2)) < 0) {
        cli_complain("cannot print the report");
        json_decref(document);
        return CLI_REFUSED;
    }
    putchar('\n');
    json_decref(document);
    return CLI_OK;
}

/* NULL: nowhere. */
static const char *find_runtimes(char path[PLACES_PATH_BYTES])
{
    static const char *const places[] = {"runtimes", "../share/lambd/runtimes"};

    return places_find(path, places, array_count(places), LAMBD_DATADIR "/runtimes", X_OK) ? path
                                                                                           : NULL;
}

static int doctor_verb_run(void *options, int argc, char **argv)
{
    const struct doctor_options *o = options;
    CLEANUP(freep) struct doctor_report *report = calloc(1, sizeof(*report));
    char runtimes[PLACES_PATH_BYTES];
    int code = CLI_OK;

    (void)argc;
    (void)argv;
    if (!report) {
        cli_complain("out of memory");
        return CLI_REFUSED;
    }
    doctor_run(report, o->state_dir, find_runtimes(runtimes));
    if (o->json)
        code = print_json(report);
    else
        print_lines(report);
    return code == CLI_OK && doctor_worst(report) == DOCTOR_MISSING ? CLI_REFUSED : code;
}

const struct verb verb_doctor = {
    .name = "doctor",
    .arguments = "[OPTIONS]",
    .summary = "Check what this machine lets lambd do",
    .details =
        "One line for each prerequisite, with the remedy where something is missing: \"ok\", "
        "\"info\",\n"
        "\"degraded\" (lambd works, something is not enforced) or \"missing\" (functions, or those "
        "of\n"
        "a runtime, cannot run; the exit code is 1 then). Checks what the calling user can do.\n",
    .options = doctor_option_table,
    .options_bytes = sizeof(struct doctor_options),
    .run = doctor_verb_run,
};
