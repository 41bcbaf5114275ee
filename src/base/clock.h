/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Time. Durations and deadlines inside the process are nanoseconds of the monotonic clock (_ns);
 * times that leave it or are kept on disk are milliseconds since the epoch (_ms).
 */

#include <stddef.h>
#include <stdint.h>

enum { CLOCK_TEXT_BYTES = 40 };

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

uint64_t clock_mono_ns(void);
uint64_t clock_real_ms(void);
uint64_t clock_real_us(void);

/* How long to wait after so many failures before this one: first_ms, doubled by each, at most
 * max_ms. */
uint64_t clock_back_off_ms(uint64_t first_ms, uint32_t failures, uint64_t max_ms);

/* "2025-11-25T02:26:54.123+0000": LastModified of functions. Buffer: CLOCK_TEXT_BYTES. Returns it.
 */
char *clock_format_offset(char *buffer, uint64_t real_ms);
/* "2025-11-25T02:26:54+0000": LastModified of provisioned concurrency. */
char *clock_format_offset_s(char *buffer, uint64_t real_ms);
/* "2025-11-25T02:26:54.123Z" */
char *clock_format_z(char *buffer, uint64_t real_ms);
/* "2025/11/25": the date part of a log stream's name */
char *clock_format_date(char *buffer, uint64_t real_ms);
