/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the files of an environment share; included by them only.
 *
 *   env.c        life, the pool's view, time, the box
 *   env_init.c   the runtime process starts and initialises; how that fails
 *   env_run.c    one invocation, from its event to its record
 *   env_reset.c  how processes end, and what that means for the env
 */

#include "base/buf.h"
#include "invoke/env.h"
#include "invoke/env_log.h"
#include "invoke/invocation.h"
#include "obs/report.h"
#include "runtime/session.h"

struct log_pipe;
struct sandbox_exit;

enum {
    ENV_START_LIMIT_MS = 30000, /* a box that does not come up by then never will */
    ENV_ERROR_TYPE_BYTES = 128,
};

enum env_state {
    ENV_STARTING,
    ENV_INIT,
    ENV_IDLE,
    ENV_BUSY,
    ENV_RESETTING,
    ENV_DOWN,
    ENV_REINIT,
    ENV_HOPELESS,
    ENV_DEAD,
};

struct env {
    struct list node;     /* one of the pool's lists */
    struct list lru_node; /* the dispatch's list of idle envs */
    enum env_state state;
    const struct env_context *context; /* borrowed */
    struct function_version *version;  /* owned reference */
    const struct env_ops *ops;
    void *owner;
    struct sandbox *sandbox;         /* owned */
    struct runtime_session *session; /* owned */
    struct log_pipe *output;         /* owned; of the present runtime process */
    struct env_log log;
    struct buf process_env; /* of every runtime process in this box */
    uv_timer_t timer;       /* start, init and function time limits; idle times */
    bool is_provisioned;    /* started ahead of invocations */
    bool known;             /* the pool has seen it available */
    bool frozen;
    bool is_framed; /* its runtime is a client of ours, with a channel */
    bool early;     /* its runtime was heard before the jail said that it was started */
    bool doomed;    /* the present runtime process is useless and will have been killed soon */
    const char *broken_type; /* what it did wrong; NULL: nothing that is not told by how it ends */
    const char *broken_what;
    bool exited;       /* the present runtime process has ended; what it said last is being read */
    uint64_t starts;   /* runtime processes so far */
    bool init_report;  /* the suppressed init of this run is to be reported when it fails */
    uint64_t phase_ns; /* begin of the init or of the run */
    uint64_t limit_ns; /* end of it */
    uint64_t init_ns;  /* duration of a good first init, until the first run reports it */
    /* The run: */
    struct invocation *inv; /* borrowed from the pool */
    struct runtime_event event;
    bool started;   /* START is written */
    bool responded; /* the sink has its answer */
    bool function_error;
    uint64_t started_real_ms;
    char error_type[ENV_ERROR_TYPE_BYTES]; /* of a failed init */
    struct reason hopeless;                /* why this function can never start */
};

/* ---- env.c ---- */

void env_timer_start(struct env *env, uint64_t ms);
/* A phase begins that may take so long: phase_ns and limit_ns are set. */
void env_limit_start(struct env *env, uint64_t ms);
/* Set the timer to what is left of the limit. */
void env_limit_go_on(struct env *env);
void env_thaw(struct env *env);
/* Tell the pool that env_run() may be called, unless it has let this env go meanwhile. */
void env_announce(struct env *env);
void env_become_idle(struct env *env);
void env_die(struct env *env, const struct reason *why);

/* ---- env_init.c ---- */

/* The runtime process of a new init; 0 or a failure. */
int env_start_runtime(struct env *env);
/* The suppressed init of the run that waits in env->inv. */
void env_run_reinit(struct env *env);
void env_first_init_failed(struct env *env, enum report_status status, const char *type);
void env_report_suppressed_init(struct env *env, enum report_status status, const char *type);
void env_on_ready(void *owner, int listener_fd);
void env_on_runtime_started(void *owner, int channel_fd, int log_fd);
void env_on_session_ready(void *owner);
void env_on_init_error(void *owner, struct str error_type, struct str body);

/* ---- env_run.c ---- */

/* Hand the event to the runtime, which has asked for it. */
void env_deliver(struct env *env);
void env_write_start(struct env *env);
void env_respond(struct env *env, enum invocation_outcome outcome, char *payload, size_t len);
/* The answer of a run that the platform ended. */
void env_respond_error(struct env *env, const char *type, const char *message);
/* Everything about the run is known: log its end and give it back. The caller sets the next state
 * before. */
void env_end_run(struct env *env, enum report_status status, const char *error_type);
void env_timed_out(struct env *env);
void env_on_stream_start(void *owner, struct str content_type);
void env_on_stream_piece(void *owner, struct str bytes);
void env_on_response(void *owner, char *payload, size_t len);
void env_on_error(void *owner, struct str error_type, char *payload, size_t len);
void env_on_response_too_large(void *owner);
void env_on_done(void *owner);

/* ---- env_reset.c ---- */

/* There is no process: the next run starts with an init. */
void env_become_down(struct env *env);
/* End the runtime process; its exit comes later. */
void env_kill_runtime(struct env *env);
void env_on_process_exited(void *owner, unsigned process, const struct sandbox_exit *exit);
void env_on_broken(void *owner, const char *error_type, const char *what);
