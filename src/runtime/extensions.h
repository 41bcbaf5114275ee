/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The extensions of one environment: who they are and what each may do next (spec: extensions-api,
 * part A). Pure: no I/O, no clock; runtime/extensions_api.h is the HTTP side.
 *
 *   Started ──register──▶ Registered ──next──▶ Ready ──event──▶ Running
 *                          │ init/error          ▲  └────next────┘
 *                          ▼                     exit/error, from each of these, is ExitError
 *                       InitError
 *   LaunchError: never ran.  Exited: its process has ended.
 *
 * External extensions are processes of their own, known by the name of their file; internal ones
 * live in the runtime and appear by registering.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/rand.h"
#include "base/str.h"

enum { EXTENSIONS_MAX = 10, EXTENSION_NAME_BYTES = 256, EXTENSION_ERROR_TYPE_BYTES = 128 };

enum extension_state {
    EXTENSION_STARTED,
    EXTENSION_REGISTERED,
    EXTENSION_READY,
    EXTENSION_RUNNING,
    EXTENSION_INIT_ERROR,
    EXTENSION_EXIT_ERROR,
    EXTENSION_LAUNCH_ERROR,
    EXTENSION_EXITED,
};

enum extension_event { EXTENSION_ON_INVOKE = 1, EXTENSION_ON_SHUTDOWN = 2 };

struct extension {
    char name[EXTENSION_NAME_BYTES];
    char id[UUID_TEXT_BYTES]; /* "" until it has registered */
    enum extension_state state;
    unsigned events;                             /* of enum extension_event: what it asked for */
    unsigned process;                            /* of the sandbox; 0: internal */
    bool has_event;                              /* Running, and the event was not picked up yet */
    bool shutdown_waits;                         /* for it to ask for its next event */
    char error_type[EXTENSION_ERROR_TYPE_BYTES]; /* what it, or its launch, failed with; "" */
};

struct extensions {
    struct extension list[EXTENSIONS_MAX];
    size_t count;
    enum extension_event event; /* the one that was sent last */
    bool is_internal_closed;    /* the runtime has asked for its first event */
    bool is_closed;             /* the init is over */
    bool is_disabled;           /* by a layer: the API does not exist */
};

/* What a refused call is answered with. The message is in text. */
struct extension_fault {
    const char *type;
    char message[EXTENSION_NAME_BYTES + 160];
};

/* A new set of processes is about to be started. */
void extensions_reset(struct extensions *set);
/* An external one was started; error: errno of what failed. There are at most EXTENSIONS_MAX. */
void extensions_add(struct extensions *set, unsigned process, const char *name, int error);

/* Calls. The extension, or NULL with *ret_fault. */
struct extension *extensions_register(struct extensions *set, struct str name,
                                      const struct str *events, size_t event_count,
                                      struct extension_fault *ret_fault);
/* By the identifier of a call's header. `unknown` is the sentence for one that nobody has; when it
 * ends with a blank the identifier follows. */
struct extension *extensions_find(struct extensions *set, struct str id, const char *unknown,
                                  struct extension_fault *ret_fault);
/* It asks for an event: it has none to pick up now unless has_event is set. False with *ret_fault.
 */
bool extension_next(struct extension *extension, struct extension_fault *ret_fault);
/* It gives up; state is INIT_ERROR or EXIT_ERROR. ret_is_new is false for a repetition. */
bool extension_error(struct extension *extension, enum extension_state state, struct str error_type,
                     bool *ret_is_new, struct extension_fault *ret_fault);

/* An external one's process has ended; NULL: there is none with that number. */
struct extension *extensions_exited(struct extensions *set, unsigned process);

/* Send an event to all that asked for it: those become Running with has_event. For SHUTDOWN, one
 * that is still at its last event gets it when it asks for the next. */
void extensions_send(struct extensions *set, enum extension_event event);

/* Every external one that was started has registered. */
bool extensions_are_registered(const struct extensions *set);
/* Every registered one has asked for its first event. */
bool extensions_are_ready(const struct extensions *set);
/* Every one that gets INVOKE events waits for the next. */
bool extensions_are_idle(const struct extensions *set);
/* Any that has registered, and lives: external ones, or internal ones. */
bool extensions_have(const struct extensions *set, bool is_external);

/* "Ready", as messages and log lines spell it. */
const char *extension_state_name(enum extension_state state);
