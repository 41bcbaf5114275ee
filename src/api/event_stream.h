/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Messages of application/vnd.amazon.eventstream: lengths, headers, payload and checksums, all
 * big-endian. Pure.
 */

#include "base/buf.h"
#include "base/str.h"

enum { EVENT_STREAM_TYPE_MAX = 64 }; /* bytes of an event type or a content type */

/* Appends one message of type "event". Failures stay in the buffer. */
void event_stream_encode(struct buf *out, struct str event_type, struct str content_type,
                         struct str payload);
