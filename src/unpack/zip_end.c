/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack/zip_end.h"

#include <string.h>
#include <unistd.h>

enum {
    END_BYTES = 22,
    END_ENTRIES_AT = 10,
    LOCATOR_BYTES = 20, /* zip64: directly before the end record */
    LOCATOR_OFFSET_AT = 8,
    END64_BYTES = 56,
    END64_ENTRIES_AT = 32,
    ENTRIES_IN_64 = 0xffff,
};

static uint64_t le_get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

static bool read_record(int fd, uint64_t offset, uint8_t *record, size_t len, const char *magic)
{
    return pread(fd, record, len, (off_t)offset) == (ssize_t)len && memcmp(record, magic, 4) == 0;
}

bool zip_end_read(int zip_fd, uint64_t zip_bytes, uint64_t *ret_entries)
{
    uint8_t end[END_BYTES];
    uint8_t locator[LOCATOR_BYTES];
    uint8_t end64[END64_BYTES];
    uint64_t at = zip_bytes - END_BYTES;

    if (zip_bytes < END_BYTES || !read_record(zip_fd, at, end, sizeof(end), "PK\5\6"))
        return false;
    *ret_entries = le_get(end + END_ENTRIES_AT, 2);
    if (*ret_entries != ENTRIES_IN_64 || at < LOCATOR_BYTES ||
        !read_record(zip_fd, at - LOCATOR_BYTES, locator, sizeof(locator), "PK\6\7"))
        return true;
    at = le_get(locator + LOCATOR_OFFSET_AT, 8);
    if (at < zip_bytes && read_record(zip_fd, at, end64, sizeof(end64), "PK\6\6"))
        *ret_entries = le_get(end64 + END64_ENTRIES_AT, 8);
    return true;
}
