/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/must.h"
#include "sandbox/interpreter.h"
#include "sandbox/sandbox_internal.h"
#include "sandbox/steps.h"

struct sandbox {
    struct list node;     /* of host->sandboxes */
    struct list due_node; /* of host->starts_due */
    struct sandbox_host *host;
    const struct sandbox_ops *ops;
    void *owner;
    struct jail_assign assign;
    uint32_t slot;
    bool is_stem;     /* the box has a runtime that the owner has not got yet */
    bool is_assigned; /* BOX_ASSIGN was sent */
    bool is_attached; /* and has been done */
    bool is_starting; /* a start was asked for, its outcome is not known */
    bool is_running;  /* the runtime */
    bool is_frozen;
    bool keeps_memory; /* as the spec says */
    bool is_failed;
    int memory_fd;     /* of the cgroup's peak; opened when asked for, closed when frozen */
    char *environment; /* owned; of a start that waits for the box */
    size_t environment_len;
    enum jail_request_type start; /* which one */
};

static_assert((int)SANDBOX_RUNTIME_PYTHON == (int)JAIL_RUNTIME_PYTHON, "same numbers");
static_assert((int)SANDBOX_RUNTIME_NODE == (int)JAIL_RUNTIME_NODE, "same numbers");
static_assert((int)SANDBOX_RUNTIME_RUBY == (int)JAIL_RUNTIME_RUBY, "same numbers");
static_assert((int)SANDBOX_RUNTIME_DOTNET == (int)JAIL_RUNTIME_DOTNET, "same numbers");
static_assert((int)SANDBOX_RUNTIME_JAVA == (int)JAIL_RUNTIME_JAVA, "same numbers");
static_assert((int)SANDBOX_RUNTIME_PROVIDED == (int)JAIL_RUNTIME_PROVIDED, "same numbers");
static_assert((int)SANDBOX_EXTENSIONS_MAX == (int)JAIL_EXTENSIONS_MAX, "same numbers");
static_assert((int)SANDBOX_PROCESS_ALL == (int)JAIL_PROCESS_ALL, "same numbers");
static_assert((int)SANDBOX_LOG_RECORDS_FD == (int)JAIL_LOG_RECORDS_FD, "same numbers");
static_assert((int)SANDBOX_EXTENSIONS_TOO_MANY == (int)JAIL_LAUNCH_TOO_MANY, "same numbers");
static_assert((int)SANDBOX_EXTENSIONS_DISABLED == (int)JAIL_LAUNCH_DISABLED, "same numbers");

static void clear_environment(struct sandbox *sandbox)
{
    if (sandbox->environment)
        explicit_bzero(sandbox->environment, sandbox->environment_len);
    free(sandbox->environment);
    sandbox->environment = NULL;
    sandbox->environment_len = 0;
}

static struct slot *slot_of(const struct sandbox *sandbox)
{
    return &sandbox->host->slots[sandbox->slot];
}

static int send_assign(struct sandbox *sandbox)
{
    const struct jail_request request = {.type = JAIL_BOX_ASSIGN,
                                         .slot = sandbox->slot,
                                         .generation = slot_of(sandbox)->generation,
                                         .assign = sandbox->assign};

    sandbox->is_assigned = true;
    return host_send(sandbox->host, &request, NULL, 0, -1);
}

static int send_start(struct sandbox *sandbox, enum jail_request_type type, const char *environment,
                      size_t len)
{
    const struct jail_request request = {.type = type,
                                         .slot = sandbox->slot,
                                         .generation = slot_of(sandbox)->generation,
                                         .environment_bytes = (uint32_t)len};

    return host_send(sandbox->host, &request, environment, len, -1);
}

static struct jail_assign assign_of(const struct sandbox_spec *spec)
{
    struct jail_assign assign = {
        .runtime = spec->runtime,
        .version_major = spec->version_major,
        .version_minor = spec->version_minor,
        .memory_mb = spec->memory_mb,
        .layer_count = (uint32_t)spec->layer_count,
        .code = spec->code,
    };

    must(spec->layer_count <= LIMIT_LAYERS_PER_FUNCTION);
    memcpy(assign.layers, spec->layers, spec->layer_count * sizeof(spec->layers[0]));
    return assign;
}

int sandbox_new(struct sandbox **ret_sandbox, struct sandbox_host *host,
                const struct sandbox_spec *spec, const struct sandbox_ops *ops, void *owner,
                struct reason *why)
{
    struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
    int r;

    if (!sandbox)
        return err_new(-ENOMEM);
    sandbox->host = host;
    sandbox->memory_fd = -1;
    sandbox->ops = ops;
    sandbox->owner = owner;
    sandbox->assign = assign_of(spec);
    sandbox->keeps_memory = spec->keeps_memory;
    list_init(&sandbox->node);
    list_init(&sandbox->due_node);
    r = host_take(host, spec, sandbox, &sandbox->slot, why);
    if (r) {
        free(sandbox);
        return err_pass(r);
    }
    sandbox->is_stem = slot_of(sandbox)->channel_fd >= 0;
    list_push_back(&host->sandboxes, &sandbox->node);
    host->sandbox_count++;
    if (slot_of(sandbox)->state == SLOT_PREPARED)
        r = send_assign(sandbox);
    if (r) {
        reason_set(why, "out of memory");
        (void)sandbox_free(sandbox);
        return err_pass(r);
    }
    *ret_sandbox = sandbox;
    return 0;
}

struct sandbox *sandbox_free(struct sandbox *sandbox)
{
    if (!sandbox)
        return NULL;
    close_fdp(&sandbox->memory_fd);
    list_remove(&sandbox->node);
    list_remove(&sandbox->due_node);
    sandbox->host->sandbox_count--;
    host_give_back(sandbox->host, sandbox->slot);
    clear_environment(sandbox);
    free(sandbox);
    return NULL;
}

/* Until the start can be sent, or, with a stem cell, is known to be unnecessary. */
static int keep_environment(struct sandbox *sandbox, const char *environment, size_t len)
{
    sandbox->environment = malloc(len ? len : 1);
    if (!sandbox->environment)
        return err_new(-ENOMEM);
    memcpy(sandbox->environment, environment, len);
    sandbox->environment_len = len;
    return 0;
}

/* The stem cell's runtime is what the owner has asked for, when the function is there. */
static void check_due(struct sandbox *sandbox)
{
    if (!sandbox->is_stem || !sandbox->is_attached || !sandbox->is_starting ||
        sandbox->start != JAIL_RUNTIME_START)
        return;
    list_remove(&sandbox->due_node);
    list_push_back(&sandbox->host->starts_due, &sandbox->due_node);
    host_turn_soon(sandbox->host);
}

static int start(struct sandbox *sandbox, enum jail_request_type type, const char *environment,
                 size_t len)
{
    bool is_there = sandbox->is_stem && type == JAIL_RUNTIME_START;
    int r;

    must(!sandbox->is_running);
    must(!sandbox->is_starting);
    if (sandbox->is_failed)
        return err_new(-ECONNRESET);
    if (len > JAIL_ENVIRONMENT_BYTES_MAX || (len && environment[len - 1] != '\0'))
        return err_new(-E2BIG);
    if (sandbox->is_assigned && !is_there)
        r = send_start(sandbox, type, environment, len);
    else
        r = keep_environment(sandbox, environment, len);
    sandbox->start = type;
    sandbox->is_starting = r == 0;
    check_due(sandbox);
    return r;
}

int sandbox_runtime_start(struct sandbox *sandbox, const char *environment, size_t len)
{
    return start(sandbox, JAIL_RUNTIME_START, environment, len);
}

int sandbox_extensions_start(struct sandbox *sandbox, const char *environment, size_t len)
{
    return start(sandbox, JAIL_EXTENSIONS_START, environment, len);
}

static int send_order(struct sandbox *sandbox, enum jail_signal which, unsigned process)
{
    const struct jail_request request = {.type = JAIL_PROCESS_SIGNAL,
                                         .slot = sandbox->slot,
                                         .generation = slot_of(sandbox)->generation,
                                         .order = {.signal = which, .process = process}};

    if (sandbox->is_failed || !sandbox->is_assigned)
        return 0;
    return host_send(sandbox->host, &request, NULL, 0, -1);
}

int sandbox_terminate(struct sandbox *sandbox, unsigned process)
{
    return send_order(sandbox, JAIL_SIGNAL_TERMINATE, process);
}

int sandbox_kill(struct sandbox *sandbox, unsigned process)
{
    int r = sandbox_thaw(sandbox); /* the init has to run to do it */

    return r ? r : send_order(sandbox, JAIL_SIGNAL_KILL, process);
}

static int send_plain(struct sandbox *sandbox, enum jail_request_type type)
{
    return sandbox->is_failed ? 0 : host_send_simple(sandbox->host, type, sandbox->slot, 0);
}

int sandbox_settle(struct sandbox *sandbox)
{
    return send_plain(sandbox, JAIL_BOX_SETTLE);
}

int sandbox_socket(struct sandbox *sandbox)
{
    return send_plain(sandbox, JAIL_BOX_SOCKET);
}

/* Freeze */

static int write_freeze(const struct sandbox *sandbox, bool is_frozen)
{
    bool is_v2 = sandbox->host->features & JAIL_FEATURE_FREEZE_V2;
    const char *text = is_v2 ? (is_frozen ? "1" : "0") : (is_frozen ? "FROZEN" : "THAWED");
    size_t len = strlen(text);

    return write(slot_of(sandbox)->freeze_fd, text, len) == (ssize_t)len ? 0 : err_new(-errno);
}

static int set_frozen(struct sandbox *sandbox, bool is_frozen)
{
    int r;

    if (sandbox->is_failed || sandbox->is_frozen == is_frozen)
        return 0;
    if (slot_of(sandbox)->freeze_fd >= 0)
        r = write_freeze(sandbox, is_frozen);
    else
        r = host_send_simple(sandbox->host, JAIL_BOX_FREEZE, sandbox->slot, is_frozen);
    if (!r)
        sandbox->is_frozen = is_frozen;
    return r;
}

static uint64_t limit_bytes(const struct sandbox *sandbox)
{
    return (uint64_t)sandbox->assign.memory_mb << 20;
}

/* Frozen, it stands for what it has: it cannot take more. */
static void charge_frozen(struct sandbox *sandbox)
{
    uint64_t bytes = sandbox->keeps_memory ? 0 : sandbox_memory_peak_bytes(sandbox);

    if (bytes == 0 || bytes >= limit_bytes(sandbox))
        return;
    host_charge(sandbox->host, slot_of(sandbox), bytes);
    host_say_freed(sandbox->host);
}

int sandbox_freeze(struct sandbox *sandbox)
{
    /* Before its box is there, there is nothing to stop. */
    int r = sandbox->is_assigned ? set_frozen(sandbox, true) : 0;

    if (sandbox->is_frozen)
        charge_frozen(sandbox);
    /* Idle environments hold no more descriptors than they must. */
    close_fdp(&sandbox->memory_fd);
    sandbox->memory_fd = -1;
    return r;
}

uint64_t sandbox_thaw_bytes(const struct sandbox *sandbox)
{
    uint64_t full = sandbox_charge_bytes(sandbox->assign.memory_mb);
    uint64_t now = slot_of(sandbox)->charged_bytes;

    return now < full ? full - now : 0;
}

int sandbox_thaw(struct sandbox *sandbox)
{
    if (sandbox->is_frozen)
        host_charge(sandbox->host, slot_of(sandbox), limit_bytes(sandbox));
    return set_frozen(sandbox, false);
}

void sandbox_leave(struct sandbox *sandbox)
{
    host_charge_going(sandbox->host, slot_of(sandbox));
}

/* Memory */

uint64_t sandbox_memory_peak_bytes(struct sandbox *sandbox)
{
    const struct sandbox_host *host = sandbox->host;

    if (sandbox->is_failed || slot_of(sandbox)->state != SLOT_PREPARED)
        return 0;
    if (host->memory_fd < 0)
        return host_memory_peak_bytes(host, slot_of(sandbox));
    if (sandbox->memory_fd < 0)
        sandbox->memory_fd = host_memory_open(host, sandbox->slot);
    return host_memory_read(sandbox->memory_fd);
}

/* Events */

struct sandbox *sandbox_of_node(struct list *node)
{
    return container_of(node, struct sandbox, node);
}

struct sandbox *sandbox_of_due_node(struct list *node)
{
    return container_of(node, struct sandbox, due_node);
}

static void fail_here(struct sandbox *sandbox, int error)
{
    const struct jail_failure failure = {.step = JAIL_STEP_RUNTIME, .error = (uint32_t)-error};

    sandbox_on_failed(sandbox, &failure);
}

/* The box that we were waiting for: now send what was asked for meanwhile, in one go. */
void sandbox_on_box_ready(struct sandbox *sandbox)
{
    int r = send_assign(sandbox);

    if (!r && sandbox->is_starting)
        r = send_start(sandbox, sandbox->start, sandbox->environment, sandbox->environment_len);
    clear_environment(sandbox);
    if (r)
        fail_here(sandbox, r);
}

void sandbox_on_assigned(struct sandbox *sandbox)
{
    sandbox->is_attached = true;
    check_due(sandbox);
    sandbox->ops->ready(sandbox->owner, steal_fd(&slot_of(sandbox)->listener_fd));
}

void sandbox_on_started(struct sandbox *sandbox, int log_fd, int channel_fd)
{
    sandbox->is_starting = false;
    sandbox->is_running = true;
    host_refill_soon(sandbox->host);
    sandbox->ops->runtime_started(sandbox->owner, channel_fd, log_fd);
}

void sandbox_on_stem_started(struct sandbox *sandbox)
{
    struct slot *slot = slot_of(sandbox);

    sandbox->is_stem = false;
    clear_environment(sandbox);
    sandbox_on_started(sandbox, steal_fd(&slot->log_fd), steal_fd(&slot->channel_fd));
}

/* The stem cell's runtime ended before the owner had it: the owner gets one of its own instead. */
static void replace_stem(struct sandbox *sandbox)
{
    struct slot *slot = slot_of(sandbox);
    int r = 0;

    sandbox->is_stem = false;
    close_fdp(&slot->log_fd);
    close_fdp(&slot->channel_fd);
    slot->log_fd = -1;
    slot->channel_fd = -1;
    list_remove(&sandbox->due_node);
    if (sandbox->is_starting && sandbox->start == JAIL_RUNTIME_START)
        r = send_start(sandbox, sandbox->start, sandbox->environment, sandbox->environment_len);
    clear_environment(sandbox);
    if (r)
        fail_here(sandbox, r);
}

void sandbox_on_extension(struct sandbox *sandbox, const struct jail_extension *extension,
                          int log_fd)
{
    sandbox->ops->extension_started(sandbox->owner, extension->process, extension->name,
                                    (int)extension->error, log_fd);
}

void sandbox_on_extensions_started(struct sandbox *sandbox, uint32_t launch)
{
    sandbox->is_starting = false;
    sandbox->ops->extensions_started(sandbox->owner, (int)launch);
}

void sandbox_on_socket(struct sandbox *sandbox, int fd)
{
    sandbox->ops->socket_made(sandbox->owner, fd);
}

void sandbox_on_exited(struct sandbox *sandbox, const struct jail_exited *exited)
{
    const struct sandbox_exit ended = {.wait_status = exited->wait_status,
                                       .out_of_memory = exited->is_out_of_memory != 0};

    if (exited->process == JAIL_PROCESS_RUNTIME && sandbox->is_stem) {
        replace_stem(sandbox);
        return;
    }
    if (exited->process == JAIL_PROCESS_RUNTIME)
        sandbox->is_running = false;
    sandbox->ops->process_exited(sandbox->owner, exited->process, &ended);
}

static int outcome_of(const struct jail_failure *failure)
{
    switch ((enum jail_step)failure->step) {
    case JAIL_STEP_INTERPRETER:
        return SANDBOX_FAILED_NO_INTERPRETER;
    case JAIL_STEP_BOOTSTRAP:
        return SANDBOX_FAILED_NO_BOOTSTRAP;
    case JAIL_STEP_BOOTSTRAP_FOREIGN:
        return SANDBOX_FAILED_FOREIGN_BOOTSTRAP;
    case JAIL_STEP_INIT_DIED:
        return SANDBOX_FAILED_GONE;
    default:
        return SANDBOX_FAILED_HOST;
    }
}

void sandbox_on_failed(struct sandbox *sandbox, const struct jail_failure *failure)
{
    struct reason why;
    int outcome = outcome_of(failure);

    if (sandbox->is_failed)
        return;
    sandbox->is_failed = true;
    list_remove(&sandbox->due_node); /* nothing but the end is told any more */
    if (outcome == SANDBOX_FAILED_NO_INTERPRETER)
        sandbox_interpreter_missing(&why, (enum sandbox_runtime)sandbox->assign.runtime,
                                    sandbox->assign.version_major, sandbox->assign.version_minor);
    else
        step_reason(&why, failure);
    sandbox->ops->failed(sandbox->owner, outcome, &why);
}
