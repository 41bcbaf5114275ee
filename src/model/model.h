#pragma once

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The service model as data: what tools/codegen writes for each AWS service, and the C types that
 * its structures are made of. Everything here is constant and read only; the generic code beside it
 * (decode, encode, validate) walks these tables, so that no operation needs code of its own.
 *
 * Presence: a string, blob, list, map or structure is absent when its pointer is NULL. A list or
 * map that is there but empty has a pointer that is not NULL and count 0 (use model_empty).
 * Numbers, booleans and times say it in `has`.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* A base64 member inside a JSON body: spooled to a file, never held in memory (api/spool.h). */
struct api_blob;

struct model_int {
    int64_t value;
    bool has;
};

struct model_double {
    double value;
    bool has;
};

struct model_bool {
    bool value;
    bool has;
};

/* Milliseconds since the epoch, UTC. */
struct model_time {
    int64_t value_ms;
    bool has;
};

/* What every generated list and map structure looks like. */
struct model_list {
    const void *ptr;
    size_t count;
};

/* A pointer for lists, maps and strings that are present but empty. */
extern const char model_empty[1];

static inline struct model_int model_int(int64_t value)
{
    return (struct model_int){.value = value, .has = true};
}

static inline struct model_bool model_bool(bool value)
{
    return (struct model_bool){.value = value, .has = true};
}

static inline struct model_double model_double(double value)
{
    return (struct model_double){.value = value, .has = true};
}

static inline struct model_time model_time(int64_t value_ms)
{
    return (struct model_time){.value_ms = value_ms, .has = true};
}

/* The C type of a value of each kind is named beside it. */
enum model_kind {
    MODEL_STRING,       /* struct str */
    MODEL_INTEGER,      /* struct model_int, 32 bit on the wire */
    MODEL_LONG,         /* struct model_int */
    MODEL_DOUBLE,       /* struct model_double */
    MODEL_BOOLEAN,      /* struct model_bool */
    MODEL_TIMESTAMP,    /* struct model_time */
    MODEL_BLOB,         /* as the payload: struct str; as a member: const struct api_blob * */
    MODEL_LIST,         /* generated, as struct model_list */
    MODEL_MAP,          /* generated, as struct model_list of {struct str key; value} */
    MODEL_STRUCTURE,    /* as a member: const struct x *; as a list element: struct x */
    MODEL_EVENT_STREAM, /* no C member: sent with the streaming reply */
};

enum model_location {
    MODEL_IN_BODY,
    MODEL_IN_URI,
    MODEL_IN_QUERY,
    MODEL_IN_HEADER,
    MODEL_IN_STATUS,  /* the response's status code */
    MODEL_IN_PAYLOAD, /* the member is the whole body */
};

enum {
    MODEL_HAS_MIN = 1 << 0,
    MODEL_HAS_MAX = 1 << 1,
    MODEL_SENSITIVE = 1 << 2,
    /* The service reports a pattern error alone, without the length error of the same value. */
    MODEL_PATTERN_ALONE = 1 << 3,
    /* List: null elements are allowed, so the composite text does not name them. */
    MODEL_SPARSE = 1 << 4,
    /* List: an element outside the enum is reported with the element's own text. */
    MODEL_ELEMENT_TEXT = 1 << 5,
    /* Somewhere inside there is a constraint, so that validation has to descend. */
    MODEL_CONSTRAINED = 1 << 6,
};

struct model_member;

struct model_shape {
    const char *name;
    enum model_kind kind;
    unsigned flags;
    uint32_t size;    /* of the C type as an element of a list */
    uint32_t pattern; /* index into the service's patterns; 0: none */
    union {
        struct {
            int64_t min, max; /* value, or length in characters, or number of elements */
        };
        struct {
            double min_double, max_double;
        };
    };
    const char *const *enums; /* in the order in which the service prints them; NULL: none */
    uint32_t enum_count;
    uint32_t enum_silent_count; /* so many at the end are accepted, but not printed */
    uint32_t member_count;
    uint32_t value_offset;             /* map: where the value lies in an entry */
    const struct model_shape *key;     /* map */
    const struct model_shape *element; /* list element or map value */
    const struct model_member *members;
    const struct model_member *payload; /* structure: the member that is the whole body, or NULL */
};

struct model_member {
    const char *name; /* as spelt in a JSON body, or the name of the header, query or URI part */
    const char *path; /* as printed in validation errors */
    enum model_location location;
    bool required;
    uint32_t offset;
    const struct model_shape *shape;
};

/* Bytes of one entry of a map: the key, then the value, padded as the compiler does. */
static inline size_t model_entry_bytes(const struct model_shape *map)
{
    size_t align = _Alignof(struct str);

    return (map->value_offset + map->element->size + align - 1) / align * align;
}

/* One kind of error answer. */
struct model_fault {
    const char *name; /* x-amzn-ErrorType */
    int status;
    const char *message_member; /* "Message" or "message" */
    bool has_type;              /* the body has "Type": "User" or "Service" */
};

struct model_operation {
    const char *name;
    const char *method;
    const char *uri;         /* "/2015-03-31/functions/{FunctionName}/aliases" */
    const char *uri_query;   /* "find=LayerVersion" has to be in the query; NULL: nothing */
    int status;              /* of a success whose output names no other */
    bool spools;             /* blob members inside its JSON body */
    bool streams_output;     /* answers with an event stream */
    const char *limit_name;  /* the operation's name in the too-large text */
    uint64_t body_bytes_max; /* 0: the default of the gate */
    const struct model_fault *payload_fault; /* the payload has to be JSON, or else; NULL: bytes */
    const struct model_shape *input;
    const struct model_shape *output; /* NULL: empty answer */
};

struct model_service {
    const char *name;        /* credential scope, e.g. "lambda" */
    const char *host_prefix; /* first label of its host name */
    const struct model_operation *operations;
    size_t operation_count;
    const struct model_fault *const *faults;
    size_t fault_count;
    const char *const *patterns; /* [0] is unused */
    size_t pattern_count;
};
