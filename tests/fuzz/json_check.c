/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

/*
 * The JSON checker: the first byte says into what pieces the text is cut. Whole and in pieces it
 * must come to the same answer, with the same words; and it must accept what a strict parser
 * accepts and nothing else.
 */

#include "base/json_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_doc.h"
#include "base/must.h"

enum { PARSER_DEPTH_MAX = 500, NUMBER_DIGITS_MAX = 15 };

static bool check_text(const uint8_t *text, size_t len, size_t step, struct buf *ret_error)
{
    static struct json_check check;
    bool ok;

    json_check_init(&check);
    for (size_t at = 0; at < len; at += step)
        (void)json_check_feed(&check, text + at, len - at < step ? len - at : step);
    ok = json_check_end(&check);
    if (!ok)
        json_check_describe(&check, ret_error);
    return ok;
}

/* The tree parser refuses some texts for its own limits: deep ones, numbers that no int64 or double
 * holds. */
static bool parser_may_refuse(const uint8_t *text, size_t len)
{
    size_t opens = 0, digits = 0;

    for (size_t i = 0; i < len; i++) {
        opens += text[i] == '[' || text[i] == '{';
        digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
        if (digits > NUMBER_DIGITS_MAX || opens > PARSER_DEPTH_MAX)
            return true;
        if ((text[i] | 0x20) == 'e' && digits == 0 && i > 0 && text[i - 1] >= '0' &&
            text[i - 1] <= '9')
            return true; /* an exponent may overflow */
        if (text[i] == '\\' && i + 1 < len && text[i + 1] == 'u')
            return true; /* lone surrogates */
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_deinit) struct buf whole = {.len = 0};
    CLEANUP(buf_deinit) struct buf pieces = {.len = 0};
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    struct str text;
    bool ok;

    if (size == 0)
        return 0;
    text = str_make((const char *)data + 1, size - 1);
    ok = check_text(data + 1, size - 1, size, &whole);
    must(check_text(data + 1, size - 1, (size_t)data[0] + 1, &pieces) == ok);
    must(str_eq(buf_str(&whole), buf_str(&pieces)));
    if (json_doc_load(&doc, text, NULL) == 0)
        must(ok || memchr(text.ptr, '\0', text.len) != NULL); /* the parser overlooks some NULs */
    else if (ok)
        must(parser_may_refuse(data + 1, size - 1));
    return 0;
}
