/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The regular expressions of one service. Each is compiled when it is first needed and kept. Not
 * thread-safe: the loop thread owns it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/str.h"

struct model_patterns;
struct model_service;

/* NULL when out of memory. */
struct model_patterns *model_patterns_new(const struct model_service *service);
struct model_patterns *model_patterns_free(struct model_patterns *patterns);
CLEANUP_DEFINE(struct model_patterns, model_patterns_free)

/*
 * Whether the whole value matches. A value that the matcher gives up on (its limits bound the work)
 * does not match. Aborts on a pattern that is no regular expression: they are compiled in.
 */
bool model_pattern_matches(struct model_patterns *patterns, uint32_t pattern, struct str value);

/* As the service prints it. */
const char *model_pattern_text(const struct model_patterns *patterns, uint32_t pattern);
