/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct {
    const char *plain;
    const char *text;
} pairs[] = {{"", ""},
             {"f", "Zg=="},
             {"fo", "Zm8="},
             {"foo", "Zm9v"},
             {"foob", "Zm9vYg=="},
             {"fooba", "Zm9vYmE="},
             {"foobar", "Zm9vYmFy"}};

static void both_directions(void **state)
{
    char text[32];
    char bytes[32];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        (void)base64_encode(text, pairs[i].plain, strlen(pairs[i].plain));
        assert_string_equal(text, pairs[i].text);
        assert_true(base64_decode(bytes, &len, text, strlen(text)));
        assert_int_equal(len, strlen(pairs[i].plain));
        assert_memory_equal(bytes, pairs[i].plain, len);
    }
}

static void refuses_what_is_not_base64(void **state)
{
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "Zm 9", "Zg=a", "====", "Zm9v\n"};
    char bytes[32];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (base64_decode(bytes, &len, bad[i], strlen(bad[i])))
            fail_msg("accepted '%s'", bad[i]);
}

static void decodes_in_steps(void **state)
{
    struct base64_decoder decoder;
    const char *text = "Zm9vYmE=";
    char bytes[16];
    size_t total = 0;
    size_t len;

    (void)state;
    base64_decoder_init(&decoder);
    for (size_t i = 0; i < strlen(text); i++) {
        assert_true(base64_decoder_feed(&decoder, text + i, 1, bytes + total, &len));
        total += len;
    }
    assert_true(base64_decoder_end(&decoder));
    assert_int_equal(total, 5);
    assert_memory_equal(bytes, "fooba", 5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions),
        cmocka_unit_test(refuses_what_is_not_base64),
        cmocka_unit_test(decodes_in_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
