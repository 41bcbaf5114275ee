/* SPDX-License-Identifier: Apache-2.0 */

#include "api/origin.h"

#include <arpa/inet.h>

enum { ADDRESS_TEXT_BYTES = 64 };

static struct str without_port(struct str host)
{
    if (str_starts_with(host, STR("[")))
        return str_sub(host, 0, str_find(host, ']') + 1);
    return str_sub(host, 0, str_find(host, ':'));
}

static bool is_address(struct str name)
{
    char text[ADDRESS_TEXT_BYTES];
    struct in_addr address;

    return str_starts_with(name, STR("[")) ||
           (str_to_cstr(name, text, sizeof(text)) && inet_pton(AF_INET, text, &address) == 1);
}

static bool ends_with_nocase(struct str name, struct str suffix)
{
    return name.len >= suffix.len &&
           str_eq_nocase(str_sub(name, name.len - suffix.len, name.len), suffix);
}

static bool is_own_name(struct str host)
{
    struct str name = without_port(host);

    return str_find(name, '.') == name.len || is_address(name) ||
           ends_with_nocase(name, STR(".localhost")) ||
           ends_with_nocase(name, STR(".amazonaws.com"));
}

/* "http://localhost:4566" → "localhost:4566"; "null" stays. */
static struct str authority(struct str origin)
{
    size_t slash = str_find(origin, '/');

    return slash + 1 < origin.len ? str_sub(origin, slash + 2, origin.len) : origin;
}

bool api_origin_is_acceptable(struct str host, struct str origin)
{
    if (!is_own_name(host))
        return false;
    return !str_is_set(origin) || str_eq_nocase(authority(origin), host);
}
