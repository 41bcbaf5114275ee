/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Segments for X-Ray, made from the record of an invocation (spec: logging, section 5): one of the
 * service and one of the function, each as a datagram of the X-Ray daemon, "{"format":"json",
 * "version":1}", a newline and the document. Pure.
 *
 * Whatever a function tells of its errors, a datagram stays below XRAY_DATAGRAM_BYTES_MAX: causes
 * are cut to XRAY_CAUSE_BYTES_MAX, and all else has a length that AWS's limits bound.
 */

#include "base/buf.h"
#include "obs/report.h"

enum {
    XRAY_DATAGRAM_BYTES_MAX = 65507, /* what UDP carries */
    XRAY_CAUSE_BYTES_MAX = 49152,
};

/* The invocation must be traced (record->segments). */
void xray_service_segment(struct buf *buf, const struct invocation_record *record);
void xray_function_segment(struct buf *buf, const struct invocation_record *record);

/* Of an invocation that a limit has refused: the service alone. Of the record only who and when
 * (received_real_us, function_name, function_arn, request_id, segments) need be known. */
void xray_throttle_segment(struct buf *buf, const struct invocation_record *record);
