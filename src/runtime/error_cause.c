/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/error_cause.h"

#include <stdlib.h>

#include "base/json_doc.h"

/* It is read on the loop; no error that is meant for people comes near. */
enum { BODY_BYTES_MAX = 1048576 };

static void replace(char **payload, size_t *len, struct buf *text)
{
    char *made = buf_steal(text, len);

    if (!made)
        return;
    free(*payload);
    *payload = made;
}

void error_cause_take(char **payload, size_t *len, struct buf *cause)
{
    CLEANUP(json_doc_unrefp) json_t *doc = NULL;
    CLEANUP(buf_deinit) struct buf text = {0};
    const json_t *found;

    if (*len > BODY_BYTES_MAX || json_doc_load(&doc, str_make(*payload, *len), NULL) < 0 ||
        !json_is_object(doc)) {
        (void)buf_append_str(&text, STR("\"Invalid error body\""));
    } else {
        found = json_object_get(doc, "errorCause");
        if (json_is_object(found))
            (void)json_doc_dump(found, JSON_DOC_AS_INSERTED, cause);
        (void)json_object_del(doc, "errorCause");
        (void)json_doc_dump(doc, JSON_DOC_AS_INSERTED, &text);
    }
    if (!buf_failed(&text))
        replace(payload, len, &text);
}
