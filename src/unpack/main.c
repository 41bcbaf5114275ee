/* SPDX-License-Identifier: Apache-2.0 */

/*
 * lambd-unpack BYTES_MAX: unpacks descriptor 3 (a zip) into descriptor 4 (a folder) and writes a
 * struct unpack_result to descriptor 5. Started by the jail in namespaces of its own, as a user of
 * its own; before it reads the zip it gives up every system call that unpacking does not need.
 */

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/str.h"
#include "unpack/filter.h"
#include "unpack/unpack.h"

int main(int argc, char **argv)
{
    struct unpack_result result;
    struct unpack_options options = {
        .zip_fd = UNPACK_ZIP_FD, .target_fd = UNPACK_TARGET_FD, .entries_max = LIMIT_CODE_ENTRIES};

    if (argc != 2 || !str_to_u64(str_of(argv[1]), &options.bytes_max)) {
        (void)fprintf(stderr, "lambd-unpack is started by lambd, not by hand\n");
        return 2;
    }
    /* Both read files, which the filter forbids: names are UTF-8, dates in a zip are local. */
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    tzset();
    if (filter_load())
        return 3;
    unpack_zip(&options, &result);
    return fd_write_full(UNPACK_RESULT_FD, &result, sizeof(result)) ? 4 : 0;
}
