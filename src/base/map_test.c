/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MANY = 5000 };

struct thing {
    char name[16];
    int seen;
};

static void finds_what_was_put(void **state)
{
    static struct thing things[MANY];
    struct map map;

    (void)state;
    map_init(&map);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(things[i].name, sizeof(things[i].name), "k%d", i);
        assert_int_equal(map_put(&map, str_of(things[i].name), &things[i]), MAP_OK);
    }
    assert_int_equal(map_put(&map, STR("k17"), &things[0]), MAP_EXISTS);
    for (int i = 0; i < MANY; i += 2)
        assert_ptr_equal(map_remove(&map, str_of(things[i].name)), &things[i]);
    assert_null(map_remove(&map, STR("k0")));
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(map_get(&map, str_of(things[i].name)), i % 2 ? &things[i] : NULL);
    map_for_each (entry, &map)
        ((struct thing *)entry->value)->seen++;
    for (int i = 0; i < MANY; i++)
        assert_int_equal(things[i].seen, i % 2);
    assert_int_equal(map.count, MANY / 2);
    map_deinit(&map);
}

static void accepts_the_empty_key(void **state)
{
    struct map map;
    int value = 1;

    (void)state;
    map_init(&map);
    assert_null(map_get(&map, STR("")));
    assert_int_equal(map_put(&map, STR(""), &value), MAP_OK);
    assert_ptr_equal(map_get(&map, STR("")), &value);
    map_deinit(&map);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_put),
        cmocka_unit_test(accepts_the_empty_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
