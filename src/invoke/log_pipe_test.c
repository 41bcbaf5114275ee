/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/log_pipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/limits.h"

struct fixture {
    uv_loop_t loop;
    int write_fd;
    struct log_pipe *pipe;
    struct buf seen; /* events, each ended by '|' */
};

static void on_line(void *owner, struct str line)
{
    struct fixture *f = owner;

    (void)buf_append_str(&f->seen, line);
    (void)buf_append_char(&f->seen, '|');
}

static const struct log_pipe_ops ops = {on_line};

static void fixture_init(struct fixture *f)
{
    int fds[2];

    *f = (struct fixture){0};
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(log_pipe_new(&f->pipe, &f->loop, fds[0], &ops, f), 0);
    f->write_fd = fds[1];
}

static void fixture_deinit(struct fixture *f)
{
    f->pipe = log_pipe_free(f->pipe);
    close_fdp(&f->write_fd);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    buf_deinit(&f->seen);
}

static void put(struct fixture *f, const char *text)
{
    assert_int_equal(fd_write_full(f->write_fd, text, strlen(text)), 0);
}

static void splits_as_aws_does(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    put(&f, "\nmulti\nline\nstring\nanother\rline\n\n");
    (void)uv_run(&f.loop, UV_RUN_ONCE);
    assert_true(str_eq(buf_str(&f.seen), STR("multi|line|string|another\rline|")));
    fixture_deinit(&f);
}

static void a_line_may_come_in_pieces(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    put(&f, "one\ntw");
    (void)uv_run(&f.loop, UV_RUN_ONCE);
    assert_true(str_eq(buf_str(&f.seen), STR("one|")));
    put(&f, "o\nthree");
    log_pipe_drain(f.pipe);
    assert_true(str_eq(buf_str(&f.seen), STR("one|two|three|")));
    fixture_deinit(&f);
}

/* As the loop does it, until all is read. */
static void read_all(struct fixture *f)
{
    int waiting;

    do {
        (void)uv_run(&f->loop, UV_RUN_NOWAIT);
        assert_int_equal(ioctl(f->write_fd, FIONREAD, &waiting), 0);
    } while (waiting);
}

static void a_long_line_is_split(void **state)
{
    static char text[60000];
    struct fixture f;
    struct str seen, event;
    size_t events = 0;

    (void)state;
    memset(text, 'x', sizeof(text));
    fixture_init(&f);
    put(&f, "short\n");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fd_write_full(f.write_fd, text, sizeof(text)), 0);
        read_all(&f);
    }
    put(&f, "\n");
    log_pipe_drain(f.pipe);
    seen = buf_str(&f.seen);
    assert_true(str_next(&seen, '|', &event) && event.len == 5);
    for (size_t left = 10 * sizeof(text); left; left -= event.len, events++) {
        assert_true(str_next(&seen, '|', &event));
        assert_int_equal(event.len, left < LIMIT_LOG_EVENT_BYTES ? left : LIMIT_LOG_EVENT_BYTES);
    }
    assert_int_equal(events, 3);
    fixture_deinit(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_as_aws_does),
        cmocka_unit_test(a_line_may_come_in_pieces),
        cmocka_unit_test(a_long_line_is_split),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
