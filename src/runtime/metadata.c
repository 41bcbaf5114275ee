/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/metadata.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "http/server.h"

static const struct str path = STR_INIT("/2026-01-15/metadata/execution-environment");

/* Directions are written with one letter, or with two: "northeast" is "ne". */
static const struct {
    struct str name;
    const char *code;
} directions[] = {
    {STR_INIT("northeast"), "ne"}, {STR_INIT("northwest"), "nw"}, {STR_INIT("southeast"), "se"},
    {STR_INIT("southwest"), "sw"}, {STR_INIT("north"), "n"},      {STR_INIT("south"), "s"},
    {STR_INIT("east"), "e"},       {STR_INIT("west"), "w"},       {STR_INIT("central"), "c"},
    {STR_INIT("gov"), "g"},
};

static struct str code_of(struct str part)
{
    for (size_t i = 0; i < array_count(directions); i++)
        if (str_eq(part, directions[i].name))
            return str_of(directions[i].code);
    return part;
}

char *metadata_zone(struct str region, char zone[METADATA_ZONE_BYTES])
{
    size_t len = 0;
    struct str part;

    zone[0] = '\0';
    while (str_next(&region, '-', &part) && len < METADATA_ZONE_BYTES) {
        part = code_of(part);
        len += (size_t)snprintf(zone + len, METADATA_ZONE_BYTES - len, "%.*s", STR_FMT(part));
    }
    if (len < METADATA_ZONE_BYTES)
        (void)snprintf(zone + len, METADATA_ZONE_BYTES - len, "-az1");
    return zone;
}

static bool is_authorised(const struct metadata *metadata, const struct http_request *req)
{
    struct str given = http_request_header(req, STR("Authorization"));
    struct str bearer = STR("Bearer ");

    return str_starts_with(given, bearer) &&
           str_eq(str_sub(given, bearer.len, given.len), metadata->token);
}

bool metadata_request(const struct metadata *metadata, struct http_request *req)
{
    static const struct http_header headers[] = {
        {STR_INIT("Content-Type"), STR_INIT("application/json")},
        {STR_INIT("Cache-Control"), STR_INIT("private, max-age=43200, immutable")},
    };
    char zone[METADATA_ZONE_BYTES];
    char text[64];

    if (!str_eq(req->path, path))
        return false;
    if (!str_eq(req->method, STR("GET"))) {
        http_respond(req, 405, NULL, 0, STR(""));
    } else if (!is_authorised(metadata, req)) {
        http_respond(req, 401, NULL, 0, STR(""));
    } else {
        (void)snprintf(text, sizeof(text), "{\"AvailabilityZoneID\":\"%s\"}",
                       metadata_zone(metadata->region, zone));
        http_respond(req, 200, headers, array_count(headers), str_of(text));
    }
    return true;
}
