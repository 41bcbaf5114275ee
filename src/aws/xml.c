/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/xml.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

enum { TAG_BYTES = 64 };

static const struct {
    struct str text;
    char meaning;
} entities[] = {
    {STR_INIT("&lt;"), '<'},   {STR_INIT("&gt;"), '>'},    {STR_INIT("&amp;"), '&'},
    {STR_INIT("&quot;"), '"'}, {STR_INIT("&apos;"), '\''},
};

static char next_char(struct str *rest)
{
    char c = rest->ptr[0];
    size_t len = 1;

    for (size_t i = 0; i < array_count(entities); i++) {
        if (str_starts_with(*rest, entities[i].text)) {
            c = entities[i].meaning;
            len = entities[i].text.len;
        }
    }
    *rest = str_sub(*rest, len, rest->len);
    return c;
}

/* What follows the first such text; empty when it is not there. */
static struct str after(struct str document, const char *text)
{
    const char *at = memmem(document.ptr, document.len, text, strlen(text));

    if (!at)
        return STR("");
    at += strlen(text);
    return str_make(at, (size_t)(document.ptr + document.len - at));
}

void xml_element_text(struct str document, const char *name, char *buffer, size_t size)
{
    char open[TAG_BYTES], close[TAG_BYTES];
    struct str rest;
    size_t len = 0;

    (void)snprintf(open, sizeof(open), "<%s>", name);
    (void)snprintf(close, sizeof(close), "</%s>", name);
    rest = after(document, open);
    if (!memmem(rest.ptr, rest.len, close, strlen(close)))
        rest = STR("");
    while (rest.len > 0 && !str_starts_with(rest, str_of(close)) && len + 1 < size) {
        char c = next_char(&rest);

        buffer[len++] = c >= 0 && c < ' ' ? ' ' : c;
    }
    buffer[len] = '\0';
}
