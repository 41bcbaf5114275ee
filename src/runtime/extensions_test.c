/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/extensions.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct extensions set;
static struct extension_fault fault;

static const struct str both[] = {STR_INIT("INVOKE"), STR_INIT("SHUTDOWN")};

static struct extension *enrol(const char *name, size_t event_count)
{
    struct extension *extension =
        extensions_register(&set, str_of(name), both, event_count, &fault);

    if (!extension)
        fail_msg("%s: %s", name, fault.message);
    return extension;
}

static void next(struct extension *extension)
{
    if (!extension_next(extension, &fault))
        fail_msg("%s", fault.message);
}

static void expect_fault(const char *type, const char *message)
{
    assert_string_equal(fault.type, type);
    assert_string_equal(fault.message, message);
}

static void test_external_life(void **state)
{
    struct extension *one;

    (void)state;
    extensions_reset(&set);
    assert_true(extensions_are_registered(&set));
    extensions_add(&set, 1, "one", 0);
    assert_false(extensions_are_registered(&set));
    one = enrol("one", 2);
    assert_true(extensions_are_registered(&set));
    assert_false(extensions_are_ready(&set));
    next(one);
    assert_false(one->has_event);
    assert_true(extensions_are_ready(&set));
    extensions_send(&set, EXTENSION_ON_INVOKE);
    assert_true(one->has_event);
    assert_false(extensions_are_idle(&set));
    one->has_event = false; /* picked up */
    next(one);
    assert_true(extensions_are_idle(&set));
    extensions_send(&set, EXTENSION_ON_SHUTDOWN);
    assert_true(one->has_event);
    assert_ptr_equal(extensions_exited(&set, 1), one);
    assert_int_equal(one->state, EXTENSION_EXITED);
    assert_false(extensions_have(&set, true));
}

static void test_event_that_nobody_picked_up(void **state)
{
    struct extension *one;

    (void)state;
    extensions_reset(&set);
    one = enrol("one", 1);
    next(one);
    extensions_send(&set, EXTENSION_ON_INVOKE);
    next(one); /* its earlier call was lost: it gets the event now */
    assert_true(one->has_event);
    assert_int_equal(one->state, EXTENSION_RUNNING);
}

static void test_shutdown_waits_for_the_busy(void **state)
{
    struct extension *one, *two;

    (void)state;
    extensions_reset(&set);
    extensions_add(&set, 1, "one", 0);
    extensions_add(&set, 2, "two", 0);
    one = enrol("one", 2);
    two = enrol("two", 1);
    next(one);
    next(two);
    extensions_send(&set, EXTENSION_ON_INVOKE);
    one->has_event = two->has_event = false;
    extensions_send(&set, EXTENSION_ON_SHUTDOWN);
    assert_false(one->has_event);
    next(one);
    assert_true(one->has_event);
    next(two); /* has not asked for it */
    assert_false(two->has_event);
}

static void test_registration_rules(void **state)
{
    const struct str wrong = STR("START");
    char name[16];

    (void)state;
    extensions_reset(&set);
    extensions_add(&set, 1, "outer", 0);
    assert_null(extensions_register(&set, STR(""), NULL, 0, &fault));
    expect_fault("Extension.InvalidExtensionName", "Empty extension name");
    assert_null(extensions_register(&set, STR("outer"), &wrong, 1, &fault));
    expect_fault("Extension.InvalidEventType", "START: ErrorInvalidEventType");
    assert_null(extensions_register(&set, STR("inner"), both, 2, &fault));
    expect_fault("Extension.InvalidEventType",
                 "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension");
    (void)enrol("outer", 2);
    assert_null(extensions_register(&set, STR("outer"), both, 2, &fault));
    expect_fault("Extension.InvalidExtensionState",
                 "State transition from Registered to Registered failed for extension outer. "
                 "Error: State transition is not allowed");
    (void)enrol("inner", 0);
    assert_null(extensions_register(&set, STR("inner"), NULL, 0, &fault));
    expect_fault("Extension.InvalidExtensionState", "Extension with this name already registered");
    for (unsigned i = 2; i < EXTENSIONS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "inner-%u", i);
        (void)enrol(name, 1);
    }
    assert_null(extensions_register(&set, STR("more"), NULL, 0, &fault));
    expect_fault("Extension.TooManyExtensions", "Extension limit (10) reached");
    set.is_internal_closed = true;
    assert_null(extensions_register(&set, STR("late"), NULL, 0, &fault));
    expect_fault("Extension.RegistrationClosed", "Extension registration closed already");
}

static void test_identifiers(void **state)
{
    struct extension *one;

    (void)state;
    extensions_reset(&set);
    extensions_add(&set, 1, "silent", 0); /* without an identifier */
    one = enrol("one", 1);
    assert_ptr_equal(extensions_find(&set, str_of(one->id), "Unknown ", &fault), one);
    assert_null(extensions_find(&set, STR_NONE, "Unknown ", &fault));
    expect_fault("Extension.MissingExtensionIdentifier",
                 "Missing Lambda-Extension-Identifier header");
    assert_null(extensions_find(&set, STR("one"), "Unknown ", &fault));
    expect_fault("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier");
    assert_null(
        extensions_find(&set, STR("8476a536-e9f4-11e8-9739-2dfe598c3fcd"), "Unknown ", &fault));
    expect_fault("Extension.UnknownExtensionIdentifier",
                 "Unknown 8476a536-e9f4-11e8-9739-2dfe598c3fcd");
}

static void test_errors(void **state)
{
    struct extension *one;
    bool is_new;

    (void)state;
    extensions_reset(&set);
    one = enrol("one", 1);
    assert_true(extension_error(one, EXTENSION_INIT_ERROR, STR("Extension.Bad"), &is_new, &fault));
    assert_true(is_new);
    assert_string_equal(one->error_type, "Extension.Bad");
    assert_true(extension_error(one, EXTENSION_INIT_ERROR, STR("Extension.Bad"), &is_new, &fault));
    assert_false(is_new);
    assert_false(extension_error(one, EXTENSION_EXIT_ERROR, STR("x"), &is_new, &fault));
    assert_false(extension_next(one, &fault));
    expect_fault("Extension.InvalidExtensionState",
                 "State transition from InitError to Ready failed for extension one. Error: State "
                 "transition is not allowed");
    one = enrol("two", 1);
    next(one);
    assert_false(extension_error(one, EXTENSION_INIT_ERROR, STR("x"), &is_new, &fault));
    expect_fault("Extension.InvalidExtensionState",
                 "State transition from Ready to InitError failed for extension two. Error: State "
                 "transition is not allowed");
    assert_true(extension_error(one, EXTENSION_EXIT_ERROR, STR("x"), &is_new, &fault));
}

static void test_launch_errors(void **state)
{
    (void)state;
    extensions_reset(&set);
    extensions_add(&set, 1, "closed", EACCES);
    extensions_add(&set, 2, "broken", ENOEXEC);
    assert_string_equal(set.list[0].error_type, "PermissionDenied");
    assert_string_equal(set.list[1].error_type, "UnknownError");
    assert_string_equal(extension_state_name(set.list[0].state), "LaunchError");
    assert_true(extensions_are_registered(&set));
    assert_false(extensions_have(&set, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_external_life),
        cmocka_unit_test(test_event_that_nobody_picked_up),
        cmocka_unit_test(test_shutdown_waits_for_the_busy),
        cmocka_unit_test(test_registration_rules),
        cmocka_unit_test(test_identifiers),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_launch_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
