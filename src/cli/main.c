/* SPDX-License-Identifier: Apache-2.0 */

/*
 * lambd: the command line. Finds the verb and hands over; each verb lives in a file of its own
 * name. "lambd serve" becomes the daemon (a separate program); the others talk to it over HTTP.
 */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/verb.h"

static const struct verb *const verbs[] = {
    &verb_serve, &verb_doctor, &verb_deploy, &verb_invoke, &verb_list, &verb_rm, &verb_version,
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < array_count(verbs); i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

static void print_usage(FILE *to)
{
    fputs("Usage: lambd VERB [ARGUMENTS]\n\n"
          "Run AWS Lambda functions on this machine.\n\nVerbs:\n",
          to);
    for (size_t i = 0; i < array_count(verbs); i++)
        fprintf(to, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
    fputs("\n\"lambd VERB --help\" tells the rest.\n\n"
          "Environment:\n"
          "  AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL   where the daemon is, unless --endpoint "
          "says so\n"
          "                                              (default http://127.0.0.1:4566)\n"
          "  AWS_REGION, AWS_DEFAULT_REGION              the region, unless --region says so "
          "(us-east-1)\n"
          "  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN\n"
          "                                              credentials (default test, test)\n"
          "\nExit codes:\n"
          "  0  done\n"
          "  1  refused: the daemon answered with an error, or the work could not be done\n"
          "  2  bad usage: unknown verb or option, bad value, unusable input\n"
          "  3  invoke: the function itself failed; its error document is on stdout\n"
          "  4  no daemon answers at the endpoint\n",
          to);
}

int main(int argc, char **argv)
{
    const struct verb *verb;

    if (argc < 2) {
        print_usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return CLI_OK;
    }
    verb = strcmp(argv[1], "--version") == 0 ? &verb_version : find_verb(argv[1]);
    if (!verb) {
        cli_complain("there is no verb \"%s\"; see \"lambd --help\"", argv[1]);
        return CLI_USAGE;
    }
    return verb_main(verb, argc - 1, argv + 1);
}
