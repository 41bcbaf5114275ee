/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stem cells: boxes whose runtime is up and knows no function yet. A cold start that finds one pays
 * for neither the box nor the interpreter: the code is attached and the client gets its INIT.
 *
 * What makes one stem cell as good as another is its kind: the runtime, its version, and the
 * function's memory, which interpreters take into account when they start and which their memory is
 * charged against from the first byte. A kind is known from its first cold start on; a few stem
 * cells of it are kept ready until nobody has started such a function for a while. They are made
 * of prepared boxes, one at a time, when a start is over, because an interpreter's start takes a
 * CPU for 10 ms and more that the function is waiting for.
 *
 * Grows with: kinds (at most STEM_KINDS_MAX; the least recently used one goes first) times the
 * stem cells of each. A stem cell that was given a function is never given another.
 */

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "sandbox/sandbox_internal.h"

enum {
    STEM_KINDS_MAX = 16,
    STEMS_STARTING_MAX = 1,
    STEM_IDLE_S = 600, /* a kind that nobody has asked for in so long goes */
    STEM_CHECK_MS = 30000,
    STEM_BACK_OFF_MS = 1000, /* after a failure, doubled by each further one in a row */
    STEM_BACK_OFF_MS_MAX = 512000,
};

struct stem_kind {
    struct list node; /* of host->stem_kinds */
    uint32_t runtime;
    uint32_t version_major;
    uint32_t version_minor;
    uint32_t memory_mb;
    struct list ready;    /* struct slot: the runtime is up */
    struct list starting; /* struct slot */
    size_t count;         /* of both */
    uint32_t failures;    /* in a row */
    uint64_t not_before_ns;
    uint64_t used_ns;
    size_t environment_len;
    char environment[]; /* of its processes, until INIT replaces it */
};

static bool is_of_kind(const struct stem_kind *kind, const struct sandbox_spec *spec)
{
    return kind->runtime == (uint32_t)spec->runtime && kind->version_major == spec->version_major &&
           kind->version_minor == spec->version_minor && kind->memory_mb == spec->memory_mb;
}

static struct stem_kind *kind_of_node(struct list *node)
{
    return container_of(node, struct stem_kind, node);
}

static void forget_slot(struct sandbox_host *host, struct slot *slot)
{
    if (slot->log_fd < 0)
        host->stems_starting--;
    slot->kind->count--;
    list_remove(&slot->node);
    slot->kind = NULL;
}

static void drop_slots(struct sandbox_host *host, struct list *slots)
{
    struct list *first;

    while ((first = list_first(slots)) != NULL) {
        struct slot *slot = container_of(first, struct slot, node);

        forget_slot(host, slot);
        host_stop_slot(host, slot);
    }
}

static void drop_kind(struct sandbox_host *host, struct stem_kind *kind)
{
    drop_slots(host, &kind->ready);
    drop_slots(host, &kind->starting);
    list_remove(&kind->node);
    host->stem_kind_count--;
    free(kind);
}

static void on_check(uv_timer_t *timer)
{
    struct sandbox_host *host = container_of(timer, struct sandbox_host, stem_check);
    uint64_t now_ns = clock_mono_ns();

    list_for_each_safe (node, &host->stem_kinds) {
        struct stem_kind *kind = kind_of_node(node);

        if (now_ns - kind->used_ns >= STEM_IDLE_S * NS_PER_S)
            drop_kind(host, kind);
    }
    if (list_is_empty(&host->stem_kinds))
        (void)uv_timer_stop(timer);
    stems_refill(host);
}

static void check_after(struct sandbox_host *host, uint64_t delay_ms)
{
    (void)uv_timer_start(&host->stem_check, on_check, delay_ms, STEM_CHECK_MS);
}

/* NULL without memory: then there are none of this kind. */
static struct stem_kind *add_kind(struct sandbox_host *host, const struct sandbox_spec *spec)
{
    struct stem_kind *kind = calloc(1, sizeof(*kind) + spec->stem_environment.len);

    if (!kind)
        return NULL;
    kind->runtime = (uint32_t)spec->runtime;
    kind->version_major = spec->version_major;
    kind->version_minor = spec->version_minor;
    kind->memory_mb = spec->memory_mb;
    kind->environment_len = spec->stem_environment.len;
    memcpy(kind->environment, spec->stem_environment.ptr, spec->stem_environment.len);
    list_init(&kind->ready);
    list_init(&kind->starting);
    if (host->stem_kind_count == STEM_KINDS_MAX)
        drop_kind(host, kind_of_node(host->stem_kinds.prev));
    list_push_front(&host->stem_kinds, &kind->node);
    host->stem_kind_count++;
    check_after(host, STEM_CHECK_MS);
    return kind;
}

static struct stem_kind *find_kind(struct sandbox_host *host, const struct sandbox_spec *spec)
{
    list_for_each (node, &host->stem_kinds) {
        if (is_of_kind(kind_of_node(node), spec))
            return kind_of_node(node);
    }
    return NULL;
}

/* The kind of this spec, which is wanted now; NULL when there can be no stem cell for it. */
static struct stem_kind *use_kind(struct sandbox_host *host, const struct sandbox_spec *spec)
{
    struct stem_kind *kind;

    if (!spec->stem_environment.len || !host->options.stems_per_kind)
        return NULL;
    kind = find_kind(host, spec);
    if (!kind)
        kind = add_kind(host, spec);
    if (!kind)
        return NULL;
    list_remove(&kind->node);
    list_push_front(&host->stem_kinds, &kind->node);
    kind->used_ns = clock_mono_ns();
    return kind;
}

void sandbox_expect(struct sandbox_host *host, const struct sandbox_spec *spec)
{
    if (use_kind(host, spec))
        host_refill_soon(host);
}

struct slot *stems_take(struct sandbox_host *host, const struct sandbox_spec *spec)
{
    struct stem_kind *kind = use_kind(host, spec);
    struct list *first = kind ? list_first(&kind->ready) : NULL;
    struct slot *slot;

    if (!first)
        return NULL;
    slot = container_of(first, struct slot, node);
    kind->failures = 0;
    forget_slot(host, slot);
    return slot;
}

/* The requests are pipelined: the jail starts the runtime when the box has its client. */
static int send_start(struct sandbox_host *host, const struct stem_kind *kind, uint32_t number)
{
    struct jail_request request = {
        .type = JAIL_BOX_STEM,
        .slot = number,
        .generation = host->slots[number].generation,
        .assign = {.runtime = kind->runtime,
                   .version_major = kind->version_major,
                   .version_minor = kind->version_minor,
                   .memory_mb = kind->memory_mb},
    };
    int r = host_send(host, &request, NULL, 0, -1);

    if (r)
        return r;
    request = (struct jail_request){.type = JAIL_RUNTIME_START,
                                    .slot = number,
                                    .generation = host->slots[number].generation,
                                    .environment_bytes = (uint32_t)kind->environment_len};
    return host_send(host, &request, kind->environment, kind->environment_len, -1);
}

static bool start_one(struct sandbox_host *host, struct stem_kind *kind)
{
    /* Twice: what the function is that comes next needs room, or it would be given up again. */
    uint64_t spare_bytes = (uint64_t)kind->memory_mb << 21;
    struct slot *slot = host_has_memory(host, spare_bytes) ? host_take_prepared(host) : NULL;

    if (!slot)
        return false;
    host_charge(host, slot, (uint64_t)kind->memory_mb << 20);
    slot->kind = kind;
    kind->count++;
    host->stems_starting++;
    list_push_back(&kind->starting, &slot->node);
    if (send_start(host, kind, host_slot_number(host, slot))) {
        forget_slot(host, slot);
        host_stop_slot(host, slot);
        return false;
    }
    return true;
}

void stems_refill(struct sandbox_host *host)
{
    uint64_t now_ns = clock_mono_ns();

    list_for_each (node, &host->stem_kinds) {
        struct stem_kind *kind = kind_of_node(node);

        while (kind->count < host->options.stems_per_kind && now_ns >= kind->not_before_ns) {
            if (host->stems_starting == STEMS_STARTING_MAX || !start_one(host, kind))
                return;
        }
    }
}

static void on_failed(struct sandbox_host *host, struct slot *slot)
{
    struct stem_kind *kind = slot->kind;
    uint64_t delay_ms = clock_back_off_ms(STEM_BACK_OFF_MS, kind->failures++, STEM_BACK_OFF_MS_MAX);

    kind->not_before_ns = clock_mono_ns() + delay_ms * NS_PER_MS;
    check_after(host, delay_ms + 1);
    forget_slot(host, slot);
    host_stop_slot(host, slot);
}

void stems_on_event(struct sandbox_host *host, struct slot *slot, const struct jail_event *event,
                    int fds[FD_PASS_MAX])
{
    if (event->type != JAIL_RUNTIME_STARTED || slot->log_fd >= 0) {
        on_failed(host, slot); /* the box did, or the runtime has ended */
        return;
    }
    slot->log_fd = steal_fd(&fds[0]);
    slot->channel_fd = steal_fd(&fds[1]);
    host->stems_starting--;
    list_remove(&slot->node);
    list_push_front(&slot->kind->ready, &slot->node);
    /* No function's code is in there: it does not grow. */
    host_charge(host, slot, host_memory_peak_bytes(host, slot));
    stems_refill(host);
}

size_t stems_count(const struct sandbox_host *host)
{
    size_t count = 0;

    list_for_each (node, &host->stem_kinds)
        count += kind_of_node(node)->count;
    return count - host->stems_starting;
}

void stems_give_up(struct sandbox_host *host)
{
    list_for_each (node, &host->stem_kinds) {
        drop_slots(host, &kind_of_node(node)->ready);
        drop_slots(host, &kind_of_node(node)->starting);
    }
}

void stems_drop(struct sandbox_host *host)
{
    struct list *first;

    while ((first = list_first(&host->stem_kinds)) != NULL)
        drop_kind(host, kind_of_node(first));
}
