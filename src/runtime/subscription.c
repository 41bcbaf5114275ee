/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/subscription.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json_doc.h"

enum { RESERVED_PORT = 9001 };

struct complaints {
    char *text;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void complain(struct complaints *complaints,
                                                           const char *format, ...)
{
    size_t room = SUBSCRIPTION_COMPLAINT_BYTES - complaints->len;
    va_list args;
    int n;

    if (complaints->len && room > 2) {
        memcpy(complaints->text + complaints->len, "; ", 2);
        complaints->len += 2;
        room -= 2;
    }
    va_start(args, format);
    n = vsnprintf(complaints->text + complaints->len, room, format, args);
    va_end(args);
    if (n > 0)
        complaints->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void parse_version(struct subscription *s, const json_t *doc, struct complaints *complaints)
{
    struct str version = json_doc_str(doc, "schemaVersion");

    if (s->api == SUBSCRIPTION_LOGS) {
        s->has_runtime_done = str_eq(version, STR("2021-03-18"));
        if (version.len && !s->has_runtime_done && !str_eq(version, STR("2020-08-15")))
            complain(complaints, "schemaVersion is not supported");
        return;
    }
    s->has_runtime_done = true;
    s->has_json_records = str_eq(version, STR("2022-12-13")) || str_eq(version, STR("2025-01-29"));
    if (!s->has_json_records && !str_eq(version, STR("2022-07-01")))
        complain(complaints,
                 version.len ? "schemaVersion is not supported" : "schemaVersion is not provided");
}

static void parse_types(struct subscription *s, const json_t *doc, struct complaints *complaints)
{
    static const struct {
        struct str name;
        unsigned type;
    } names[] = {
        {STR_INIT("platform"), SUBSCRIPTION_PLATFORM},
        {STR_INIT("function"), SUBSCRIPTION_FUNCTION},
        {STR_INIT("extension"), SUBSCRIPTION_EXTENSION},
    };
    const json_t *types = json_doc_array(doc, "types");

    for (size_t i = 0; i < json_array_size(types); i++) {
        struct str name = json_doc_text(json_array_get(types, i));
        size_t n = 0;

        while (n < array_count(names) && !str_eq(name, names[n].name))
            n++;
        if (n < array_count(names))
            s->types |= names[n].type;
        else
            complain(complaints, "types has a value that is not known");
    }
    if (json_array_size(types) == 0)
        complain(complaints, "types should not be empty");
}

static uint64_t parse_number(const json_t *buffering, const char *key, int64_t fallback,
                             int64_t min, int64_t max, struct complaints *complaints)
{
    int64_t value = fallback;

    if (json_object_get(buffering, key) && !json_doc_i64(buffering, key, &value))
        value = -1;
    if (value < min || value > max)
        complain(complaints, "%s must be between %lld and %lld", key, (long long)min,
                 (long long)max);
    return (uint64_t)value;
}

static bool take(struct str *text, struct str prefix)
{
    if (!str_starts_with(*text, prefix))
        return false;
    *text = str_sub(*text, prefix.len, text->len);
    return true;
}

static bool take_port(struct subscription *s, uint64_t port)
{
    s->port = (uint16_t)port;
    return port > 0 && port <= UINT16_MAX && port != RESERVED_PORT;
}

/* "http://sandbox.localdomain:8080/path"; the extension listens on the sandbox's loopback. */
static void parse_uri(struct subscription *s, struct str uri, struct complaints *complaints)
{
    struct str rest = uri;
    uint64_t port = 0;
    size_t end;

    if (!uri.len) {
        complain(complaints, "URI is not provided");
        return;
    }
    if (!take(&rest, STR("http://"))) {
        complain(complaints, "URI must begin with http://");
        return;
    }
    end = str_find(rest, '/');
    if (!str_to_cstr(end < rest.len ? str_sub(rest, end, rest.len) : STR("/"), s->path,
                     sizeof(s->path)))
        complain(complaints, "URI is too long");
    for (const char *c = s->path; *c; c++)
        if (*c <= ' ' || *c >= 127) {
            complain(complaints, "URI has a character that is not allowed");
            break;
        }
    rest = str_sub(rest, 0, end);
    if (!take(&rest, STR("sandbox.localdomain")) && !take(&rest, STR("sandbox")))
        complain(complaints, "URI host must be sandbox.localdomain or sandbox");
    else if (!rest.len)
        complain(complaints, "URI port is not provided");
    else if (!take(&rest, STR(":")) || !str_to_u64(rest, &port) || !take_port(s, port))
        complain(complaints, "URI port is not allowed");
}

static void parse_destination(struct subscription *s, const json_t *doc,
                              struct complaints *complaints)
{
    const json_t *destination = json_doc_object(doc, "destination");
    struct str protocol = json_doc_str(destination, "protocol");
    int64_t port;

    if (!destination) {
        complain(complaints, "destination is not provided");
        return;
    }
    s->is_put = str_eq(json_doc_str(destination, "method"), STR("PUT"));
    if (str_eq(protocol, STR("HTTP"))) {
        s->is_http = true;
        parse_uri(s, json_doc_str(destination, "URI"), complaints);
    } else if (str_eq(protocol, STR("TCP"))) {
        if (!json_doc_i64(destination, "port", &port) || port < 0 || !take_port(s, (uint64_t)port))
            complain(complaints, "port is not allowed");
    } else {
        complain(complaints, "protocol must be HTTP or TCP");
    }
}

bool subscription_parse(struct subscription *ret_subscription, enum subscription_api api,
                        struct str text, char complaint[SUBSCRIPTION_COMPLAINT_BYTES])
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    struct complaints complaints = {.text = complaint};
    struct subscription s = {.api = api};
    struct json_doc_error error;
    const json_t *buffering;

    complaint[0] = '\0';
    if (json_doc_load(&doc, text, &error) < 0 || !json_is_object(doc)) {
        complain(&complaints, "the request is not a JSON object");
        return false;
    }
    parse_version(&s, doc, &complaints);
    parse_destination(&s, doc, &complaints);
    parse_types(&s, doc, &complaints);
    buffering = json_doc_object(doc, "buffering");
    s.items_max = parse_number(buffering, "maxItems", 10000, 1000, 10000, &complaints);
    s.bytes_max = parse_number(buffering, "maxBytes", 262144, 262144, 1048576, &complaints);
    s.timeout_ms = parse_number(buffering, "timeoutMs", 1000, 25, 30000, &complaints);
    if (complaints.len)
        return false;
    *ret_subscription = s;
    return true;
}
