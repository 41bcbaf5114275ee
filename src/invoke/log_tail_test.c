/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/log_tail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void keeps_the_last_4096_bytes(void **state)
{
    static struct log_tail tail;
    char all[20000];
    char got[LIMIT_LOG_TAIL_BYTES];
    size_t total = 0;

    (void)state;
    for (size_t step = 1; total + step < sizeof(all); step = step % 97 + 1) {
        for (size_t i = 0; i < step; i++)
            all[total + i] = (char)('a' + (total + i) % 23);
        log_tail_append(&tail, str_make(all + total, step));
        total += step;
        size_t len = log_tail_copy(&tail, got);
        size_t want = total < sizeof(got) ? total : sizeof(got);

        assert_int_equal(len, want);
        assert_memory_equal(got, all + total - want, want);
    }
}

static void cuts_a_text_that_is_longer(void **state)
{
    static struct log_tail tail;
    char text[5000];
    char got[LIMIT_LOG_TAIL_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i % 251);
    log_tail_append(&tail, STR("before"));
    log_tail_append(&tail, str_make(text, sizeof(text)));
    assert_int_equal(log_tail_copy(&tail, got), sizeof(got));
    assert_memory_equal(got, text + sizeof(text) - sizeof(got), sizeof(got));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_last_4096_bytes),
        cmocka_unit_test(cuts_a_text_that_is_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
