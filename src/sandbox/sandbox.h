/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sandboxes ("boxes") as the scheduler sees them. A box is a set of Linux namespaces with its own
 * cgroup, uid and read-only root; its pid 1 is a small init that starts the runtime process, so
 * that the box (its /tmp, its listener) outlives a runtime that crashed or was killed. Boxes are
 * made by the jail, a separate process; this module is the daemon's end of that connection and
 * never forks.
 *
 * Threading: the loop thread only. Nothing here blocks. Ops are called from the loop, never from
 * inside a sandbox_* call. After sandbox_free() no op of that sandbox is called any more.
 *
 * Order: sandbox_new → ready(listener) → [sandbox_extensions_start → extension_started* →
 * extensions_started →] sandbox_runtime_start → runtime_started(channel, log) → (process_exited of
 * all → start …)* → sandbox_free. The first start may be called at once after sandbox_new: requests
 * are pipelined to the jail, so that a cold start costs no extra round trip.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"

struct sandbox;
struct sandbox_host;

/* What is run inside; the jail maps it to an interpreter of the host and to the argv. */
enum sandbox_runtime {
    SANDBOX_RUNTIME_PYTHON,
    SANDBOX_RUNTIME_NODE,
    SANDBOX_RUNTIME_RUBY,
    SANDBOX_RUNTIME_DOTNET,
    SANDBOX_RUNTIME_JAVA,
    SANDBOX_RUNTIME_PROVIDED, /* /var/task/bootstrap, else /opt/bootstrap */
};

struct sandbox_spec {
    enum sandbox_runtime runtime;
    uint32_t version_major; /* as asked for: python3.12 → 3, 12; nodejs20.x → 20, 0 */
    uint32_t version_minor;
    uint32_t memory_mb; /* the function's limit */
    uint32_t tmp_mb;
    struct digest code; /* an unpacked package of the code store; mounted at /var/task */
    struct digest layers[LIMIT_LAYERS_PER_FUNCTION]; /* at /opt, later ones on top */
    size_t layer_count;
    bool keeps_memory; /* it stands for its whole limit even while it is frozen */
    /*
     * NUL-ended KEY=VALUE entries, borrowed during the call: what a runtime may be started with
     * before it knows its function, the same for all functions of this runtime and version. Then
     * the owner gives the function's environment to the runtime over its channel. Empty: the
     * runtime is started for this function alone, with its own.
     */
    struct str stem_environment;
};

/* The processes that a box is asked to start: the runtime, and extensions from 1 on. */
enum {
    SANDBOX_PROCESS_RUNTIME = 0,
    SANDBOX_EXTENSIONS_MAX = 10,
    SANDBOX_PROCESS_ALL = 255, /* these, and whatever else runs in the box */
};

/* A descriptor of PROVIDED runtimes: what they write there are records of the log. */
enum { SANDBOX_LOG_RECORDS_FD = 62 };

/* How a process ended. */
struct sandbox_exit {
    int wait_status;    /* as waitpid() gives it */
    bool out_of_memory; /* the kernel killed something in this box for its memory limit since the
                           last start */
};

struct sandbox_ops {
    /*
     * The box exists, the function's code is mounted. listener_fd (non-blocking, owned by the
     * callee from now on) is a TCP socket that listens on 127.0.0.1:9001 of the box's own network
     * namespace.
     */
    void (*ready)(void *owner, int listener_fd);
    /*
     * The runtime process was started (it may fail in exec yet: that is a runtime_exited with 127
     * or 126 and the reason in its log). Both descriptors are non-blocking and the callee's: the
     * stream to its fd 3 (for PROVIDED the read end of its fd SANDBOX_LOG_RECORDS_FD), and the read
     * end of its stdout and stderr.
     */
    void (*runtime_started)(void *owner, int channel_fd, int log_fd);
    /*
     * An extension's process was started; name is its file's, valid during the call. error: errno
     * of its exec when it was not, then log_fd is -1. log_fd: as the runtime's.
     */
    void (*extension_started)(void *owner, unsigned process, const char *name, int error,
                              int log_fd);
    /* There are no more of them. outcome is one of SANDBOX_EXTENSIONS_*. */
    void (*extensions_started)(void *owner, int outcome);
    /* The runtime or an extension ended. When it was the last of them, everything else in the box
     * has been killed as well. */
    void (*process_exited)(void *owner, unsigned process, const struct sandbox_exit *exit);
    /* A socket of the box's network namespace, not connected yet, non-blocking, the callee's; -1
     * when there could be none. */
    void (*socket_made)(void *owner, int fd);
    /*
     * The box could not be made, or it died (its init was killed, the jail ended). Only
     * sandbox_free() may follow. outcome is one of SANDBOX_FAILED_*; why says it for people, with
     * the remedy.
     */
    void (*failed)(void *owner, int outcome, const struct reason *why);
};

enum {
    SANDBOX_FAILED_HOST,           /* kernel, memory, a limit of the host */
    SANDBOX_FAILED_NO_INTERPRETER, /* the host has none for this runtime; why names the package to
                                      install */
    SANDBOX_FAILED_NO_BOOTSTRAP, /* PROVIDED, and neither /var/task/bootstrap nor /opt/bootstrap can
                                    be run */
    SANDBOX_FAILED_GONE,         /* it was there and died */
    SANDBOX_FAILED_FOREIGN_BOOTSTRAP, /* PROVIDED, and it is for another machine, or no program */
};

enum {
    SANDBOX_EXTENSIONS_OK,
    SANDBOX_EXTENSIONS_TOO_MANY, /* files; none was started */
    SANDBOX_EXTENSIONS_DISABLED, /* a layer has switched them off */
};

/*
 * Start a box. 0 or a failure; the outcome of the start itself comes through ops. ops and owner
 * must outlive the sandbox. Takes a prepared empty box where the jail has one.
 */
int sandbox_new(struct sandbox **ret_sandbox, struct sandbox_host *host,
                const struct sandbox_spec *spec, const struct sandbox_ops *ops, void *owner,
                struct reason *why);
/* One like this may be asked for soon: there should be a stem cell for it. */
void sandbox_expect(struct sandbox_host *host, const struct sandbox_spec *spec);
/* Kills everything in the box and releases it; NULL is accepted. Returns NULL. */
struct sandbox *sandbox_free(struct sandbox *sandbox);

/*
 * Start the runtime process; there must be none. environment: NUL-ended KEY=VALUE entries, copied.
 * Outcome: runtime_started or failed.
 */
int sandbox_runtime_start(struct sandbox *sandbox, const char *environment, size_t len);
/* Start every extension that the layers have; no process may run yet. environment: likewise. */
int sandbox_extensions_start(struct sandbox *sandbox, const char *environment, size_t len);
/* SIGTERM to one process (a polite end), or SIGKILL to it and what it keeps in its process group,
 * or to ALL of the box but its init. One that has ended already: nothing happens. */
int sandbox_terminate(struct sandbox *sandbox, unsigned process);
int sandbox_kill(struct sandbox *sandbox, unsigned process);
/* The function's init is over: from now on CPU is given in proportion to its memory. */
int sandbox_settle(struct sandbox *sandbox);
/* Ask for a socket to connect with to what listens inside; `socket_made` follows unless the box
 * fails. */
int sandbox_socket(struct sandbox *sandbox);

/* It is about to end, by what its owner has told its processes. */
void sandbox_leave(struct sandbox *sandbox);

/* Stop and continue all processes of the box. One write each, no round trip. Idempotent. A frozen
 * box is thawed by kill and free themselves. */
int sandbox_freeze(struct sandbox *sandbox);
int sandbox_thaw(struct sandbox *sandbox);

/* By how much more the box would stand for the host's memory when it is thawed. */
uint64_t sandbox_thaw_bytes(const struct sandbox *sandbox);

/* Peak memory of the box so far, in bytes; 0 where the host cannot tell. One or two system calls.
 */
uint64_t sandbox_memory_peak_bytes(struct sandbox *sandbox);

/* Counters for health, metrics and tests. */
struct sandbox_host_stats {
    size_t boxes;          /* alive, with their functions */
    size_t boxes_prepared; /* empty ones in the pool */
    size_t stems;          /* boxes whose runtime is up and knows no function */
};

/*
 * How much of the host's memory boxes stand for, each from the request for it until it is gone: for
 * its limit while something can run in it, for what it uses while it is frozen or knows no function
 * (docs/decisions/0008-memory-budget.md). What of that belongs to boxes that are on their way out
 * is told apart.
 */
struct sandbox_host_memory {
    uint64_t bytes_max; /* the scheduler's limit; here it bounds what is kept in reserve */
    uint64_t charged_bytes;
    uint64_t going_bytes;
};
void sandbox_host_memory(const struct sandbox_host *host, struct sandbox_host_memory *ret_memory);
/* What a new box of a function with that limit stands for. */
uint64_t sandbox_charge_bytes(uint32_t memory_mb);
/* Stop what is only kept for later: prepared boxes and stem cells. */
void sandbox_host_give_up_reserve(struct sandbox_host *host);

struct sandbox_host_options {
    uv_loop_t *loop;
    int jail_sock;           /* connected SOCK_SEQPACKET; owned by the host from now on */
    uint32_t boxes_prepared; /* how many empty boxes the pool keeps ready */
    uint32_t stems_per_kind; /* how many stem cells of each kind; they need boxes_prepared */
    uint64_t memory_bytes_max;
    /* A box has gone, or stands for less: there may be room for another. NULL: nobody asks. */
    void (*room_freed)(void *owner);
    /* The jail ended by itself: nothing can be run any more. */
    void (*jail_gone)(void *owner);
    void *owner;
};

int sandbox_host_new(struct sandbox_host **ret_host, const struct sandbox_host_options *options,
                     struct reason *why);
/* Every sandbox must have been freed. The jail kills all boxes when the connection closes. */
struct sandbox_host *sandbox_host_free(struct sandbox_host *host);
void sandbox_host_stats(const struct sandbox_host *host, struct sandbox_host_stats *ret_stats);
/* What the jail enforces on this host, of enum jail_feature (jail/protocol.h); doctor.h makes
 * sentences of it. */
uint32_t sandbox_host_features(const struct sandbox_host *host);
/* An outbound network was wanted where there can be one, and there can be none: why says it. */
bool sandbox_host_network_missing(const struct sandbox_host *host, struct reason *why);

/*
 * Unpack a zip into the code store as code/<digest>, in a child of the jail that may touch nothing
 * else. zip_fd is borrowed (a readable regular file, positioned anywhere). done is called once,
 * from the loop.
 */
enum {
    UNPACK_OK,
    UNPACK_BAD_ZIP,   /* not a zip, damaged, or an entry that tries to leave the folder: why has the
                         detail */
    UNPACK_EMPTY,     /* a zip without entries */
    UNPACK_TOO_LARGE, /* more than bytes_max unpacked */
    UNPACK_TOO_MANY,  /* more than LIMIT_CODE_ENTRIES */
};

typedef void (*sandbox_unpack_done)(void *owner, int outcome, uint64_t unpacked_bytes,
                                    const struct reason *why);

/* 0 or a failure; outcome below 0 in done is a failure of the host. */
int sandbox_unpack(struct sandbox_host *host, int zip_fd, const struct digest *digest,
                   uint64_t bytes_max, sandbox_unpack_done done, void *owner);

/*
 * Remove an unpacked package that no sandbox will be started from any more; running ones keep it. A
 * digest that is not there is fine. done may be NULL; its outcome is UNPACK_OK or a failure.
 */
int sandbox_code_remove(struct sandbox_host *host, const struct digest *digest,
                        sandbox_unpack_done done, void *owner);
