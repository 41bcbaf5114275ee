/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * JSON documents as trees: jansson behind the few calls we need. For control plane bodies and
 * stored rows; payloads never become trees (base/json_check.h).
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"

struct json_doc_error {
    int line;
    int column;
    size_t offset;
    char text[160];
};

/* CLEANUP(json_doc_unrefp) json_t *doc = NULL; */
static inline void json_doc_unrefp(json_t **doc)
{
    json_decref(*doc);
}

/* Any JSON value. 0, -EINVAL (described in ret_error, which may be NULL) or -ENOMEM. */
int json_doc_load(json_t **ret_doc, struct str text, struct json_doc_error *ret_error);

/* Members of an object. Absent text, or false, when missing or of another type. Text is borrowed
 * from doc. */
struct str json_doc_str(const json_t *object, const char *key);
bool json_doc_i64(const json_t *object, const char *key, int64_t *ret_value);
bool json_doc_bool(const json_t *object, const char *key, bool *ret_value);
json_t *json_doc_object(const json_t *object, const char *key); /* NULL: missing or no object */
json_t *json_doc_array(const json_t *object, const char *key);

struct str json_doc_text(const json_t *string); /* absent when it is no string */

enum json_doc_order { JSON_DOC_AS_INSERTED, JSON_DOC_SORTED };

/* Append the compact text. 0 or -ENOMEM. */
int json_doc_dump(const json_t *doc, enum json_doc_order order, struct buf *out);
