/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/request_body.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* cmocka.h needs the four above first */
#include <cmocka.h>

#include "base/base64.h"
#include "base/fd.h"

/* Read it all in steps of step bytes; returns the length. */
static size_t read_all(struct request_body *body, char *bytes, size_t size, size_t step)
{
    size_t len = 0;
    int64_t n;

    while ((n = request_body_read(body, bytes + len, step)) > 0) {
        len += (size_t)n;
        assert_true(len + step <= size);
    }
    assert_int_equal(n, 0);
    return len;
}

static void check_text_only(void **state)
{
    struct request_body *body = malloc(sizeof(*body));
    char bytes[64];

    (void)state;
    request_body_init(body, STR("{\"a\":1}"));
    assert_int_equal(request_body_bytes(body), 7);
    assert_int_equal(read_all(body, bytes, sizeof(bytes), 3), 7);
    assert_memory_equal(bytes, "{\"a\":1}", 7);
    request_body_init(body, STR(""));
    assert_int_equal(read_all(body, bytes, sizeof(bytes), 3), 0);
    free(body);
}

static int file_of(const char *bytes, size_t len)
{
    int fd = memfd_create("body", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(fd_write_full(fd, bytes, len), 0);
    return fd;
}

static void check_file_of(size_t file_len, size_t step)
{
    struct request_body *body = malloc(sizeof(*body));
    size_t size = file_len * 2 + step + 128, len;
    char *file = malloc(file_len + 1), *got = malloc(size), *want = malloc(size);
    int fd;

    for (size_t i = 0; i < file_len; i++)
        file[i] = (char)(i * 7 + i / 251);
    fd = file_of(file, file_len);
    memcpy(want, "head:", 5);
    len = 5 + base64_encode(want + 5, file, file_len);
    memcpy(want + len, ":tail", 5);
    len += 5;

    request_body_init_file(body, STR("head:"), fd, file_len, STR(":tail"));
    assert_int_equal(request_body_bytes(body), len);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(read_all(body, got, size, step), len);
        assert_memory_equal(got, want, len);
        request_body_rewind(body);
    }
    close(fd);
    free(want);
    free(got);
    free(file);
    free(body);
}

static void check_file(void **state)
{
    static const size_t lengths[] = {0,
                                     1,
                                     2,
                                     3,
                                     REQUEST_BODY_CHUNK_BYTES - 1,
                                     REQUEST_BODY_CHUNK_BYTES,
                                     REQUEST_BODY_CHUNK_BYTES * 2 + 1};

    (void)state;
    for (size_t i = 0; i < array_count(lengths); i++) {
        check_file_of(lengths[i], 4096);
        check_file_of(lengths[i], 1024 * 1024);
    }
}

static void check_file_shrinks(void **state)
{
    struct request_body *body = malloc(sizeof(*body));
    char bytes[256];
    int fd = file_of("abc", 3);

    (void)state;
    request_body_init_file(body, STR(""), fd, 6, STR(""));
    assert_int_equal(request_body_read(body, bytes, sizeof(bytes)), -ENODATA);
    close(fd);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_text_only),
        cmocka_unit_test(check_file),
        cmocka_unit_test(check_file_shrinks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
