/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/telemetry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json_check.h"
#include "base/json_writer.h"
#include "base/list.h"
#include "base/must.h"
#include "runtime/sink.h"
#include "runtime/telemetry_internal.h"

enum {
    INIT_BYTES_MAX = 1048576, /* of events that are kept for those who subscribe later */
};

/* One event of the init. Its text follows. */
struct kept_event {
    struct list node;
    enum subscription_type type;
    unsigned audience; /* of a platform event */
    bool json;         /* of a line, see telemetry_line() */
    uint64_t real_ms;
    size_t len;
    char text[];
};

/* ---- life ---- */

int telemetry_new(struct telemetry **ret_telemetry, uv_loop_t *loop, struct extensions *set,
                  const struct telemetry_ops *ops, void *owner)
{
    struct telemetry *telemetry = calloc(1, sizeof(*telemetry));

    if (!telemetry)
        return err_new(-ENOMEM);
    telemetry->loop = loop;
    telemetry->set = set;
    telemetry->ops = ops;
    telemetry->owner = owner;
    list_init(&telemetry->subscribers);
    list_init(&telemetry->kept);
    list_init(&telemetry->bodies);
    *ret_telemetry = telemetry;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle);
}

void telemetry_unsubscribe(struct subscriber *subscriber)
{
    list_remove(&subscriber->node);
    subscriber->sink = sink_free(subscriber->sink);
    buf_deinit(&subscriber->batch);
    uv_close((uv_handle_t *)subscriber->timer, on_timer_closed);
    free(subscriber);
}

static void forget_kept(struct telemetry *telemetry)
{
    list_for_each_safe (node, &telemetry->kept) {
        list_remove(node);
        free(container_of(node, struct kept_event, node));
    }
    telemetry->kept_bytes = 0;
}

void telemetry_reset(struct telemetry *telemetry)
{
    while (!list_is_empty(&telemetry->subscribers))
        telemetry_unsubscribe(
            container_of(list_first(&telemetry->subscribers), struct subscriber, node));
    telemetry_drop_requests(telemetry);
    forget_kept(telemetry);
    telemetry->is_closed = false;
}

struct telemetry *telemetry_free(struct telemetry *telemetry)
{
    if (!telemetry)
        return NULL;
    telemetry_reset(telemetry);
    free(telemetry);
    return NULL;
}

void telemetry_close(struct telemetry *telemetry)
{
    telemetry->is_closed = true;
    forget_kept(telemetry);
}

void telemetry_each(struct telemetry *telemetry,
                    void (*visit)(void *owner, const struct extension *extension,
                                  const struct subscription *subscription),
                    void *owner)
{
    list_for_each (node, &telemetry->subscribers) {
        const struct subscriber *subscriber = container_of(node, struct subscriber, node);

        visit(owner, subscriber->extension, &subscriber->subscription);
    }
}

/* ---- batches ---- */

static void send_batch(struct subscriber *subscriber)
{
    struct buf batch = {0};
    bool is_http = subscriber->subscription.is_http;

    (void)uv_timer_stop(subscriber->timer);
    if (!subscriber->items || sink_is_busy(subscriber->sink))
        return; /* it goes when the sink has done with the one before */
    if (is_http)
        (void)buf_append_char(&batch, '[');
    (void)buf_append_str(&batch, buf_str(&subscriber->batch));
    if (is_http)
        (void)buf_append_char(&batch, ']');
    if (!buf_failed(&batch)) {
        buf_clear(&subscriber->batch);
        subscriber->items = 0;
        sink_send(subscriber->sink, &batch);
    }
    buf_deinit(&batch);
}

static void on_timer(uv_timer_t *timer)
{
    send_batch(timer->data);
}

/* Room for as much again while a batch is under way; what comes beyond that is lost. */
static bool has_room(const struct subscriber *subscriber, size_t len)
{
    return subscriber->items < subscriber->subscription.items_max &&
           subscriber->batch.len + len <= subscriber->subscription.bytes_max;
}

static void append(struct subscriber *subscriber, struct str event)
{
    struct buf *batch = &subscriber->batch;

    if (subscriber->items && subscriber->subscription.is_http)
        (void)buf_append_char(batch, ',');
    (void)buf_append_str(batch, event);
    if (!subscriber->subscription.is_http)
        (void)buf_append_char(batch, '\n');
    if (!subscriber->items++ && !sink_is_busy(subscriber->sink))
        must(uv_timer_start(subscriber->timer, on_timer, subscriber->subscription.timeout_ms, 0) ==
             0);
}

static void say_dropped(struct subscriber *subscriber)
{
    bool is_logs = subscriber->subscription.api == SUBSCRIPTION_LOGS;
    CLEANUP(buf_deinit) struct buf event = {0};
    char stamp[CLOCK_TEXT_BYTES];

    (void)buf_printf(&event,
                     "{\"time\":\"%s\",\"type\":\"platform.logsDropped\",\"record\":{\"reason\":"
                     "\"%s\",\"droppedRecords\":%llu,\"droppedBytes\":%llu}}",
                     clock_format_z(stamp, clock_real_ms()),
                     is_logs ? "Consumer seems to have fallen behind as it has not acknowledged "
                               "receipt of logs."
                             : "Some logs were dropped because the downstream consumer is slower "
                               "than the logs production rate",
                     (unsigned long long)subscriber->dropped_items,
                     (unsigned long long)subscriber->dropped_bytes);
    subscriber->dropped_items = subscriber->dropped_bytes = 0;
    append(subscriber, buf_str(&event));
}

static void add(struct subscriber *subscriber, struct str event)
{
    if (!has_room(subscriber, event.len))
        send_batch(subscriber);
    if (subscriber->items && !has_room(subscriber, event.len)) {
        subscriber->dropped_items++;
        subscriber->dropped_bytes += event.len;
        return;
    }
    if (subscriber->dropped_items && subscriber->subscription.types & SUBSCRIPTION_PLATFORM)
        say_dropped(subscriber);
    append(subscriber, event);
    if (!has_room(subscriber, 0))
        send_batch(subscriber);
}

void telemetry_flush(struct telemetry *telemetry)
{
    list_for_each (node, &telemetry->subscribers)
        send_batch(container_of(node, struct subscriber, node));
}

/* ---- events ---- */

static bool is_for(const struct subscription *subscription, unsigned audience)
{
    if (subscription->api == SUBSCRIPTION_TELEMETRY)
        return audience & TELEMETRY_FOR_TELEMETRY;
    return audience & TELEMETRY_FOR_LOGS ||
           (audience & TELEMETRY_FOR_LOGS_2 && subscription->has_runtime_done);
}

static void give_platform(struct subscriber *subscriber, unsigned audience, struct str event)
{
    if (subscriber->subscription.types & SUBSCRIPTION_PLATFORM &&
        is_for(&subscriber->subscription, audience))
        add(subscriber, event);
}

static bool is_object(struct str line)
{
    struct json_check check;

    if (!str_starts_with(line, STR("{")))
        return false;
    json_check_init(&check);
    return json_check_feed(&check, line.ptr, line.len) && json_check_end(&check);
}

static void give_line(struct subscriber *subscriber, enum subscription_type type, uint64_t real_ms,
                      struct str line, bool json)
{
    CLEANUP(buf_deinit) struct buf event = {0};
    char stamp[CLOCK_TEXT_BYTES];

    if (!(subscriber->subscription.types & type))
        return;
    (void)buf_printf(&event,
                     "{\"time\":\"%s\",\"type\":\"%s\",\"record\":", clock_format_z(stamp, real_ms),
                     type == SUBSCRIPTION_FUNCTION ? "function" : "extension");
    if (json && subscriber->subscription.has_json_records && is_object(line))
        (void)buf_append_str(&event, line);
    else
        json_append_quoted(&event, line);
    (void)buf_append_char(&event, '}');
    if (!buf_failed(&event))
        add(subscriber, buf_str(&event));
}

static void keep(struct telemetry *telemetry, const struct kept_event *event, struct str text)
{
    struct kept_event *kept;

    if (telemetry->is_closed || telemetry->kept_bytes + text.len > INIT_BYTES_MAX)
        return;
    kept = malloc(sizeof(*kept) + text.len);
    if (!kept)
        return;
    memcpy(kept, event, sizeof(*kept));
    kept->len = text.len;
    memcpy(kept->text, text.ptr, text.len);
    list_init(&kept->node);
    list_push_back(&telemetry->kept, &kept->node);
    telemetry->kept_bytes += sizeof(*kept) + text.len;
}

static void replay(struct subscriber *subscriber)
{
    list_for_each (node, &subscriber->telemetry->kept) {
        const struct kept_event *kept = container_of(node, struct kept_event, node);
        struct str text = str_make(kept->text, kept->len);

        if (kept->type == SUBSCRIPTION_PLATFORM)
            give_platform(subscriber, kept->audience, text);
        else
            give_line(subscriber, kept->type, kept->real_ms, text, kept->json);
    }
}

bool telemetry_wants(const struct telemetry *telemetry, enum subscription_type type)
{
    if (!telemetry->is_closed)
        return true;
    list_for_each (node, &telemetry->subscribers)
        if (container_of(node, struct subscriber, node)->subscription.types & type)
            return true;
    return false;
}

void telemetry_platform(struct telemetry *telemetry, unsigned audience, struct str event)
{
    const struct kept_event kept = {.type = SUBSCRIPTION_PLATFORM, .audience = audience};

    if (str_ends_with(event, STR("\n")))
        event = str_sub(event, 0, event.len - 1);
    list_for_each (node, &telemetry->subscribers)
        give_platform(container_of(node, struct subscriber, node), audience, event);
    keep(telemetry, &kept, event);
}

void telemetry_line(struct telemetry *telemetry, enum subscription_type type, uint64_t real_ms,
                    struct str line, bool json)
{
    const struct kept_event kept = {.type = type, .json = json, .real_ms = real_ms};

    list_for_each (node, &telemetry->subscribers)
        give_line(container_of(node, struct subscriber, node), type, real_ms, line, json);
    keep(telemetry, &kept, line);
}

/* ---- sockets ---- */

static void on_socket_wanted(void *owner, struct sink *sink)
{
    struct subscriber *subscriber = owner;

    (void)sink;
    subscriber->wants_socket = true;
    subscriber->telemetry->ops->socket_wanted(subscriber->telemetry->owner);
}

static void on_sent(void *owner, struct sink *sink)
{
    struct subscriber *subscriber = owner;

    (void)sink;
    /* What has gathered meanwhile has waited long enough. */
    send_batch(subscriber);
}

static const struct sink_ops sink_ops = {on_socket_wanted, on_sent};

void telemetry_give_socket(struct telemetry *telemetry, int fd)
{
    list_for_each (node, &telemetry->subscribers) {
        struct subscriber *subscriber = container_of(node, struct subscriber, node);

        if (!subscriber->wants_socket)
            continue;
        subscriber->wants_socket = false;
        sink_connect(subscriber->sink, fd);
        return;
    }
    close_fdp(&fd);
}

/* ---- subscribers ---- */

struct subscriber *telemetry_find(struct telemetry *telemetry, const struct extension *extension)
{
    list_for_each (node, &telemetry->subscribers) {
        struct subscriber *subscriber = container_of(node, struct subscriber, node);

        if (subscriber->extension == extension)
            return subscriber;
    }
    return NULL;
}

int telemetry_subscribe(struct telemetry *telemetry, const struct extension *extension,
                        const struct subscription *subscription)
{
    struct subscriber *subscriber = calloc(1, sizeof(*subscriber));
    uv_timer_t *timer = calloc(1, sizeof(*timer));

    if (!subscriber || !timer ||
        sink_new(&subscriber->sink, telemetry->loop, subscription, &sink_ops, subscriber) < 0) {
        free(subscriber);
        free(timer);
        return err_new(-ENOMEM);
    }
    must(uv_timer_init(telemetry->loop, timer) == 0);
    timer->data = subscriber;
    subscriber->timer = timer;
    subscriber->telemetry = telemetry;
    subscriber->extension = extension;
    subscriber->subscription = *subscription;
    list_init(&subscriber->node);
    list_push_back(&telemetry->subscribers, &subscriber->node);
    replay(subscriber);
    return 0;
}
