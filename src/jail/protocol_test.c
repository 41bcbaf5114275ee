/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SLOTS = 100, TAIL = 64 };

static union {
    struct jail_request request;
    char bytes[sizeof(struct jail_request) + TAIL];
} message;

static int check(size_t bytes, size_t fd_count)
{
    return jail_request_check(&message.request, bytes, fd_count, SLOTS);
}

static void set_assign(void)
{
    memset(&message, 0, sizeof(message));
    message.request.type = JAIL_BOX_ASSIGN;
    message.request.assign = (struct jail_assign){.memory_mb = 128, .layer_count = 5};
}

static void test_honest_requests_pass(void **state)
{
    (void)state;
    memset(&message, 0, sizeof(message));
    message.request.type = JAIL_BOX_NEW;
    message.request.slot = SLOTS - 1;
    message.request.tmp_mb = JAIL_TMP_MB_MAX;
    assert_int_equal(check(sizeof(message.request), 0), 0);
    set_assign();
    assert_int_equal(check(sizeof(message.request), 0), 0);
    memset(&message, 0, sizeof(message));
    message.request.type = JAIL_RUNTIME_START;
    message.request.environment_bytes = 4;
    memcpy(message.bytes + sizeof(message.request), "A=b", 4);
    assert_int_equal(check(sizeof(message.request) + 4, 0), 0);
    message.request.type = JAIL_EXTENSIONS_START;
    assert_int_equal(check(sizeof(message.request) + 4, 0), 0);
    assert_true(check(sizeof(message.request) + 3, 0) < 0);
    memset(&message, 0, sizeof(message));
    message.request.type = JAIL_UNPACK;
    message.request.code.bytes_max = 1;
    assert_int_equal(check(sizeof(message.request), 1), 0);
}

static void test_sizes_are_exact(void **state)
{
    (void)state;
    set_assign();
    for (size_t bytes = 0; bytes < sizeof(message); bytes++) {
        if (bytes != sizeof(message.request))
            assert_true(check(bytes, 0) < 0);
    }
    message.request.type = JAIL_RUNTIME_START;
    message.request.environment_bytes = JAIL_ENVIRONMENT_BYTES_MAX + 1;
    assert_true(check(sizeof(message.request) + JAIL_ENVIRONMENT_BYTES_MAX + 1, 0) < 0);
}

static void test_environment_ends_with_nul(void **state)
{
    (void)state;
    memset(&message, 0, sizeof(message));
    message.request.type = JAIL_RUNTIME_START;
    message.request.environment_bytes = 3;
    memcpy(message.bytes + sizeof(message.request), "A=b", 4);
    assert_true(check(sizeof(message.request) + 3, 0) < 0);
}

static void test_descriptors_are_exact(void **state)
{
    (void)state;
    set_assign();
    assert_true(check(sizeof(message.request), 1) < 0);
    message.request.type = JAIL_UNPACK;
    message.request.code.bytes_max = 1;
    assert_true(check(sizeof(message.request), 0) < 0);
    assert_true(check(sizeof(message.request), 2) < 0);
}

static void test_numbers_have_bounds(void **state)
{
    uint32_t *const fields[] = {
        &message.request.assign.runtime,
        &message.request.assign.version_major,
        &message.request.assign.version_minor,
        &message.request.assign.memory_mb,
        &message.request.assign.layer_count,
        &message.request.type,
        &message.request.slot,
        &message.request.zero,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        set_assign();
        *fields[i] = UINT32_MAX;
        if (check(sizeof(message.request), 0) == 0)
            fail_msg("field %zu takes any number", i);
    }
    set_assign();
    message.request.assign.memory_mb = 0;
    assert_true(check(sizeof(message.request), 0) < 0);
    memset(&message, 0, sizeof(message));
    message.request.type = JAIL_BOX_NEW;
    assert_true(check(sizeof(message.request), 0) < 0);
    message.request.tmp_mb = JAIL_TMP_MB_MAX + 1;
    assert_true(check(sizeof(message.request), 0) < 0);
    set_assign();
    message.request.slot = SLOTS;
    assert_true(check(sizeof(message.request), 0) < 0);
    message.request.type = JAIL_CODE_REMOVE;
    message.request.slot = JAIL_ERRANDS_MAX;
    assert_true(check(sizeof(message.request), 0) < 0);
}

static void test_orders_name_a_process(void **state)
{
    static const struct {
        uint32_t signal, process;
        bool is_right;
    } cases[] = {
        {JAIL_SIGNAL_TERMINATE, JAIL_PROCESS_RUNTIME, true},
        {JAIL_SIGNAL_KILL, JAIL_EXTENSIONS_MAX, true},
        {JAIL_SIGNAL_KILL, JAIL_PROCESS_ALL, true},
        {JAIL_SIGNAL_TERMINATE, JAIL_PROCESS_ALL, false},
        {JAIL_SIGNAL_KILL, JAIL_PROCESS_COUNT, false},
        {JAIL_SIGNAL_COUNT, JAIL_PROCESS_RUNTIME, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&message, 0, sizeof(message));
        message.request.type = JAIL_PROCESS_SIGNAL;
        message.request.order = (struct jail_order){cases[i].signal, cases[i].process};
        if ((check(sizeof(message.request), 0) == 0) != cases[i].is_right)
            fail_msg("case %zu", i);
    }
}

static void test_events_of_extensions_are_checked(void **state)
{
    struct jail_event event = {.type = JAIL_EXTENSION_STARTED, .extension = {.process = 1}};

    (void)state;
    assert_int_equal(jail_event_check(&event, sizeof(event), SLOTS), 0);
    event.extension.process = JAIL_PROCESS_RUNTIME;
    assert_true(jail_event_check(&event, sizeof(event), SLOTS) < 0);
    event.extension.process = JAIL_PROCESS_COUNT;
    assert_true(jail_event_check(&event, sizeof(event), SLOTS) < 0);
    event.extension.process = JAIL_EXTENSIONS_MAX;
    memset(event.extension.name, 'x', sizeof(event.extension.name));
    assert_true(jail_event_check(&event, sizeof(event), SLOTS) < 0);
    event = (struct jail_event){.type = JAIL_EXTENSIONS_STARTED, .launch = JAIL_LAUNCH_OUTCOMES};
    assert_true(jail_event_check(&event, sizeof(event), SLOTS) < 0);
    event =
        (struct jail_event){.type = JAIL_PROCESS_EXITED, .exited = {.process = JAIL_PROCESS_COUNT}};
    assert_true(jail_event_check(&event, sizeof(event), SLOTS) < 0);
}

static void test_events_are_checked(void **state)
{
    struct jail_event event = {.type = JAIL_BOX_READY, .slot = SLOTS - 1};

    (void)state;
    assert_int_equal(jail_event_check(&event, sizeof(event), SLOTS), 0);
    assert_true(jail_event_check(&event, sizeof(event) - 1, SLOTS) < 0);
    event.slot = SLOTS;
    assert_true(jail_event_check(&event, sizeof(event), SLOTS) < 0);
    event.type = JAIL_FAILED + 1;
    assert_true(jail_event_check(&event, sizeof(event), SLOTS) < 0);
    event = (struct jail_event){.type = JAIL_ERRAND_DONE};
    assert_int_equal(jail_event_check(&event, sizeof(event), SLOTS), 0);
    event.errand.outcome = JAIL_ERRAND_OUTCOMES;
    assert_true(jail_event_check(&event, sizeof(event), SLOTS) < 0);
    event.errand.outcome = 0;
    memset(event.errand.text, 'x', sizeof(event.errand.text));
    assert_true(jail_event_check(&event, sizeof(event), SLOTS) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest_requests_pass),
        cmocka_unit_test(test_sizes_are_exact),
        cmocka_unit_test(test_environment_ends_with_nul),
        cmocka_unit_test(test_descriptors_are_exact),
        cmocka_unit_test(test_numbers_have_bounds),
        cmocka_unit_test(test_orders_name_a_process),
        cmocka_unit_test(test_events_are_checked),
        cmocka_unit_test(test_events_of_extensions_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
