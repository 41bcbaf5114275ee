/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the daemon and its jail say to each other, over one SOCK_SEQPACKET: one message is one
 * packet.
 *
 * The two are built together and never talk across versions; the hello says so and is checked all
 * the same. A request carries slots, digests, enums, numbers and the environment block of a
 * function. It never carries a path, an argument vector or a user id: those the jail got on its
 * command line, before the daemon had read a byte from anybody. So the worst a compromised daemon
 * can ask for is another box.
 *
 *   daemon                                jail
 *                          ◀── HELLO(features) [memory folder]
 *   BOX_NEW ──▶                             an empty box: namespaces, cgroup, /tmp, init
 *                          ◀── BOX_READY [listener, freeze]
 *   BOX_STEM ──▶                            the client and the memory limit: its runtime may be started
 *                                         before it gets a function of just this kind
 *   BOX_ASSIGN ──▶                          code, layers; client and limits unless it has them
 *                          ◀── BOX_ASSIGNED
 *   EXTENSIONS_START ──▶                    may follow BOX_ASSIGN at once
 *                          ◀── EXTENSION_STARTED [log]    for each file of /opt/extensions
 *                          ◀── EXTENSIONS_STARTED         those were all
 *   RUNTIME_START ──▶                       likewise
 *                          ◀── RUNTIME_STARTED [log, channel; of PROVIDED log, log records]
 *   PROCESS_SIGNAL ──▶
 *                          ◀── PROCESS_EXITED     of the last: all else in the box is dead by then
 *   BOX_SETTLE ──▶                          the init is over: CPU in proportion to the memory
 *   BOX_SOCKET ──▶         ◀── BOX_SOCKET_MADE [socket]   to connect with to what listens in there
 *   BOX_STOP ──▶                            at any time after BOX_NEW
 *                          ◀── BOX_GONE           the slot is free again
 *   UNPACK [zip] ──▶       ◀── ERRAND_DONE
 *   CODE_REMOVE ──▶        ◀── ERRAND_DONE
 *
 * BOX_FAILED may come at any time between BOX_NEW and BOX_GONE, once; after it the jail ignores
 * everything for this box but BOX_STOP. The daemon gives a slot away again only after BOX_GONE. The
 * generation is the daemon's; the jail repeats it in every event, so that a late one is recognised.
 * Descriptors are in square brackets.
 */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/limits.h"

enum {
    JAIL_MAGIC = 0x6c616a31,
    JAIL_PROTOCOL_VERSION = 1,
    JAIL_ENVIRONMENT_BYTES_MAX = 65536, /* a user's 4 KB, and what the platform adds */
    JAIL_ERRANDS_MAX = 8,               /* unpackers and removers at a time */
    JAIL_MEMORY_MB_MAX = 32768,
    JAIL_TMP_MB_MAX = 10240,
    JAIL_TMP_MB_DEFAULT = 512,
    JAIL_TEXT_BYTES = 256,
    JAIL_EXTENSIONS_MAX = 10,
    JAIL_LOG_RECORDS_FD = 62, /* of a PROVIDED runtime's process, as on AWS */
};

/* The processes that the box's init starts and reports on: the runtime, and extensions from 1 on.
 */
enum jail_process {
    JAIL_PROCESS_RUNTIME = 0,
    JAIL_PROCESS_COUNT = 1 + JAIL_EXTENSIONS_MAX,
    JAIL_PROCESS_ALL = 255, /* these, and whatever they have started */
};

enum jail_request_type {
    JAIL_BOX_NEW = 1,
    JAIL_BOX_ASSIGN,
    JAIL_RUNTIME_START,
    JAIL_PROCESS_SIGNAL,
    JAIL_BOX_FREEZE, /* only where the hello's features have no freeze descriptor */
    JAIL_BOX_STOP,
    JAIL_UNPACK,
    JAIL_CODE_REMOVE,
    JAIL_EXTENSIONS_START,
    JAIL_BOX_SETTLE,
    JAIL_BOX_SOCKET,
    JAIL_BOX_STEM,
};

enum jail_runtime {
    JAIL_RUNTIME_PYTHON,
    JAIL_RUNTIME_NODE,
    JAIL_RUNTIME_RUBY,
    JAIL_RUNTIME_DOTNET,
    JAIL_RUNTIME_JAVA,
    JAIL_RUNTIME_PROVIDED,
    JAIL_RUNTIME_COUNT,
};

enum jail_signal { JAIL_SIGNAL_TERMINATE, JAIL_SIGNAL_KILL, JAIL_SIGNAL_COUNT };

/* Of BOX_ASSIGN; for BOX_STEM the runtime, its version and the memory count, and must be those of
 * the BOX_ASSIGN that follows. */
struct jail_assign {
    uint32_t runtime; /* enum jail_runtime */
    uint32_t version_major;
    uint32_t version_minor;
    uint32_t memory_mb;
    uint32_t layer_count;
    struct digest code;
    struct digest layers[LIMIT_LAYERS_PER_FUNCTION];
};

struct jail_code {
    struct digest digest;
    uint64_t bytes_max; /* UNPACK only */
};

struct jail_order {
    uint32_t signal;  /* enum jail_signal */
    uint32_t process; /* enum jail_process; ALL only with KILL */
};

/* Every request is one of these; the two STARTs have environment_bytes more behind it. */
struct jail_request {
    uint32_t type;
    uint32_t slot; /* of a box; of an errand for UNPACK and CODE_REMOVE */
    uint32_t generation;
    uint32_t zero;
    union {
        struct jail_assign assign;
        uint32_t environment_bytes;
        struct jail_order order;
        uint32_t is_frozen; /* BOX_FREEZE: 0 or 1 */
        uint32_t tmp_mb;    /* BOX_NEW */
        struct jail_code code;
    };
};

enum jail_event_type {
    JAIL_HELLO = 1,
    JAIL_BOX_READY,
    JAIL_BOX_ASSIGNED,
    JAIL_RUNTIME_STARTED,
    JAIL_PROCESS_EXITED,
    JAIL_BOX_FAILED,
    JAIL_BOX_GONE,
    JAIL_ERRAND_DONE,
    JAIL_EXTENSION_STARTED,
    JAIL_EXTENSIONS_STARTED,
    JAIL_BOX_SOCKET_MADE,
    JAIL_FAILED, /* instead of HELLO: the jail cannot work here and ends */
};

/* What the host lets us enforce; the daemon says at start-up what is missing. */
enum jail_feature {
    JAIL_FEATURE_MEMORY = 1 << 0,         /* memory limit and peak */
    JAIL_FEATURE_PIDS = 1 << 1,           /* process limit by cgroup */
    JAIL_FEATURE_CPU = 1 << 2,            /* cpu weight */
    JAIL_FEATURE_FREEZE_V2 = 1 << 3,      /* the freeze descriptor takes "1" and "0" */
    JAIL_FEATURE_FREEZE_V1 = 1 << 4,      /* it takes "FROZEN" and "THAWED" */
    JAIL_FEATURE_MEMORY_V2 = 1 << 5,      /* memory.peak instead of memory.max_usage_in_bytes */
    JAIL_FEATURE_USER_NAMESPACE = 1 << 6, /* rootless: boxes in user namespaces */
    JAIL_FEATURE_OWN_UID = 1 << 7,        /* every box has a host uid of its own */
    JAIL_FEATURE_SWAP = 1 << 8,           /* swap is limited too */
    JAIL_FEATURE_NETWORK_NAT = 1 << 9,    /* boxes have an outbound network */
    JAIL_FEATURE_TMP_IMAGE = 1 << 10,     /* /tmp is on the disk, not in the function's memory */
};

/* Where something went wrong; sandbox/steps.c has the sentences. New ones go to the end. */
enum jail_step {
    JAIL_STEP_NONE,
    JAIL_STEP_OPTIONS,
    JAIL_STEP_STATE_DIR,
    JAIL_STEP_NAMESPACES,
    JAIL_STEP_USER_MAP,
    JAIL_STEP_ROOT,
    JAIL_STEP_ROOT_ETC,
    JAIL_STEP_ROOT_DEV,
    JAIL_STEP_UNPACKER,
    JAIL_STEP_RUNTIMES,
    JAIL_STEP_CGROUP,
    JAIL_STEP_CGROUP_ATTACH,
    JAIL_STEP_LIMITS,
    JAIL_STEP_CLONE,
    JAIL_STEP_HOSTNAME,
    JAIL_STEP_NET,
    JAIL_STEP_LISTENER,
    JAIL_STEP_MOUNTS,
    JAIL_STEP_PROC,
    JAIL_STEP_TMP,
    JAIL_STEP_PIVOT,
    JAIL_STEP_RLIMITS,
    JAIL_STEP_IDS,
    JAIL_STEP_CAPS,
    JAIL_STEP_SECCOMP,
    JAIL_STEP_CODE,
    JAIL_STEP_LAYERS,
    JAIL_STEP_ATTACH,
    JAIL_STEP_INTERPRETER, /* error is 0: there is none */
    JAIL_STEP_BOOTSTRAP,   /* neither bootstrap can be run */
    JAIL_STEP_RUNTIME,
    JAIL_STEP_INIT_DIED,
    JAIL_STEP_EVENTS,
    JAIL_STEP_NET_NFT,   /* not installed */
    JAIL_STEP_NET_PASTA, /* not installed */
    JAIL_STEP_NET_TUN,   /* /dev/net/tun is not ours to use */
    JAIL_STEP_NET_RANGE, /* is none, or too small */
    JAIL_STEP_NET_OVERLAP,
    JAIL_STEP_NET_UPLINK,
    JAIL_STEP_NET_RULES,
    JAIL_STEP_NET_BOX,
    JAIL_STEP_BOOTSTRAP_FOREIGN, /* no program of this machine; error is its e_machine */
    JAIL_STEP_COUNT,
};

struct jail_failure {
    uint32_t step;  /* enum jail_step */
    uint32_t error; /* positive errno, or 0 */
};

struct jail_hello {
    uint32_t magic;
    uint32_t version;
    uint32_t request_bytes;
    uint32_t event_bytes;
    uint32_t features; /* of enum jail_feature */
    uint32_t slots_max;
    struct jail_failure network; /* why there is none, where "auto" would have had one */
};

struct jail_ready {
    int32_t pid; /* the init's, as the host sees it: where no cgroup counts memory, /proc does */
    uint32_t zero;
};

/* How an extension was started, or was not. */
struct jail_extension {
    uint32_t process;
    uint32_t error;             /* errno of its exec; 0: it runs */
    char name[JAIL_TEXT_BYTES]; /* of its file, NUL-ended; whatever a layer's maker chose */
};

enum jail_launch {
    JAIL_LAUNCH_OK,
    JAIL_LAUNCH_TOO_MANY, /* files; none was started */
    JAIL_LAUNCH_DISABLED, /* by the marker file of a layer */
    JAIL_LAUNCH_OUTCOMES,
};

struct jail_exited {
    uint32_t process;
    int32_t wait_status;
    uint32_t is_out_of_memory;
    uint32_t zero;
};

enum jail_errand_outcome {
    JAIL_ERRAND_OK,
    JAIL_ERRAND_BAD_ZIP,
    JAIL_ERRAND_EMPTY,
    JAIL_ERRAND_TOO_LARGE,
    JAIL_ERRAND_TOO_MANY,
    JAIL_ERRAND_FAILED, /* the host: text says what */
    JAIL_ERRAND_OUTCOMES,
};

struct jail_errand_result {
    uint32_t outcome; /* enum jail_errand_outcome */
    uint32_t zero;
    uint64_t bytes;             /* unpacked */
    char text[JAIL_TEXT_BYTES]; /* NUL-ended; may quote a name from the zip, made printable */
};

struct jail_event {
    uint32_t type;
    uint32_t slot;
    uint32_t generation;
    uint32_t zero;
    union {
        struct jail_hello hello;
        struct jail_failure failure;
        struct jail_ready ready;
        struct jail_extension extension;
        uint32_t launch; /* enum jail_launch */
        struct jail_exited exited;
        struct jail_errand_result errand;
    };
};

static_assert(sizeof(struct jail_assign) == 20 + 32 * (1 + LIMIT_LAYERS_PER_FUNCTION), "padding");
static_assert(sizeof(struct jail_request) % 8 == 0, "no padding that could carry old memory");
static_assert(offsetof(struct jail_event, hello) == 16, "the union follows the head");
static_assert(sizeof(struct jail_errand_result) == 16 + JAIL_TEXT_BYTES, "padding");

/* What the unpacker writes to its result pipe before it ends; the jail treats it as hostile. */
struct unpack_result {
    uint32_t outcome; /* of enum jail_errand_outcome */
    uint32_t entries;
    uint64_t bytes;
    char text[JAIL_TEXT_BYTES];
};

/* Descriptors of the unpacker. */
enum { UNPACK_ZIP_FD = 3, UNPACK_TARGET_FD = 4, UNPACK_RESULT_FD = 5 };

/*
 * Is this a request that an honest daemon could send? bytes is its length on the socket, fd_count
 * the number of descriptors that came with it. Says nothing about the state of the slot.
 */
int jail_request_check(const struct jail_request *request, size_t bytes, size_t fd_count,
                       uint32_t slots_max);
/* Events as the daemon checks them. */
int jail_event_check(const struct jail_event *event, size_t bytes, uint32_t slots_max);
