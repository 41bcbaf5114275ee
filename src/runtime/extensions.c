/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/extensions.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/must.h"

static const struct {
    struct str name;
    enum extension_event event;
} event_names[] = {
    {STR_INIT("INVOKE"), EXTENSION_ON_INVOKE},
    {STR_INIT("SHUTDOWN"), EXTENSION_ON_SHUTDOWN},
};

const char *extension_state_name(enum extension_state state)
{
    static const char *const names[] = {
        [EXTENSION_STARTED] = "Started",
        [EXTENSION_REGISTERED] = "Registered",
        [EXTENSION_READY] = "Ready",
        [EXTENSION_RUNNING] = "Running",
        [EXTENSION_INIT_ERROR] = "InitError",
        [EXTENSION_EXIT_ERROR] = "ExitError",
        [EXTENSION_LAUNCH_ERROR] = "LaunchError",
        [EXTENSION_EXITED] = "Exited",
    };

    return names[state];
}

__attribute__((format(printf, 3, 4))) static void *refuse(struct extension_fault *fault,
                                                          const char *type, const char *format, ...)
{
    va_list args;

    fault->type = type;
    va_start(args, format);
    (void)vsnprintf(fault->message, sizeof(fault->message), format, args);
    va_end(args);
    return NULL;
}

static void *refuse_transition(struct extension_fault *fault, const struct extension *extension,
                               enum extension_state to)
{
    return refuse(fault, "Extension.InvalidExtensionState",
                  "State transition from %s to %s failed for extension %s. Error: State "
                  "transition is not allowed",
                  extension_state_name(extension->state), extension_state_name(to),
                  extension->name);
}

/* ---- processes ---- */

void extensions_reset(struct extensions *set)
{
    memset(set, 0, sizeof(*set));
}

static struct extension *add(struct extensions *set, struct str name)
{
    struct extension *extension = &set->list[set->count++];

    must(set->count <= EXTENSIONS_MAX);
    memset(extension, 0, sizeof(*extension));
    (void)str_to_cstr(str_sub(name, 0, EXTENSION_NAME_BYTES - 1), extension->name,
                      sizeof(extension->name));
    return extension;
}

void extensions_add(struct extensions *set, unsigned process, const char *name, int error)
{
    struct extension *extension = add(set, str_of(name));

    extension->process = process;
    if (!error)
        return;
    extension->state = EXTENSION_LAUNCH_ERROR;
    (void)snprintf(extension->error_type, sizeof(extension->error_type), "%s",
                   error == EACCES ? "PermissionDenied" : "UnknownError");
}

struct extension *extensions_exited(struct extensions *set, unsigned process)
{
    for (size_t i = 0; i < set->count; i++) {
        struct extension *extension = &set->list[i];

        if (extension->process != process)
            continue;
        extension->has_event = false;
        if (extension->state != EXTENSION_INIT_ERROR && extension->state != EXTENSION_EXIT_ERROR)
            extension->state = EXTENSION_EXITED;
        return extension;
    }
    return NULL;
}

/* ---- calls ---- */

static struct extension *find_name(struct extensions *set, struct str name)
{
    for (size_t i = 0; i < set->count; i++)
        if (str_eq(str_of(set->list[i].name), name))
            return &set->list[i];
    return NULL;
}

static bool parse_events(const struct str *events, size_t count, bool is_internal,
                         unsigned *ret_events, struct extension_fault *fault)
{
    unsigned found = 0;

    for (size_t i = 0; i < count; i++) {
        size_t n = 0;

        while (n < array_count(event_names) && !str_eq(events[i], event_names[n].name))
            n++;
        if (n == array_count(event_names))
            return refuse(fault, "Extension.InvalidEventType", "%.*s: ErrorInvalidEventType",
                          (int)(events[i].len < 64 ? events[i].len : 64), events[i].ptr);
        if (is_internal && event_names[n].event == EXTENSION_ON_SHUTDOWN)
            return refuse(fault, "Extension.InvalidEventType",
                          "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension");
        found |= event_names[n].event;
    }
    *ret_events = found;
    return true;
}

/* For a name that no process was started under: it speaks from inside the runtime. */
static bool may_add_internal(const struct extensions *set, struct extension_fault *fault)
{
    if (set->is_internal_closed || set->is_closed)
        return refuse(fault, "Extension.RegistrationClosed",
                      "Extension registration closed already");
    if (set->count == EXTENSIONS_MAX)
        return refuse(fault, "Extension.TooManyExtensions", "Extension limit (%d) reached",
                      EXTENSIONS_MAX);
    return true;
}

struct extension *extensions_register(struct extensions *set, struct str name,
                                      const struct str *events, size_t event_count,
                                      struct extension_fault *ret_fault)
{
    struct extension *extension;
    unsigned asked = 0;

    if (name.len == 0 || name.len >= EXTENSION_NAME_BYTES)
        return refuse(ret_fault, "Extension.InvalidExtensionName", "Empty extension name");
    extension = find_name(set, name);
    if (extension && !extension->process)
        return refuse(ret_fault, "Extension.InvalidExtensionState",
                      "Extension with this name already registered");
    if (extension && set->is_closed)
        return refuse(ret_fault, "Extension.RegistrationClosed",
                      "Extension registration closed already");
    if (extension && extension->state != EXTENSION_STARTED)
        return refuse_transition(ret_fault, extension, EXTENSION_REGISTERED);
    if (!extension && !may_add_internal(set, ret_fault))
        return NULL;
    if (!parse_events(events, event_count, !extension, &asked, ret_fault))
        return NULL;
    if (!extension)
        extension = add(set, name);
    (void)rand_uuid(extension->id);
    extension->events = asked;
    extension->state = EXTENSION_REGISTERED;
    return extension;
}

struct extension *extensions_find(struct extensions *set, struct str id, const char *unknown,
                                  struct extension_fault *ret_fault)
{
    char text[UUID_TEXT_BYTES];

    if (id.len == 0)
        return refuse(ret_fault, "Extension.MissingExtensionIdentifier",
                      "Missing Lambda-Extension-Identifier header");
    if (!str_is_uuid(id) || !str_to_cstr(id, text, sizeof(text)))
        return refuse(ret_fault, "Extension.InvalidExtensionIdentifier",
                      "Invalid Lambda-Extension-Identifier");
    for (size_t i = 0; i < set->count; i++)
        if (str_eq_nocase(str_of(set->list[i].id), id))
            return &set->list[i];
    return refuse(ret_fault, "Extension.UnknownExtensionIdentifier", "%s%s", unknown,
                  str_ends_with(str_of(unknown), STR(" ")) ? text : "");
}

static void wake(struct extension *extension)
{
    extension->state = EXTENSION_RUNNING;
    extension->has_event = true;
}

bool extension_next(struct extension *extension, struct extension_fault *ret_fault)
{
    switch (extension->state) {
    case EXTENSION_REGISTERED:
    case EXTENSION_READY:
        extension->state = EXTENSION_READY;
        break;
    case EXTENSION_RUNNING:
        if (!extension->has_event)
            extension->state = EXTENSION_READY;
        break;
    default:
        return refuse_transition(ret_fault, extension, EXTENSION_READY);
    }
    if (extension->shutdown_waits) {
        extension->shutdown_waits = false;
        wake(extension);
    }
    return true;
}

bool extension_error(struct extension *extension, enum extension_state state, struct str error_type,
                     bool *ret_is_new, struct extension_fault *ret_fault)
{
    bool is_allowed = extension->state == EXTENSION_REGISTERED;

    if (state == EXTENSION_EXIT_ERROR)
        is_allowed = is_allowed || extension->state == EXTENSION_READY ||
                     extension->state == EXTENSION_RUNNING;
    *ret_is_new = extension->state != state;
    if (!*ret_is_new)
        return true;
    if (!is_allowed)
        return refuse_transition(ret_fault, extension, state);
    extension->state = state;
    extension->has_event = false;
    (void)str_to_cstr(str_sub(error_type, 0, EXTENSION_ERROR_TYPE_BYTES - 1), extension->error_type,
                      sizeof(extension->error_type));
    return true;
}

/* ---- events ---- */

void extensions_send(struct extensions *set, enum extension_event event)
{
    set->event = event;
    for (size_t i = 0; i < set->count; i++) {
        struct extension *extension = &set->list[i];

        if (!(extension->events & event))
            continue;
        if (extension->state == EXTENSION_READY || extension->has_event)
            wake(extension);
        else if (event == EXTENSION_ON_SHUTDOWN)
            extension->shutdown_waits = true;
    }
}

bool extensions_are_registered(const struct extensions *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->list[i].state == EXTENSION_STARTED)
            return false;
    return true;
}

bool extensions_are_ready(const struct extensions *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->list[i].state < EXTENSION_READY)
            return false;
    return true;
}

bool extensions_are_idle(const struct extensions *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->list[i].state == EXTENSION_RUNNING)
            return false;
    return true;
}

bool extensions_have(const struct extensions *set, bool is_external)
{
    for (size_t i = 0; i < set->count; i++)
        if ((set->list[i].process != 0) == is_external &&
            set->list[i].state >= EXTENSION_REGISTERED &&
            set->list[i].state <= EXTENSION_EXIT_ERROR)
            return true;
    return false;
}
