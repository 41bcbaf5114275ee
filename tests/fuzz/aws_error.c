/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

/* The error document of S3: texts that fit, and no control characters in them. */

#include <string.h>

#include "aws/s3.h"
#include "base/must.h"

static void check(const char *text, size_t size)
{
    size_t len = strnlen(text, size);

    must(len > 0);
    must(len < size);
    for (size_t i = 0; i < len; i++)
        must(text[i] < 0 || text[i] >= ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3_error error;

    memset(&error, 'x', sizeof(error));
    s3_error_parse(str_make((const char *)data, size), 404, &error);
    check(error.code, sizeof(error.code));
    check(error.message, sizeof(error.message));
    return 0;
}
