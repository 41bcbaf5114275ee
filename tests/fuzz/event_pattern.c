/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

/* Event patterns. A pattern stays one as the branch of another, and is none inside a list. */

#include "catalog/event_pattern.h"

#include <errno.h>

#include "base/buf.h"
#include "base/json_doc.h"
#include "base/must.h"

static int check_wrapped(const char *before, struct str text, const char *after)
{
    CLEANUP(buf_deinit) struct buf wrapped = {.len = 0};
    int r;

    (void)buf_append_str(&wrapped, str_of(before));
    (void)buf_append_str(&wrapped, text);
    (void)buf_append_str(&wrapped, str_of(after));
    must(!buf_failed(&wrapped));
    r = event_pattern_check(buf_str(&wrapped), STR_NONE);
    must(r == 0 || r == -EINVAL);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    int r = event_pattern_check(text, STR_NONE);

    must(r == 0 || r == -EINVAL);
    must(check_wrapped("[", text, "]") == -EINVAL);
    if (event_pattern_check(text, STR("data")) == 0)
        must(r == 0);
    if (r == 0 && size < 1000) { /* deeper than the parser goes, else */
        must(check_wrapped("{\"branch\": ", text, "}") == 0);
        must(check_wrapped("{\"$or\": [{\"a\": [1]}, {\"branch\": ", text, "}]}") == 0);
    }
    return 0;
}
