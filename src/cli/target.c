/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_endpoint(void *options, const char *value)
{
    struct target *target = options;

    if (strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0) {
        cli_complain("--endpoint takes a URL like http://127.0.0.1:4566, not \"%s\"", value);
        return false;
    }
    target->endpoint = value;
    return true;
}

static bool take_region(void *options, const char *value)
{
    struct target *target = options;

    target->region = value;
    return true;
}

const struct verb_option target_options[] = {
    {"endpoint", "URL",
     "the daemon's address (default: AWS_ENDPOINT_URL_LAMBDA,\n"
     "AWS_ENDPOINT_URL, or http://127.0.0.1:4566)",
     take_endpoint},
    {"region", "NAME",
     "the region to act in (default: AWS_REGION,\n"
     "AWS_DEFAULT_REGION, or us-east-1)",
     take_region},
    {0},
};

/* The value of the first variable that is set and not empty, else fallback. */
static const char *from_env(const char *name, const char *other_name, const char *fallback)
{
    const char *value = getenv(name);

    if (value && *value)
        return value;
    value = other_name ? getenv(other_name) : NULL;
    return value && *value ? value : fallback;
}

void target_resolve(struct target *target)
{
    if (!target->endpoint)
        target->endpoint =
            from_env("AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL", "http://127.0.0.1:4566");
    if (!target->region)
        target->region = from_env("AWS_REGION", "AWS_DEFAULT_REGION", "us-east-1");
    target->access_key = from_env("AWS_ACCESS_KEY_ID", NULL, "test");
    target->secret_key = from_env("AWS_SECRET_ACCESS_KEY", NULL, "test");
    target->session_token = from_env("AWS_SESSION_TOKEN", NULL, NULL);
}

bool target_host(const struct target *target, char *buffer, unsigned size)
{
    const char *host = strstr(target->endpoint, "://");
    size_t len;

    if (!host)
        return false;
    host += 3;
    len = strcspn(host, "/");
    if (len == 0 || len >= size)
        return false;
    memcpy(buffer, host, len);
    buffer[len] = '\0';
    return true;
}
