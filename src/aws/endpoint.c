/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/endpoint.h"

static bool skip(struct str *text, struct str prefix)
{
    if (!str_starts_with(*text, prefix))
        return false;
    *text = str_sub(*text, prefix.len, text->len);
    return true;
}

/* Neither blanks and control characters nor what begins a user, a query or a fragment. */
static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~' || text.ptr[i] == '@' || text.ptr[i] == '?' ||
            text.ptr[i] == '#' || text.ptr[i] == '\\')
            return false;
    return true;
}

bool aws_endpoint_parse(struct str text, struct aws_endpoint *ret_endpoint)
{
    struct str rest = text;
    bool is_plain_http = skip(&rest, STR("http://"));
    size_t at;

    if (!is_plain_http && !skip(&rest, STR("https://")))
        return false;
    while (str_ends_with(rest, STR("/")))
        rest = str_sub(rest, 0, rest.len - 1);
    at = str_find(rest, '/');
    if (at == 0 || !is_plain(rest))
        return false;
    *ret_endpoint = (struct aws_endpoint){
        .scheme = is_plain_http ? STR("http") : STR("https"),
        .host = str_sub(rest, 0, at),
        .path = str_sub(rest, at, rest.len),
    };
    return true;
}
