/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/function_url_address.h"

/* Where the port begins, with its colon; the end when there is none. */
static size_t port_at(struct str host)
{
    size_t at = host.len;

    while (at > 0 && host.ptr[at - 1] >= '0' && host.ptr[at - 1] <= '9')
        at--;
    return at > 0 && host.ptr[at - 1] == ':' ? at - 1 : host.len;
}

struct str function_url_port(struct str host)
{
    size_t at = port_at(host);

    return at + 1 < host.len ? str_sub(host, at + 1, host.len) : STR_NONE;
}

static struct str or_root(struct str path)
{
    return path.len ? path : STR("/");
}

static bool by_path(struct str path, struct function_url_address *address)
{
    static const struct str prefix = STR_INIT(FUNCTION_URL_PATH);
    size_t end;

    if (!str_starts_with(path, prefix))
        return false;
    path = str_sub(path, prefix.len, path.len);
    end = str_find(path, '/');
    address->id = str_sub(path, 0, end);
    address->path = or_root(str_sub(path, end, path.len));
    return true;
}

static bool by_host(struct str path, struct function_url_address *address)
{
    struct str rest = address->domain;
    struct str id, service, region;

    if (!str_next(&rest, '.', &id) || !str_next(&rest, '.', &service) ||
        !str_next(&rest, '.', &region) || !str_is_set(rest) ||
        !str_eq_nocase(service, STR("lambda-url")))
        return false;
    address->id = id;
    address->region = region;
    address->path = or_root(path);
    return true;
}

bool function_url_address_find(struct str host, struct str path,
                               struct function_url_address *ret_address)
{
    struct function_url_address address = {.domain = str_sub(host, 0, port_at(host))};

    if (!by_path(path, &address) && !by_host(path, &address))
        return false;
    *ret_address = address;
    return true;
}
