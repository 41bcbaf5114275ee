/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Event patterns, with which event source mappings filter: a JSON object whose leaves are lists of
 * tests. Pure.
 *
 *   pattern = { field: matcher, … }
 *   matcher = pattern | [ test, … ]
 *             and for the field "$or": [ pattern, pattern, … ]
 *   test    = string | number | true | false | null | { operator: operand }
 */

#include "base/str.h"

/*
 * Is the text a pattern? document: a field at the top whose content is a JSON document in the
 * event, so that it cannot be compared with plain strings; absent: none. 0, -EINVAL or -ENOMEM.
 */
int event_pattern_check(struct str text, struct str document);
