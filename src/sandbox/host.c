/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The daemon's end of the jail: sends requests, hands events to their boxes, keeps some empty boxes
 * prepared.
 *
 * The pool is refilled a little after a start, not at it: making a box takes a CPU for about a
 * millisecond, and the function that is just starting needs that one.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/must.h"
#include "sandbox/sandbox_internal.h"
#include "sandbox/steps.h"

enum {
    EVENTS_PER_TURN = 64,
    REFILL_DELAY_MS = 15,
    REFILL_AT_ONCE = 4, /* boxes of the pool in the making at a time */
    REFILL_BACK_OFF_MS_MAX = 5000,
    POOL_SPARE_BYTES = 128 << 20, /* left for a function, or the pool would be given up again */
    HOST_HANDLES = 4,
};

/* One message that waits for room in the socket. */
struct outgoing {
    struct list node;
    int fd; /* owned; -1 */
    size_t len;
    char bytes[];
};

static void outgoing_free(struct outgoing *message)
{
    list_remove(&message->node);
    close_fdp(&message->fd);
    explicit_bzero(message->bytes, message->len); /* may be an environment with credentials */
    free(message);
}

/* Sending */

static void on_poll(uv_poll_t *poll, int status, int events);

static void poll_update(struct sandbox_host *host)
{
    int events = UV_READABLE;

    if (host->is_gone)
        return;
    host->is_polling_write = !list_is_empty(&host->outgoing);
    if (host->is_polling_write)
        events |= UV_WRITABLE;
    (void)uv_poll_start(&host->poll, events, on_poll); /* fails only for a closing handle */
}

static void flush(struct sandbox_host *host)
{
    struct list *first;

    while ((first = list_first(&host->outgoing)) != NULL) {
        struct outgoing *message = container_of(first, struct outgoing, node);
        int r = fd_send(host->options.jail_sock, message->bytes, message->len, &message->fd,
                        message->fd >= 0 ? 1 : 0);

        if (r == -EAGAIN || r == -ENOBUFS)
            break;
        /* Any other failure means that the jail has gone, which reading will find. */
        outgoing_free(message);
    }
    if (host->is_polling_write != !list_is_empty(&host->outgoing))
        poll_update(host);
}

int host_send(struct sandbox_host *host, const struct jail_request *request, const void *tail,
              size_t tail_len, int fd)
{
    size_t len = sizeof(*request) + tail_len;
    struct outgoing *message;

    if (host->is_gone)
        return err_new(-ECONNRESET);
    message = malloc(sizeof(*message) + len);
    if (!message)
        return err_new(-ENOMEM);
    list_init(&message->node);
    message->len = len;
    message->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    memcpy(message->bytes, request, sizeof(*request));
    if (tail_len)
        memcpy(message->bytes + sizeof(*request), tail, tail_len);
    if (fd >= 0 && message->fd < 0) {
        outgoing_free(message);
        return err_new(-errno);
    }
    list_push_back(&host->outgoing, &message->node);
    flush(host);
    return 0;
}

int host_send_simple(struct sandbox_host *host, enum jail_request_type type, uint32_t slot,
                     uint32_t value)
{
    struct jail_request request = {
        .type = type, .slot = slot, .generation = host->slots[slot].generation};

    if (type == JAIL_BOX_FREEZE)
        request.is_frozen = value;
    return host_send(host, &request, NULL, 0, -1);
}

/* Slots */

static void close_slot_fds(struct slot *slot)
{
    close_fdp(&slot->listener_fd);
    close_fdp(&slot->freeze_fd);
    close_fdp(&slot->channel_fd);
    close_fdp(&slot->log_fd);
    slot->listener_fd = -1;
    slot->freeze_fd = -1;
    slot->channel_fd = -1;
    slot->log_fd = -1;
}

uint32_t host_slot_number(const struct sandbox_host *host, const struct slot *slot)
{
    return (uint32_t)(slot - host->slots);
}

/* slots_max when there is none left. The lowest numbers are used again first, so that the table
 * stays small. */
static uint32_t slot_alloc(struct sandbox_host *host)
{
    uint32_t number = host->first_free;

    if (number < host->slots_max) {
        host->first_free = host->slots[number].next_free;
        return number;
    }
    return host->slots_used < host->slots_max ? host->slots_used++ : host->slots_max;
}

static void slot_release(struct sandbox_host *host, struct slot *slot)
{
    slot->state = SLOT_FREE;
    host_charge_gone(host, slot);
    slot->next_free = host->first_free;
    host->first_free = host_slot_number(host, slot);
}

static int send_new(struct sandbox_host *host, uint32_t slot, uint32_t tmp_mb)
{
    const struct jail_request request = {.type = JAIL_BOX_NEW,
                                         .slot = slot,
                                         .generation = host->slots[slot].generation,
                                         .tmp_mb = tmp_mb};

    return host_send(host, &request, NULL, 0, -1);
}

/* Ask for a new box; NULL when there is no slot, or no memory for the request. */
static struct slot *slot_create(struct sandbox_host *host, uint32_t tmp_mb)
{
    uint32_t number = slot_alloc(host);
    struct slot *slot = &host->slots[number];

    if (number == host->slots_max)
        return NULL;
    *slot = (struct slot){.state = SLOT_CREATING,
                          .generation = slot->generation + 1,
                          .listener_fd = -1,
                          .freeze_fd = -1,
                          .channel_fd = -1,
                          .log_fd = -1};
    list_init(&slot->node);
    host_charge(host, slot, 0);
    if (send_new(host, number, tmp_mb)) {
        slot_release(host, slot);
        return NULL;
    }
    return slot;
}

void host_stop_slot(struct sandbox_host *host, struct slot *slot)
{
    if (slot->state == SLOT_STOPPING || slot->state == SLOT_FREE)
        return;
    slot->sandbox = NULL;
    slot->state = SLOT_STOPPING;
    host_charge_going(host, slot);
    close_slot_fds(slot);
    /* Without memory for the request the box stays until the daemon ends; nothing refers to it any
     * more. */
    (void)host_send_simple(host, JAIL_BOX_STOP, host_slot_number(host, slot), 0);
}

/* The pool */

static void pool_remove(struct sandbox_host *host, struct slot *slot)
{
    list_remove(&slot->node);
    if (slot->state == SLOT_PREPARED)
        host->prepared_count--;
    else
        host->creating_count--;
}

static void on_refill(uv_timer_t *timer)
{
    struct sandbox_host *host = container_of(timer, struct sandbox_host, refill);

    while (!host->is_gone && host->creating_count < REFILL_AT_ONCE &&
           host->prepared_count + host->creating_count < host->options.boxes_prepared &&
           host_has_memory(host, POOL_SPARE_BYTES)) {
        struct slot *slot = slot_create(host, JAIL_TMP_MB_DEFAULT);

        if (!slot)
            return;
        list_push_back(&host->creating, &slot->node);
        host->creating_count++;
    }
    stems_refill(host);
}

static void refill_after(struct sandbox_host *host, uint64_t delay_ms)
{
    if (!host->is_gone)
        (void)uv_timer_start(&host->refill, on_refill, delay_ms, 0);
}

void host_refill_soon(struct sandbox_host *host)
{
    refill_after(host, REFILL_DELAY_MS);
}

/* A box of the pool failed: try again, but not as fast as the host can fail. */
static void pool_on_failed(struct sandbox_host *host, struct slot *slot)
{
    uint64_t delay_ms =
        clock_back_off_ms(REFILL_DELAY_MS, host->pool_failures++, REFILL_BACK_OFF_MS_MAX);

    pool_remove(host, slot);
    host_stop_slot(host, slot);
    refill_after(host, delay_ms);
}

/* NULL when nothing is in that list of the pool. */
static struct slot *pool_take(struct sandbox_host *host, struct list *list)
{
    struct list *node = list_first(list);
    struct slot *slot;

    if (!node)
        return NULL;
    slot = container_of(node, struct slot, node);
    pool_remove(host, slot);
    return slot;
}

struct slot *host_take_prepared(struct sandbox_host *host)
{
    return pool_take(host, &host->prepared);
}

/* Of those that are there or on their way; they have a /tmp of the default size. */
static struct slot *take_ready_made(struct sandbox_host *host, const struct sandbox_spec *spec)
{
    struct slot *slot;

    if (spec->tmp_mb != JAIL_TMP_MB_DEFAULT)
        return NULL;
    slot = stems_take(host, spec);
    if (!slot)
        slot = pool_take(host, &host->prepared);
    return slot ? slot : pool_take(host, &host->creating);
}

int host_take(struct sandbox_host *host, const struct sandbox_spec *spec, struct sandbox *sandbox,
              uint32_t *ret_slot, struct reason *why)
{
    struct slot *slot;

    if (host->is_gone) {
        reason_set(why, "the jail has ended");
        return err_new(-ECONNRESET);
    }
    slot = take_ready_made(host, spec);
    if (!slot)
        slot = slot_create(host, spec->tmp_mb);
    if (!slot) {
        stems_drop(host); /* for the next one */
        reason_set(why, "the limit of %u sandboxes is reached", host->slots_max);
        return err_new(-EAGAIN);
    }
    slot->sandbox = sandbox;
    host_charge(host, slot, (uint64_t)spec->memory_mb << 20);
    *ret_slot = host_slot_number(host, slot);
    host_refill_soon(host);
    return 0;
}

void host_give_up_prepared(struct sandbox_host *host)
{
    struct slot *slot;

    while ((slot = pool_take(host, &host->prepared)) != NULL)
        host_stop_slot(host, slot);
}

void host_give_back(struct sandbox_host *host, uint32_t slot)
{
    host_stop_slot(host, &host->slots[slot]);
}

/* Events */

static void on_box_ready(struct sandbox_host *host, struct slot *slot,
                         const struct jail_event *event, int fds[FD_PASS_MAX])
{
    if (slot->state != SLOT_CREATING)
        return;
    if (!slot->sandbox)
        pool_remove(host, slot);
    slot->state = SLOT_PREPARED;
    slot->pid = event->ready.pid;
    slot->listener_fd = steal_fd(&fds[0]);
    slot->freeze_fd = steal_fd(&fds[1]);
    if (slot->sandbox) {
        sandbox_on_box_ready(slot->sandbox);
        return;
    }
    host->pool_failures = 0;
    list_push_front(&host->prepared, &slot->node);
    host->prepared_count++;
    if (host->prepared_count + host->creating_count < host->options.boxes_prepared)
        refill_after(host, 0);
    else
        stems_refill(host);
}

static void on_box_failed(struct sandbox_host *host, struct slot *slot,
                          const struct jail_failure *failure)
{
    if (slot->sandbox)
        sandbox_on_failed(slot->sandbox, failure);
    else
        pool_on_failed(host, slot);
}

/* Events of the box's owner; a pool box has none of these. */
static void on_sandbox_event(struct sandbox *sandbox, const struct jail_event *event,
                             int fds[FD_PASS_MAX])
{
    switch ((enum jail_event_type)event->type) {
    case JAIL_BOX_ASSIGNED:
        sandbox_on_assigned(sandbox);
        break;
    case JAIL_RUNTIME_STARTED:
        sandbox_on_started(sandbox, steal_fd(&fds[0]), steal_fd(&fds[1]));
        break;
    case JAIL_EXTENSION_STARTED:
        sandbox_on_extension(sandbox, &event->extension, steal_fd(&fds[0]));
        break;
    case JAIL_EXTENSIONS_STARTED:
        sandbox_on_extensions_started(sandbox, event->launch);
        break;
    case JAIL_BOX_SOCKET_MADE:
        sandbox_on_socket(sandbox, steal_fd(&fds[0]));
        break;
    case JAIL_PROCESS_EXITED:
        sandbox_on_exited(sandbox, &event->exited);
        break;
    default:
        break;
    }
}

static void on_box_event(struct sandbox_host *host, const struct jail_event *event,
                         int fds[FD_PASS_MAX])
{
    struct slot *slot = &host->slots[event->slot];

    if (slot->state == SLOT_FREE || slot->generation != event->generation)
        return; /* late, for an earlier box of this slot */
    if (event->type == JAIL_BOX_GONE) {
        must(slot->state == SLOT_STOPPING);
        slot_release(host, slot);
        host_say_freed(host);
    } else if (slot->state == SLOT_STOPPING) {
        return; /* it was on its way when we stopped the box */
    } else if (slot->kind) {
        stems_on_event(host, slot, event, fds);
        host_refill_soon(host);
    } else if (event->type == JAIL_BOX_READY) {
        on_box_ready(host, slot, event, fds);
    } else if (event->type == JAIL_BOX_FAILED) {
        on_box_failed(host, slot, &event->failure);
    } else if (slot->sandbox) {
        on_sandbox_event(slot->sandbox, event, fds);
    }
}

static void on_gone(struct sandbox_host *host)
{
    static const struct jail_failure died = {.step = JAIL_STEP_INIT_DIED};
    struct list *first;

    host->is_gone = true;
    (void)uv_poll_stop(&host->poll);
    (void)uv_timer_stop(&host->refill);
    stems_drop(host);
    errands_fail(host);
    /* An op may free its own sandbox and others: look for the first one again each time. */
    while ((first = list_first(&host->sandboxes)) != NULL) {
        list_remove(first);
        sandbox_on_failed(sandbox_of_node(first), &died);
    }
    if (host->options.jail_gone)
        host->options.jail_gone(host->options.owner);
}

/* True when there may be more to read. */
static bool receive(struct sandbox_host *host)
{
    struct jail_event event;
    int fds[FD_PASS_MAX];
    ssize_t n = fd_receive(host->options.jail_sock, &event, sizeof(event), fds);

    if (n == -EAGAIN)
        return false;
    if (n <= 0 || jail_event_check(&event, (size_t)n, host->slots_max)) {
        if (n > 0)
            fds_close(fds, FD_PASS_MAX);
        on_gone(host);
        return false;
    }
    if (event.type == JAIL_ERRAND_DONE)
        errands_on_done(host, &event);
    else if (event.type != JAIL_HELLO && event.type != JAIL_FAILED)
        on_box_event(host, &event, fds);
    fds_close(fds, FD_PASS_MAX);
    return !host->is_gone;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct sandbox_host *host = container_of(poll, struct sandbox_host, poll);

    if (status < 0) {
        on_gone(host);
        return;
    }
    if (events & UV_WRITABLE)
        flush(host);
    /* An op may have freed the host (is_closing); it lives until its handles have closed. */
    for (int i = 0; i < EVENTS_PER_TURN && !uv_is_closing((uv_handle_t *)poll); i++) {
        if (!receive(host))
            break;
    }
}

/* Starts of stem cells, which the owners hear of as of any other: from the loop */

static void on_turn(uv_timer_t *timer)
{
    struct sandbox_host *host = container_of(timer, struct sandbox_host, turn);
    struct list *first;

    while (!uv_is_closing((uv_handle_t *)timer) &&
           (first = list_first(&host->starts_due)) != NULL) {
        list_remove(first);
        sandbox_on_stem_started(sandbox_of_due_node(first));
    }
}

void host_turn_soon(struct sandbox_host *host)
{
    (void)uv_timer_start(&host->turn, on_turn, 0, 0);
}

/* Life */

static int take_hello(struct sandbox_host *host, struct reason *why)
{
    struct jail_event event;
    int fds[FD_PASS_MAX];
    ssize_t n = fd_receive(host->options.jail_sock, &event, sizeof(event), fds);

    if (n < 0 || jail_event_check(&event, (size_t)n, UINT32_MAX) || event.type != JAIL_HELLO ||
        event.hello.slots_max == 0 || event.hello.slots_max > LIMIT_ENVIRONMENTS) {
        if (n >= 0)
            fds_close(fds, FD_PASS_MAX);
        reason_set(why, "the jail did not say hello");
        return err_new(-EPROTO);
    }
    host->features = event.hello.features;
    host->network_failure = event.hello.network;
    host->slots_max = event.hello.slots_max;
    host->first_free = host->slots_max;
    host->memory_fd = steal_fd(&fds[0]);
    fds_close(fds, FD_PASS_MAX);
    host->slots = calloc(host->slots_max, sizeof(host->slots[0]));
    return host->slots ? 0 : err_new(-ENOMEM);
}

static void host_destroy(struct sandbox_host *host)
{
    close_fdp(&host->options.jail_sock);
    close_fdp(&host->memory_fd);
    free(host->slots);
    free(host);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct sandbox_host *host = handle->data;

    if (--host->handles_open == 0)
        host_destroy(host);
}

static int open_handles(struct sandbox_host *host)
{
    int r = uv_poll_init(host->options.loop, &host->poll, host->options.jail_sock);

    if (r)
        return err_new(r);
    host->poll.data = host;
    (void)uv_timer_init(host->options.loop, &host->refill); /* cannot fail, like the next two */
    (void)uv_timer_init(host->options.loop, &host->stem_check);
    (void)uv_timer_init(host->options.loop, &host->turn);
    host->refill.data = host;
    host->stem_check.data = host;
    host->turn.data = host;
    host->handles_open = HOST_HANDLES;
    poll_update(host);
    refill_after(host, 0);
    return 0;
}

int sandbox_host_new(struct sandbox_host **ret_host, const struct sandbox_host_options *options,
                     struct reason *why)
{
    struct sandbox_host *host = calloc(1, sizeof(*host));
    int r;

    if (!host)
        return err_new(-ENOMEM);
    host->options = *options;
    host->memory_fd = -1;
    host->memory.bytes_max = options->memory_bytes_max;
    list_init(&host->prepared);
    list_init(&host->creating);
    list_init(&host->stem_kinds);
    list_init(&host->starts_due);
    list_init(&host->sandboxes);
    list_init(&host->outgoing);
    list_init(&host->waiting);
    r = fd_set_nonblocking(options->jail_sock, true);
    if (!r)
        r = take_hello(host, why);
    if (!r)
        r = open_handles(host);
    if (r) {
        host_destroy(host);
        return err_pass(r);
    }
    *ret_host = host;
    return 0;
}

struct sandbox_host *sandbox_host_free(struct sandbox_host *host)
{
    struct list *first;

    if (!host)
        return NULL;
    must(host->sandbox_count == 0);
    stems_drop(host);
    host->is_gone = true;
    errands_deinit(host);
    while ((first = list_first(&host->outgoing)) != NULL)
        outgoing_free(container_of(first, struct outgoing, node));
    for (uint32_t i = 0; i < host->slots_used; i++) {
        if (host->slots[i].state != SLOT_FREE)
            close_slot_fds(&host->slots[i]);
    }
    uv_close((uv_handle_t *)&host->poll, on_handle_closed);
    uv_close((uv_handle_t *)&host->refill, on_handle_closed);
    uv_close((uv_handle_t *)&host->stem_check, on_handle_closed);
    uv_close((uv_handle_t *)&host->turn, on_handle_closed);
    return NULL;
}

void sandbox_host_stats(const struct sandbox_host *host, struct sandbox_host_stats *ret_stats)
{
    *ret_stats = (struct sandbox_host_stats){.boxes = host->sandbox_count,
                                             .boxes_prepared = host->prepared_count,
                                             .stems = stems_count(host)};
}

bool sandbox_host_network_missing(const struct sandbox_host *host, struct reason *why)
{
    if (host->network_failure.step)
        step_reason(why, &host->network_failure);
    return host->network_failure.step != 0;
}

uint32_t sandbox_host_features(const struct sandbox_host *host)
{
    return host->features;
}
