/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/must.h"

static struct timespec now(clockid_t clock)
{
    struct timespec ts;
    int r = clock_gettime(clock, &ts);

    must(r == 0);
    return ts;
}

uint64_t clock_mono_ns(void)
{
    struct timespec ts = now(CLOCK_MONOTONIC);

    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_real_us(void)
{
    struct timespec ts = now(CLOCK_REALTIME);

    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t clock_real_ms(void)
{
    return clock_real_us() / 1000;
}

uint64_t clock_back_off_ms(uint64_t first_ms, uint32_t failures, uint64_t max_ms)
{
    uint64_t ms = first_ms;

    while (failures-- > 0 && ms < max_ms)
        ms *= 2;
    return ms < max_ms ? ms : max_ms;
}

static struct tm broken_down(uint64_t real_ms)
{
    time_t seconds = (time_t)(real_ms / 1000);
    struct tm tm;

    must(gmtime_r(&seconds, &tm));
    return tm;
}

static char *format(char *buffer, uint64_t real_ms, const char *zone)
{
    struct tm tm = broken_down(real_ms);

    (void)snprintf(buffer, CLOCK_TEXT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03u%s",
                   (unsigned)tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday,
                   (unsigned)tm.tm_hour, (unsigned)tm.tm_min, (unsigned)tm.tm_sec,
                   (unsigned)(real_ms % 1000), zone);
    return buffer;
}

char *clock_format_offset(char *buffer, uint64_t real_ms)
{
    return format(buffer, real_ms, "+0000");
}

char *clock_format_offset_s(char *buffer, uint64_t real_ms)
{
    struct tm tm = broken_down(real_ms);

    (void)strftime(buffer, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S+0000", &tm);
    return buffer;
}

char *clock_format_z(char *buffer, uint64_t real_ms)
{
    return format(buffer, real_ms, "Z");
}

char *clock_format_date(char *buffer, uint64_t real_ms)
{
    struct tm tm = broken_down(real_ms);

    (void)snprintf(buffer, CLOCK_TEXT_BYTES, "%04u/%02u/%02u", (unsigned)tm.tm_year + 1900,
                   (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday);
    return buffer;
}
