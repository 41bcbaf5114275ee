/* SPDX-License-Identifier: Apache-2.0 */

#include "async/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"

/* A queue whose attempts are paused, and a store whose scans the test answers. */
struct fixture {
    uv_loop_t loop;
    struct store store;
    struct async async;
    struct async_queue *queue;
    struct arena arena;
    struct str row;
};

static void nothing(struct store *store, struct store_scan *scan)
{
    (void)store;
    (void)scan;
}

static int setup(void **state)
{
    static const struct store_ops ops = {.scan = nothing};
    static struct fixture fx;
    const struct function_id id = {STR("123456789012"), STR("us-east-1"), STR("f")};
    const struct async_event event = {.request_id = STR("id"), .payload = STR("{}")};
    struct buf row = {0};

    fx = (struct fixture){.store = {&ops}};
    assert_int_equal(uv_loop_init(&fx.loop), 0);
    arena_init(&fx.arena);
    fx.async.options = (struct async_options){.loop = &fx.loop, .store = &fx.store};
    async_clock_start(&fx.async.clock, NULL, STR(""), clock_mono_ns() / NS_PER_MS, clock_real_ms());
    map_init(&fx.async.queues);
    async_event_encode(&row, &event);
    fx.row = arena_str(&fx.arena, buf_str(&row));
    buf_deinit(&row);
    fx.queue = async_queue_make(&fx.async, async_queue_key(&fx.arena, &id));
    assert_non_null(fx.queue);
    fx.queue->next_due = 1;
    fx.queue->paused_until = UINT64_MAX;
    fx.async.runs = true;
    async_queue_pump(fx.queue);
    assert_true(fx.queue->is_loading);
    *state = &fx;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;

    fx->queue->set_aside = 0;
    fx->queue->scan.on_done(&fx->queue->scan, 0); /* there is no more: the queue goes */
    (void)uv_run(&fx->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fx->loop), 0);
    assert_int_equal(fx->async.handles, 0);
    map_deinit(&fx->async.queues);
    arena_deinit(&fx->arena);
    return 0;
}

static struct str key_of(struct fixture *fx, uint64_t number)
{
    const struct async_place place = {1, number};

    return async_row_key(&fx->arena, fx->queue->key, &place);
}

/* As the store does. */
static void give(struct fixture *fx, uint64_t number, struct str row)
{
    const struct store_record record = {.key = key_of(fx, number), .value = row};

    fx->queue->scan.seen++;
    fx->queue->scan.on_record(&fx->queue->scan, &record);
}

static void take_ready(struct async_queue *queue)
{
    struct list *node;

    while ((node = list_first(&queue->ready)) != NULL)
        (void)async_item_free(container_of(node, struct async_item, node));
    queue->ready_count = 0;
    queue->ready_bytes = 0;
}

/* Events may be started between two pages, so that the window has room for all that was asked for:
 * those behind must be read, too. */
static void test_all_fit(void **state)
{
    struct fixture *fx = *state;
    struct store_scan *scan = &fx->queue->scan;
    uint64_t max = scan->max;

    for (uint64_t i = 1; i <= max; i++) {
        give(fx, i, fx->row);
        take_ready(fx->queue);
        assert_false(scan->stop);
    }
    scan->on_done(scan, 0);
    assert_true(fx->queue->is_loading);
    assert_true(str_eq(scan->after, key_of(fx, max)));
}

static void test_full(void **state)
{
    struct fixture *fx = *state;
    struct store_scan *scan = &fx->queue->scan;

    for (uint64_t i = 1; !scan->stop; i++)
        give(fx, i, fx->row);
    scan->on_done(scan, 0);
    assert_false(fx->queue->is_loading);
    assert_int_equal(fx->queue->ready_count, ASYNC_WINDOW_EVENTS);
    take_ready(fx->queue);
    async_queue_pump(fx->queue);
    assert_true(fx->queue->is_loading);
    assert_true(str_eq(scan->after, key_of(fx, ASYNC_WINDOW_EVENTS)));
}

static void test_unreadable(void **state)
{
    struct fixture *fx = *state;
    struct store_scan *scan = &fx->queue->scan;
    uint64_t max = scan->max;

    for (uint64_t i = 1; i <= max; i++)
        give(fx, i, STR("no event"));
    scan->on_done(scan, 0);
    assert_true(fx->queue->is_loading);
    assert_true(str_eq(scan->after, key_of(fx, max)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
