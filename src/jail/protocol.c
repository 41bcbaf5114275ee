/* SPDX-License-Identifier: Apache-2.0 */

/* Checks of messages; pure, so that they can be tested with every broken one. */

#include "jail/protocol.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

static int check_assign(const struct jail_assign *assign)
{
    if (assign->runtime >= JAIL_RUNTIME_COUNT)
        return err_new(-EINVAL);
    if (assign->version_major > 999 || assign->version_minor > 999)
        return err_new(-EINVAL);
    if (assign->memory_mb < 1 || assign->memory_mb > JAIL_MEMORY_MB_MAX)
        return err_new(-EINVAL);
    if (assign->layer_count > LIMIT_LAYERS_PER_FUNCTION)
        return err_new(-EINVAL);
    return 0;
}

static int check_order(const struct jail_order *order)
{
    if (order->signal >= JAIL_SIGNAL_COUNT)
        return err_new(-EINVAL);
    if (order->process == JAIL_PROCESS_ALL)
        return order->signal == JAIL_SIGNAL_KILL ? 0 : err_new(-EINVAL);
    return order->process < JAIL_PROCESS_COUNT ? 0 : err_new(-EINVAL);
}

static int check_body(const struct jail_request *request)
{
    switch ((enum jail_request_type)request->type) {
    case JAIL_BOX_NEW:
        return request->tmp_mb >= 1 && request->tmp_mb <= JAIL_TMP_MB_MAX ? 0 : err_new(-EINVAL);
    case JAIL_BOX_STOP:
    case JAIL_CODE_REMOVE:
    case JAIL_BOX_SETTLE:
    case JAIL_BOX_SOCKET:
        return 0;
    case JAIL_BOX_ASSIGN:
    case JAIL_BOX_STEM:
        return check_assign(&request->assign);
    case JAIL_RUNTIME_START:
    case JAIL_EXTENSIONS_START:
        return request->environment_bytes <= JAIL_ENVIRONMENT_BYTES_MAX ? 0 : err_new(-EINVAL);
    case JAIL_PROCESS_SIGNAL:
        return check_order(&request->order);
    case JAIL_BOX_FREEZE:
        return request->is_frozen <= 1 ? 0 : err_new(-EINVAL);
    case JAIL_UNPACK:
        return request->code.bytes_max ? 0 : err_new(-EINVAL);
    }
    return err_new(-EINVAL);
}

static int check_environment(const struct jail_request *request)
{
    const char *text = (const char *)(request + 1);
    size_t len = request->environment_bytes;

    /* Entries end with NUL, so that the last byte is one; which names are in it is no matter of
     * ours. */
    return len == 0 || text[len - 1] == '\0' ? 0 : err_new(-EINVAL);
}

int jail_request_check(const struct jail_request *request, size_t bytes, size_t fd_count,
                       uint32_t slots_max)
{
    bool is_errand, is_start;
    size_t tail;
    int r;

    if (bytes < sizeof(*request) || request->zero)
        return err_new(-EINVAL);
    is_errand = request->type == JAIL_UNPACK || request->type == JAIL_CODE_REMOVE;
    if (request->slot >= (is_errand ? (uint32_t)JAIL_ERRANDS_MAX : slots_max))
        return err_new(-EINVAL);
    r = check_body(request);
    if (r)
        return err_pass(r);
    is_start = request->type == JAIL_RUNTIME_START || request->type == JAIL_EXTENSIONS_START;
    tail = is_start ? request->environment_bytes : 0;
    if (bytes != sizeof(*request) + tail)
        return err_new(-EINVAL);
    if (fd_count != (request->type == JAIL_UNPACK ? 1U : 0U))
        return err_new(-EINVAL);
    return is_start ? check_environment(request) : 0;
}

static int check_event_body(const struct jail_event *event)
{
    switch ((enum jail_event_type)event->type) {
    case JAIL_ERRAND_DONE:
        return event->errand.outcome < JAIL_ERRAND_OUTCOMES &&
                       memchr(event->errand.text, 0, sizeof(event->errand.text))
                   ? 0
                   : err_new(-EPROTO);
    case JAIL_EXTENSION_STARTED:
        return event->extension.process > 0 && event->extension.process < JAIL_PROCESS_COUNT &&
                       memchr(event->extension.name, 0, sizeof(event->extension.name))
                   ? 0
                   : err_new(-EPROTO);
    case JAIL_EXTENSIONS_STARTED:
        return event->launch < JAIL_LAUNCH_OUTCOMES ? 0 : err_new(-EPROTO);
    case JAIL_PROCESS_EXITED:
        return event->exited.process < JAIL_PROCESS_COUNT ? 0 : err_new(-EPROTO);
    default:
        return 0;
    }
}

int jail_event_check(const struct jail_event *event, size_t bytes, uint32_t slots_max)
{
    if (bytes != sizeof(*event) || event->type < JAIL_HELLO || event->type > JAIL_FAILED)
        return err_new(-EPROTO);
    if (event->type == JAIL_ERRAND_DONE)
        slots_max = JAIL_ERRANDS_MAX;
    if (event->type != JAIL_HELLO && event->type != JAIL_FAILED && event->slot >= slots_max)
        return err_new(-EPROTO);
    return check_event_body(event);
}
