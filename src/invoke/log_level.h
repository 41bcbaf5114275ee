/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The levels of log events, and which of them the JSON log format lets into the log. Pure; the
 * numbers are those of the runtime channel.
 */

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

/*
 * The level that an event says of itself: "level" (or "log_level") of a JSON object. INFO for all
 * else, as on AWS: no JSON, no known level, no RFC 3339 "timestamp" (or "time").
 */
enum log_level log_level_of_event(struct str message);
