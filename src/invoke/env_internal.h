/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the files of an environment share; included by them only.
 *
 *   env.c        life, the pool's view, time, the box
 *   env_init.c   extensions and the runtime are started and initialise; how that fails
 *   env_run.c    one invocation, from its event to its record
 *   env_reset.c  how processes end by themselves, and what that means for the env
 *   env_stop.c   how the env ends all its processes
 */

#include "base/buf.h"
#include "invoke/env.h"
#include "invoke/env_log.h"
#include "invoke/invocation.h"
#include "invoke/stream_pace.h"
#include "obs/report.h"
#include "runtime/extensions_api.h"
#include "runtime/session.h"
#include "runtime/telemetry.h"
#include "sandbox/sandbox.h"

struct log_pipe;

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
    ENV_LEAVING,
    ENV_DEAD,
};

/* How far the end of all processes is. */
enum env_stop {
    ENV_STOP_NONE,
    ENV_STOP_RUNTIME,    /* has got SIGTERM */
    ENV_STOP_EXTENSIONS, /* have got SHUTDOWN */
    ENV_STOP_KILL,       /* everybody has got SIGKILL */
};

/* What one process prints; and what a runtime without a channel writes as log records. */
enum { ENV_OUTPUT_RECORDS = 1 + SANDBOX_EXTENSIONS_MAX, ENV_OUTPUTS };

struct env_output {
    struct env *env;
    struct log_pipe *pipe; /* owned; NULL: none */
};

struct env {
    struct list node;     /* one of the pool's lists */
    struct list lru_node; /* the dispatch's list of idle envs */
    enum env_state state;
    const struct env_context *context; /* borrowed */
    struct function_version *version;  /* owned reference */
    const struct env_ops *ops;
    void *owner;
    struct sandbox *sandbox;                /* owned */
    struct runtime_session *session;        /* owned */
    struct telemetry *telemetry;            /* owned */
    struct extensions_api *extensions;      /* owned */
    struct env_output outputs[ENV_OUTPUTS]; /* by process, and the records */
    uint32_t processes_up;                  /* a bit for each that was started and has not ended */
    struct env_log log;
    char metadata_token[UUID_TEXT_BYTES]; /* of everybody in the box */
    struct buf process_env;               /* of every runtime process in this box */
    uv_timer_t timer;                     /* start, init and function time limits; idle times */
    bool is_provisioned;                  /* started ahead of invocations */
    bool known;                           /* the pool has seen it available */
    bool awaited;                         /* the pool's mark */
    bool frozen;
    bool is_framed; /* its runtime is a client of ours, with a channel */
    bool doomed;    /* the present runtime process is useless and will have been killed soon */
    const char *broken_type; /* what it did wrong; NULL: nothing that is not told by how it ends */
    const char *broken_what;
    bool exited;     /* the present runtime process has ended; what it said last is being read */
    uint64_t starts; /* of all processes, so far */
    bool runtime_started; /* the jail has said so, and what it prints is heard */
    bool runtime_waits;   /* it has asked for an event that is not there yet */
    enum env_stop stop;
    const char *stop_reason; /* what extensions are told */
    uint64_t stop_end_ns;    /* of their patience */
    uv_timer_t stop_timer;
    unsigned handles_open; /* of libuv, when the env is freed */
    bool box_gone;
    bool init_report;      /* the suppressed init of this run is to be reported when it fails */
    uint64_t phase_ns;     /* begin of the init or of the run */
    uint64_t limit_ns;     /* end of it */
    uint64_t init_ns;      /* duration of a good first init, until the first run reports it */
    uint64_t init_real_us; /* and when it began */
    /* The run: */
    struct invocation *inv; /* borrowed from the pool */
    struct runtime_event event;
    bool started;   /* START is written */
    bool responded; /* the sink has its answer */
    bool function_error;
    uint64_t started_real_ms;
    uint64_t first_byte_ns; /* when the response began; 0: not yet, like the next two */
    uint64_t responded_ns;
    uint64_t runtime_done_ns; /* when the runtime asked for the next event */
    uint64_t produced_bytes;
    bool is_streamed;        /* its result comes in pieces, and is passed on as it comes */
    struct stream_pace pace; /* of a streamed response */
    uv_timer_t pace_timer;   /* runs while it has to wait */
    bool is_held;            /* … for its sink */
    char error_type[ENV_ERROR_TYPE_BYTES]; /* that the runtime has told; "": none */
    struct buf error_cause;                /* of a traced one that failed */
    struct reason hopeless;                /* why this function can never start */
};

/* ---- env.c ---- */

void env_timer_start(struct env *env, uint64_t ms);
/* A phase begins that may take so long: phase_ns and limit_ns are set. */
void env_limit_start(struct env *env, uint64_t ms);
/* Set the timer to what is left of the limit. */
void env_limit_go_on(struct env *env);
void env_thaw(struct env *env);
/* A log record of the function. */
void env_on_log(void *owner, const struct runtime_log *log);
/* Tell the pool that env_run() may be called, unless it has let this env go meanwhile. */
void env_announce(struct env *env);
void env_become_idle(struct env *env);
/* The box is gone, or is given up. */
void env_box_failed(struct env *env, const struct reason *why);
void env_destroy(struct env *env);
void env_die(struct env *env, const struct reason *why);

/* ---- env_init.c ---- */

/* The processes of a new init; 0 or a failure. */
int env_start_processes(struct env *env);
/* Give out what they have printed so far, unfinished lines too. */
void env_drain_outputs(struct env *env);
/* The suppressed init of the run that waits in env->inv. */
void env_run_reinit(struct env *env);
void env_first_init_failed(struct env *env, enum report_status status, const char *type);
void env_report_suppressed_init(struct env *env, enum report_status status, const char *type);
void env_on_ready(void *owner, int listener_fd);
void env_on_extension_started(void *owner, unsigned process, const char *name, int error,
                              int log_fd);
void env_on_extensions_started(void *owner, int outcome);
void env_on_extensions_changed(void *owner);
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
/* The same for a run that the platform ends, with all processes; reason as for env_stop(). */
void env_give_up_run(struct env *env, enum report_status status, const char *error_type,
                     const char *reason);
void env_timed_out(struct env *env);
void env_on_responding(void *owner);
void env_on_stream_start(void *owner, struct str content_type);
void env_on_stream_piece(void *owner, struct str bytes);
void env_on_response(void *owner, char *payload, size_t len);
void env_on_error(void *owner, const struct runtime_error *error, char *payload, size_t len);
void env_on_response_too_large(void *owner);
void env_on_done(void *owner);
/* The runtime or an extension has finished: when all have, the run is over. */
void env_check_done(struct env *env);

/* ---- env_reset.c ---- */

/* There is no process: the next run starts with an init. */
void env_become_down(struct env *env);
/*
 * The platform ends the init or the run (its status and type as in the report; message is the
 * caller's), and all processes with it.
 */
void env_fail(struct env *env, const char *type, const char *message);
void env_on_extension_failed(void *owner, const struct extension *extension);
void env_on_process_exited(void *owner, unsigned process, const struct sandbox_exit *exit);
void env_on_broken(void *owner, const char *error_type, const char *what);
/* All processes have ended that env_stop() was about, or there was none. */
void env_on_stopped(struct env *env);

/* ---- env_stop.c ---- */

/*
 * End all processes, politely where there are extensions (spec: extensions-api, A5); then
 * env_on_stopped(), at once when there is none. reason: "spindown", "timeout", "failure". Does
 * nothing when it is under way already.
 */
void env_stop(struct env *env, const char *reason);
/* A process has ended, or an extension asks for an event, while that is under way. */
void env_stop_go_on(struct env *env);
void env_on_stop_timer(uv_timer_t *timer);
