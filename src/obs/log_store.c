/* SPDX-License-Identifier: Apache-2.0 */
#include "obs/log_store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "base/must.h"

enum {
    LOG_PATH_BYTES = 512,
    EVENT_COST_BYTES = 100,    /* what an event takes beside its message */
    RESUME_BYTES = 256 * 1024, /* so much must be allowed again before logging goes on */
};
static_assert(RESUME_BYTES + LIMIT_LOG_EVENT_BYTES < LIMIT_LOG_BURST_BYTES, "it never would");

struct log_store {
    uv_loop_t *loop;
    char *dir;         /* owned */
    struct map files;  /* path → struct log_file */
    struct list dirty; /* files with pending bytes and no job */
    uv_timer_t *timer; /* owned until closed by libuv */
    uint64_t dropped;
    uint64_t stamp_s; /* the second that stamp shows */
    char stamp[CLOCK_TEXT_BYTES];
};

struct log_file {
    struct log_store *store; /* borrowed, outlives us */
    struct list dirty_node;
    char path[LOG_PATH_BYTES];
    size_t streams;
    struct buf pending;
    bool writing;
    bool is_begun; /* this daemon has written to it */
};

struct log_stream {
    struct log_file *file; /* counted in file->streams */
    uint64_t allowance;    /* bytes that may be logged yet */
    uint64_t allowed_ns;   /* when that was made up last */
    uint64_t dropped;      /* events, since the last one that was taken */
    uint64_t dropped_bytes;
    char name[];
};

struct log_job {
    uv_work_t work;
    struct log_file *file;
    char *bytes; /* owned */
    size_t len;
    bool is_first; /* of this daemon in this file */
    int result;
};

#define FILE_FLAGS (O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW)

/* Make the folders above the file; the last component is the file itself. */
static int make_parents(char *path)
{
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST) {
            *at = '/';
            return err_new(-errno);
        }
        *at = '/';
    }
    return 0;
}

/* Keep one older file when this one is full. */
static void rotate(const char *path, int *fd)
{
    char older[LOG_PATH_BYTES + 2];
    struct stat st;

    if (fstat(*fd, &st) < 0 || st.st_size < LIMIT_LOG_FILE_BYTES)
        return;
    (void)snprintf(older, sizeof(older), "%s.1", path);
    if (rename(path, older) < 0)
        return;
    close_fdp(fd);
    *fd = open(path, FILE_FLAGS, 0640);
}

/* A daemon that was killed may have left half a line: the next one begins on its own. */
static int end_torn_line(int fd)
{
    struct stat st;
    char last;

    if (fstat(fd, &st) < 0)
        return err_new(-errno);
    if (st.st_size == 0 || pread(fd, &last, 1, st.st_size - 1) != 1 || last == '\n')
        return 0;
    return fd_write_full(fd, "\n", 1);
}

/* Runs on the worker pool (and at the end on the loop thread). is_first: of this daemon. */
static int append(const char *path, bool is_first, const char *bytes, size_t len)
{
    CLEANUP(close_fdp) int fd = -1;
    char parents[LOG_PATH_BYTES];
    int r;

    fd = open(path, FILE_FLAGS, 0640);
    if (fd < 0 && errno == ENOENT) {
        (void)snprintf(parents, sizeof(parents), "%s", path);
        r = make_parents(parents);
        if (r < 0)
            return err_pass(r);
        fd = open(path, FILE_FLAGS, 0640);
    }
    if (fd < 0)
        return err_new(-errno);
    rotate(path, &fd);
    if (fd < 0)
        return err_new(-errno);
    r = is_first ? end_torn_line(fd) : 0;
    if (!r)
        r = fd_write_full(fd, bytes, len);
    return r < 0 ? err_pass(r) : 0;
}

static void job_work(uv_work_t *work)
{
    struct log_job *job = container_of(work, struct log_job, work);

    job->result = append(job->file->path, job->is_first, job->bytes, job->len);
}

static void file_free_if_unused(struct log_file *file)
{
    if (file->streams || file->writing || file->pending.len)
        return;
    (void)map_remove(&file->store->files, str_of(file->path));
    list_remove(&file->dirty_node);
    buf_deinit(&file->pending);
    free(file);
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct log_file *file)
{
    struct log_store *store = file->store;

    if (file->writing || !list_is_empty(&file->dirty_node))
        return;
    list_push_back(&store->dirty, &file->dirty_node);
    if (!uv_is_active((uv_handle_t *)store->timer))
        (void)uv_timer_start(store->timer, on_timer, LOG_FLUSH_MS, 0);
}

static void job_done(uv_work_t *work, int status)
{
    struct log_job *job = container_of(work, struct log_job, work);
    struct log_file *file = job->file;

    file->writing = false;
    if (status < 0 || job->result < 0)
        file->store->dropped++;
    else
        file->is_begun = true;
    free(job->bytes);
    free(job);
    if (file->pending.len)
        schedule(file);
    else
        file_free_if_unused(file);
}

static void flush(struct log_file *file)
{
    struct log_job *job = calloc(1, sizeof(*job));

    if (job)
        job->bytes = buf_steal(&file->pending, &job->len);
    if (!job || !job->bytes) {
        free(job);
        schedule(file); /* memory may be there next time */
        return;
    }
    job->file = file;
    job->is_first = !file->is_begun;
    file->writing = true;
    must(uv_queue_work(file->store->loop, &job->work, job_work, job_done) == 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct log_store *store = timer->data;
    struct list ready;

    list_init(&ready);
    while (!list_is_empty(&store->dirty)) {
        struct list *node = list_first(&store->dirty);

        list_remove(node);
        list_push_back(&ready, node);
    }
    while (!list_is_empty(&ready)) {
        struct list *node = list_first(&ready);

        list_remove(node);
        flush(container_of(node, struct log_file, dirty_node));
    }
}

int log_store_new(struct log_store **ret_store, uv_loop_t *loop, const char *dir,
                  struct reason *why)
{
    struct log_store *store;

    if (mkdir(dir, 0750) < 0 && errno != EEXIST) {
        int r = err_new(-errno);

        reason_set_errno(why, r, "cannot make the folder %s", dir);
        return r;
    }
    store = calloc(1, sizeof(*store));
    if (!store)
        return err_new(-ENOMEM);
    store->dir = strdup(dir);
    store->timer = calloc(1, sizeof(*store->timer));
    if (!store->dir || !store->timer) {
        free(store->dir);
        free(store->timer);
        free(store);
        return err_new(-ENOMEM);
    }
    store->loop = loop;
    map_init(&store->files);
    list_init(&store->dirty);
    must(uv_timer_init(loop, store->timer) == 0);
    store->timer->data = store;
    uv_unref((uv_handle_t *)store->timer);
    *ret_store = store;
    return 0;
}

static void timer_closed(uv_handle_t *handle)
{
    free(handle);
}

void log_store_flush(struct log_store *store)
{
    map_for_each (entry, &store->files) {
        struct log_file *file = entry->value;

        if (file->pending.len)
            (void)append(file->path, !file->is_begun, file->pending.ptr, file->pending.len);
        buf_clear(&file->pending);
    }
}

struct log_store *log_store_free(struct log_store *store)
{
    if (!store)
        return NULL;
    /* Jobs that run now finish first: their results come through the loop. */
    for (;;) {
        bool writing = false;

        map_for_each (entry, &store->files)
            writing |= ((struct log_file *)entry->value)->writing;
        if (!writing)
            break;
        (void)uv_run(store->loop, UV_RUN_ONCE);
    }
    log_store_flush(store);
    map_for_each (entry, &store->files) {
        struct log_file *file = entry->value;

        must(file->streams == 0);
        buf_deinit(&file->pending);
        free(file);
    }
    map_deinit(&store->files);
    uv_close((uv_handle_t *)store->timer, timer_closed);
    free(store->dir);
    free(store);
    return NULL;
}

uint64_t log_store_dropped(const struct log_store *store)
{
    return store->dropped;
}

static int file_open(struct log_file **ret_file, struct log_store *store, const char *path)
{
    struct log_file *file = map_get(&store->files, str_of(path));
    int r;

    if (!file) {
        file = calloc(1, sizeof(*file));
        if (!file)
            return err_new(-ENOMEM);
        file->store = store;
        list_init(&file->dirty_node);
        file->pending.max = LOG_PENDING_BYTES_MAX + LOG_PLATFORM_BYTES_MAX;
        memcpy(file->path, path, strlen(path) + 1);
        r = map_put(&store->files, str_of(file->path), file);
        if (r < 0) {
            free(file);
            return err_pass(r);
        }
    }
    *ret_file = file;
    return 0;
}

int log_stream_open(struct log_stream **ret_stream, struct log_store *store, struct str account,
                    struct str region, struct str function, struct str stream_name)
{
    struct log_stream *stream;
    struct log_file *file = NULL;
    char path[LOG_PATH_BYTES];
    int len;
    int r;

    len = snprintf(path, sizeof(path), "%s/%.*s/%.*s/%.*s.log", store->dir, STR_FMT(account),
                   STR_FMT(region), STR_FMT(function));
    if (len < 0 || (size_t)len >= sizeof(path))
        return err_new(-ENAMETOOLONG);
    stream = malloc(sizeof(*stream) + stream_name.len + 1);
    if (!stream)
        return err_new(-ENOMEM);
    r = file_open(&file, store, path);
    if (r < 0) {
        free(stream);
        return err_pass(r);
    }
    file->streams++;
    stream->file = file;
    stream->allowance = LIMIT_LOG_BURST_BYTES;
    stream->allowed_ns = clock_mono_ns();
    stream->dropped = 0;
    stream->dropped_bytes = 0;
    memcpy(stream->name, stream_name.ptr, stream_name.len);
    stream->name[stream_name.len] = '\0';
    *ret_stream = stream;
    return 0;
}

/* Time stamps of one second share all but the milliseconds; formatting them is most of the cost. */
static void append_stamp(struct log_store *store, struct buf *buf, uint64_t real_ms)
{
    unsigned ms = (unsigned)(real_ms % 1000);
    char text[6] = {
        '.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10), 'Z', '\t'};

    if (real_ms / 1000 != store->stamp_s || !store->stamp[0]) {
        store->stamp_s = real_ms / 1000;
        (void)clock_format_z(store->stamp, real_ms);
    }
    (void)buf_append(buf, store->stamp, sizeof("2025-11-25T02:26:54") - 1);
    (void)buf_append(buf, text, sizeof(text));
}

static void append_message(struct buf *buf, struct str message)
{
    struct str line;

    if (message.len && message.ptr[message.len - 1] == '\n')
        message.len--;
    for (bool first = true; str_next(&message, '\n', &line); first = false) {
        if (!first)
            (void)buf_append_char(buf, '\t');
        (void)buf_append_str(buf, line);
        (void)buf_append_char(buf, '\n');
    }
}

static void append_event(struct log_stream *stream, uint64_t real_ms, struct str message)
{
    struct buf *buf = &stream->file->pending;

    append_stamp(stream->file->store, buf, real_ms);
    (void)buf_append_str(buf, str_of(stream->name));
    (void)buf_append_char(buf, '\t');
    append_message(buf, message);
}

static bool try_append(struct log_stream *stream, uint64_t real_ms, struct str message)
{
    struct buf *pending = &stream->file->pending;
    size_t before = pending->len;

    append_event(stream, real_ms, message);
    if (!buf_failed(pending))
        return true;
    pending->failed = false;
    pending->len = before;
    return false;
}

static void drop(struct log_stream *stream, struct str message)
{
    stream->dropped++;
    stream->dropped_bytes += message.len;
    stream->file->store->dropped++;
}

static void say_dropped(struct log_stream *stream, uint64_t real_ms)
{
    char note[128];
    int len =
        snprintf(note, sizeof(note), "lambd dropped %llu log events (%llu bytes) here",
                 (unsigned long long)stream->dropped, (unsigned long long)stream->dropped_bytes);

    if (!stream->dropped || !try_append(stream, real_ms, str_make(note, (size_t)len)))
        return;
    stream->dropped = 0;
    stream->dropped_bytes = 0;
}

/* The clock is asked only when the allowance is used up: what came in between is then made up. */
static bool is_allowed(struct log_stream *stream, uint64_t bytes)
{
    uint64_t wanted = stream->dropped ? bytes + RESUME_BYTES : bytes;
    uint64_t now_ns;

    if (stream->allowance < wanted) {
        now_ns = clock_mono_ns();
        stream->allowance +=
            (now_ns - stream->allowed_ns) / NS_PER_MS * (LIMIT_LOG_BYTES_PER_S / 1000);
        if (stream->allowance > LIMIT_LOG_BURST_BYTES)
            stream->allowance = LIMIT_LOG_BURST_BYTES;
        stream->allowed_ns = now_ns - (now_ns - stream->allowed_ns) % NS_PER_MS;
    }
    if (stream->allowance < wanted)
        return false;
    stream->allowance -= bytes;
    return true;
}

struct log_stream *log_stream_close(struct log_stream *stream)
{
    if (!stream)
        return NULL;
    if (stream->dropped) {
        say_dropped(stream, clock_real_ms());
        schedule(stream->file);
    }
    stream->file->streams--;
    file_free_if_unused(stream->file);
    free(stream);
    return NULL;
}

void log_stream_write(struct log_stream *stream, uint64_t real_ms, struct str message)
{
    say_dropped(stream, real_ms);
    if (!try_append(stream, real_ms, message))
        drop(stream, message);
    schedule(stream->file);
}

void log_stream_write_output(struct log_stream *stream, uint64_t real_ms, struct str message)
{
    uint64_t bytes = message.len + EVENT_COST_BYTES;

    if (stream->file->pending.len + bytes > LOG_PENDING_BYTES_MAX || !is_allowed(stream, bytes))
        drop(stream, message);
    else
        log_stream_write(stream, real_ms, message);
}
