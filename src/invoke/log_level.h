/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The levels of log events, and which of them the JSON log format lets into the log. Pure; the
 * numbers are those of the runtime channel.
 */

#include <stddef.h>

#include "base/str.h"

enum log_level {
    LOG_LEVEL_NONE,
    LOG_LEVEL_TRACE,
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_ERROR,
    LOG_LEVEL_FATAL,
};

/* By name, without case, with the names that the languages have for them ("CRITICAL", "warning").
 * NONE: it is no level. */
enum log_level log_level_of_name(struct str name);

/* What an event of the JSON format says of itself. */
struct log_event_facts {
    /* "level" (or "log_level") of a JSON object. INFO for all else, as on AWS: no JSON, no known
     * level, no RFC 3339 "timestamp" (or "time"). */
    enum log_level level;
    /* Where an object without any of these keys closes, which gets a "timestamp" there; 0: it has
     * one, or is none. */
    size_t stamp_at;
};
struct log_event_facts log_event_look(struct str message);
