/* SPDX-License-Identifier: Apache-2.0 */
#include "code/code_spool.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "code/code_store.h"

struct fixture {
    uv_loop_t loop;
    char directory[32];
    struct code_spool *spool;
    bool is_done;
    int result;
};

static int setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof(*fx));

    assert_non_null(fx);
    assert_int_equal(uv_loop_init(&fx->loop), 0);
    (void)snprintf(fx->directory, sizeof(fx->directory), "/tmp/code-spool-XXXXXX");
    assert_non_null(mkdtemp(fx->directory));
    *state = fx;
    return 0;
}

/* Nothing of the spool may be left in its directory, or it cannot be removed. */
static int teardown(void **state)
{
    struct fixture *fx = *state;

    (void)code_spool_free(fx->spool);
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    assert_int_equal(rmdir(fx->directory), 0);
    assert_int_equal(uv_loop_close(&fx->loop), 0);
    free(fx);
    return 0;
}

static void on_flushed(void *owner, int result)
{
    struct fixture *fx = owner;

    fx->is_done = true;
    fx->result = result;
}

static int flush(struct fixture *fx, bool is_last)
{
    fx->is_done = false;
    code_spool_flush(fx->spool, is_last, on_flushed, fx);
    assert_true(code_spool_is_flushing(fx->spool));
    assert_false(fx->is_done);
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    assert_true(fx->is_done);
    assert_false(code_spool_is_flushing(fx->spool));
    return fx->result;
}

/* More room than is used, as a decoder asks for it. */
static void write_text(struct fixture *fx, const char *text)
{
    char *to = code_spool_reserve(fx->spool, strlen(text) + 100);

    assert_non_null(to);
    memcpy(to, text, strlen(text));
    code_spool_commit(fx->spool, strlen(text));
}

static void check_upload(struct fixture *fx, const char *content)
{
    const struct code_upload *upload = code_spool_upload(fx->spool);
    struct digest digest;
    char read[64] = "";

    assert_int_equal(hash_bytes(&digest, content, strlen(content)), 0);
    assert_true(digest_eq(&digest, &upload->digest));
    assert_int_equal(pread(upload->fd, read, sizeof(read) - 1, 0), strlen(content));
    assert_string_equal(read, content);
    assert_int_equal(access(upload->path, R_OK), 0);
}

static void test_batches(void **state)
{
    struct fixture *fx = *state;

    assert_int_equal(code_spool_new(&fx->spool, &fx->loop, fx->directory, 1000), 0);
    write_text(fx, "one ");
    write_text(fx, "two ");
    assert_false(code_spool_is_full(fx->spool));
    assert_int_equal(flush(fx, false), 0);
    write_text(fx, "three");
    assert_int_equal(flush(fx, true), 0);
    assert_int_equal(code_spool_bytes(fx->spool), 13);
    check_upload(fx, "one two three");
}

static void test_nothing(void **state)
{
    struct fixture *fx = *state;

    assert_int_equal(code_spool_new(&fx->spool, &fx->loop, fx->directory, 1000), 0);
    assert_int_equal(flush(fx, true), 0);
    check_upload(fx, "");
}

/* What is over the limit is counted, and neither kept in memory nor written. */
static void test_limit(void **state)
{
    struct fixture *fx = *state;

    assert_int_equal(code_spool_new(&fx->spool, &fx->loop, fx->directory, 8), 0);
    write_text(fx, "12345678");
    write_text(fx, "9");
    for (size_t i = 0; i < 1000; i++) {
        assert_non_null(code_spool_reserve(fx->spool, 1024));
        code_spool_commit(fx->spool, 1024);
    }
    assert_false(code_spool_is_full(fx->spool));
    assert_int_equal(flush(fx, true), 0);
    assert_int_equal(code_spool_bytes(fx->spool), 9 + 1000 * 1024);
    check_upload(fx, "12345678");
}

static void test_full(void **state)
{
    struct fixture *fx = *state;

    assert_int_equal(code_spool_new(&fx->spool, &fx->loop, fx->directory, UINT64_MAX), 0);
    while (!code_spool_is_full(fx->spool)) {
        assert_true(code_spool_bytes(fx->spool) < 16 * 1024 * 1024);
        memset(code_spool_reserve(fx->spool, 4096), 'x', 4096);
        code_spool_commit(fx->spool, 4096);
    }
    assert_int_equal(flush(fx, false), 0);
    assert_false(code_spool_is_full(fx->spool));
    assert_int_equal(flush(fx, true), 0);
}

static void test_kept_under_another_name(void **state)
{
    struct fixture *fx = *state;
    char kept[64];

    assert_int_equal(code_spool_new(&fx->spool, &fx->loop, fx->directory, 1000), 0);
    write_text(fx, "kept");
    assert_int_equal(flush(fx, true), 0);
    (void)snprintf(kept, sizeof(kept), "%s/kept", fx->directory);
    assert_int_equal(rename(code_spool_upload(fx->spool)->path, kept), 0);
    fx->spool = code_spool_free(fx->spool);
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    assert_int_equal(unlink(kept), 0);
}

static void test_no_directory(void **state)
{
    struct fixture *fx = *state;

    assert_int_equal(code_spool_new(&fx->spool, &fx->loop, "/nonexistent", 1000), 0);
    write_text(fx, "x");
    assert_int_equal(flush(fx, true), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_batches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept_under_another_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_directory, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
