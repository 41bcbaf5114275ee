/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The catalogue: functions and their versions, per account and region, and the rules by which they
 * change. All of it is in memory and on disk; the store decides. A change is one conditional
 * commit; memory is replaced when the commit has succeeded, and a failed one has changed nothing.
 * Two changes of one function at the same time: the store refuses the second, which is then judged
 * again by what the first left behind.
 *
 * The catalogue knows no HTTP, no wire shapes and no error texts. Loop thread only. Texts in views
 * are borrowed until the next turn of the loop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/str.h"
#include "catalog/alias.h"
#include "catalog/config.h"
#include "store/store.h"

struct catalog;
struct catalog_version;
struct function_version;
struct reason;

/* Answers. Failures are negative errnos. */
enum {
    CATALOG_STARTED, /* on_done will be called */
    CATALOG_OK,
    CATALOG_NOT_FOUND, /* no such function, or no such version */
    CATALOG_EXISTS,
    CATALOG_PENDING,      /* the function is still being created */
    CATALOG_IN_PROGRESS,  /* an update of the function is still under way */
    CATALOG_REVISION,     /* another RevisionId than the expected */
    CATALOG_CODE_SHA256,  /* another code than the expected */
    CATALOG_CODE_STORAGE, /* the account's code storage is full */
    CATALOG_TAGS,         /* too many tags */
    CATALOG_BUSY,         /* too many changes of this function at once */
    CATALOG_REFERENCED,   /* an alias names the version */
    CATALOG_ALIAS_NOT_FOUND,
    CATALOG_ALIAS_LATEST,  /* an alias with a weight cannot name $LATEST */
    CATALOG_ALIAS_SAME,    /* both versions of the alias are the same */
    CATALOG_ALIAS_VERSION, /* a version that the alias is to name is not there */
    CATALOG_CALLER = 1000, /* from here on: answers of catalog_update.apply */
};

/* The number of $LATEST. */
enum { FUNCTION_LATEST = 0 };

struct function_id {
    struct str account;
    struct str region;
    struct str name;
};

/* One version as it is now. */
struct function_view {
    uint64_t version; /* FUNCTION_LATEST or a number */
    struct function_config config;
};

/* Code packages are counted by somebody else (code/code_store.h, wired by server/). unpacked_bytes:
 * 0 when the package is held already. */
struct catalog_code_ops {
    int (*retain)(void *context, const struct digest *code, uint64_t unpacked_bytes);
    void (*release)(void *context, const struct digest *code);
};

struct catalog_options {
    uv_loop_t *loop;
    struct store *store;
    const struct catalog_code_ops *code; /* both outlive the snapshots that were given out */
    void *code_context;
    uint64_t code_bytes_max; /* per account and region; 0: AWS's */
    /* How long Pending and InProgress last at least. 0: one commit. Tests of these states use more.
     */
    uint64_t settle_delay_ms;
};

int catalog_new(struct catalog **ret_catalog, const struct catalog_options *options);
/* Reads everything; what was being created or updated goes on. on_loaded is called once. */
void catalog_load(struct catalog *catalog, void (*on_loaded)(void *owner, int failure),
                  void *owner);
/* Waits for the changes under way; the store must stay until on_closed. */
void catalog_close(struct catalog *catalog, void (*on_closed)(void *owner), void *owner);

/* Reading. */

/* Version by number. CATALOG_OK, CATALOG_NOT_FOUND or a failure. */
int catalog_get(struct catalog *catalog, const struct function_id *id, uint64_t version,
                struct arena *arena, struct function_view *ret_view);
/* Which version a qualifier means ("$LATEST", a number, an alias: its first version; absent:
 * $LATEST). CATALOG_OK, CATALOG_NOT_FOUND or a failure. */
int catalog_resolve(struct catalog *catalog, const struct function_id *id, struct str qualifier,
                    uint64_t *ret_version);
int catalog_get_settings(struct catalog *catalog, const struct function_id *id, struct arena *arena,
                         struct function_settings *ret_settings);

/* CATALOG_OK, CATALOG_NOT_FOUND or a failure. All aliases are in the settings. */
int catalog_get_alias(struct catalog *catalog, const struct function_id *id, struct str name,
                      struct arena *arena, struct function_alias *ret_alias);

/*
 * Whose URL has that id, in constant time: CATALOG_OK or CATALOG_NOT_FOUND. The qualifier is
 * "$LATEST" or an alias, which may have been deleted meanwhile. Borrowed until the next turn of the
 * loop.
 */
int catalog_find_url(struct catalog *catalog, struct str url_id, struct function_id *ret_id,
                     struct str *ret_qualifier);

/* Up to max names in byte order after `after` (absent: from the first). Returns how many. */
size_t catalog_list(struct catalog *catalog, struct str account, struct str region,
                    struct str after, struct str *ret_names, size_t max);
/* Up to max numbers, $LATEST first, beginning with `from`. Returns how many; 0 when there is no
 * such function. */
size_t catalog_list_versions(struct catalog *catalog, const struct function_id *id, uint64_t from,
                             uint64_t *ret_versions, size_t max);

struct catalog_usage {
    uint64_t functions;
    uint64_t code_bytes;        /* of all versions, $LATEST included */
    uint64_t concurrency_aside; /* reserved, or else provisioned, for functions of their own */
};

void catalog_usage(struct catalog *catalog, struct str account, struct str region,
                   struct catalog_usage *ret_usage);

/*
 * What an Invoke runs: CATALOG_OK with a reference to a snapshot, CATALOG_NOT_FOUND,
 * CATALOG_PENDING, or a failure. While an update is in progress that is the version before it. An
 * alias with a weight chooses anew each time.
 */
int catalog_invoke_target(struct catalog *catalog, const struct function_id *id,
                          struct str qualifier, struct function_version **ret_version);

/* Changing. */

/*
 * A change under way, a part of the caller's object. The functions below return CATALOG_STARTED,
 * and on_done is called later, or the answer at once, and it is not. Inputs are borrowed until
 * then. With CATALOG_OK, result is the version that the change is about.
 */
struct catalog_change {
    void (*on_done)(struct catalog_change *change, int answer);
    struct function_view result; /* valid until on_done returns, or until catalog_change_deinit */
    struct function_alias alias; /* likewise: what catalog_put_alias makes, or was to make */

    /* private */
    struct catalog *catalog;
    int (*prepare)(struct catalog_change *change);
    const void *input;
    struct function_id id;
    struct store_commit commit;
    struct arena arena;
    struct list staged;
    unsigned attempts;
    uint32_t promised; /* concurrency, counted as set aside while the commit is under way */
    int (*settle)(struct catalog_change *change); /* finishes the state it leaves; NULL: none */
};

/* After the last use of result. */
void catalog_change_deinit(struct catalog_change *change);
/* The same, but what result points to lives on in the arena that is returned. */
struct arena catalog_change_steal(struct catalog_change *change);

struct catalog_create {
    struct function_id id;
    struct function_config config; /* settings and code */
    struct codec_pairs tags;
    struct str code_signing_config; /* ARN (catalog/code_signing.h); absent: none */
    bool publish; /* version 1 (or the next number of that name), too; result is that version */
};

int catalog_create(struct catalog *catalog, struct catalog_change *change,
                   const struct catalog_create *create);

struct catalog_update {
    struct function_id id;
    struct str revision_id; /* expected; absent: any */
    /*
     * Sets what is to be changed in the current configuration: CATALOG_OK, an answer of its own
     * from CATALOG_CALLER on, or a failure. May be called more than once. Memory: arena.
     */
    int (*apply)(const struct catalog_update *update, struct arena *arena,
                 struct function_config *config);
    bool publish; /* result is the new version then */
    bool dry_run; /* answers at once with what it would be */
};

int catalog_update(struct catalog *catalog, struct catalog_change *change,
                   const struct catalog_update *update);

struct catalog_publish {
    struct function_id id;
    struct str revision_id;    /* expected; absent: any */
    const struct digest *code; /* expected; NULL: any */
    struct str description;    /* absent: that of $LATEST */
};

/* Without a change since the last version, that one is the result, at once. */
int catalog_publish(struct catalog *catalog, struct catalog_change *change,
                    const struct catalog_publish *publish);

struct catalog_delete {
    struct function_id id;
    uint64_t version; /* FUNCTION_LATEST: the whole function */
};

/* A version that is not there is deleted already: CATALOG_OK. */
int catalog_delete(struct catalog *catalog, struct catalog_change *change,
                   const struct catalog_delete *delete);

struct catalog_tag {
    struct function_id id;
    struct codec_pairs set;
    struct codec_list remove;
};

int catalog_tag(struct catalog *catalog, struct catalog_change *change,
                const struct catalog_tag *tag);

struct catalog_put_alias {
    struct function_id id;
    struct function_alias alias; /* absent texts are not changed; revision_id: expected */
    bool is_new;                 /* else there must be one */
    bool sets_version;
    bool sets_weight;
};

int catalog_put_alias(struct catalog *catalog, struct catalog_change *change,
                      const struct catalog_put_alias *put);

struct catalog_delete_alias {
    struct function_id id;
    struct str name;
};

/* An alias that is not there is deleted already: CATALOG_OK. */
int catalog_delete_alias(struct catalog *catalog, struct catalog_change *change,
                         const struct catalog_delete_alias *delete);

/* Hearing of changes. */

enum catalog_event_kind {
    CATALOG_VERSION_CHANGED, /* another snapshot than before is to be run */
    CATALOG_VERSION_READY,   /* there is a snapshot that can be run and could not before */
    CATALOG_VERSION_DELETED,
    /* The function's row was written: struct function_settings. Also at the start, for functions
     * with concurrency of their own. */
    CATALOG_SETTINGS_CHANGED,
};

struct catalog_event {
    struct function_id id;
    enum catalog_event_kind kind;
    struct str version; /* "$LATEST", "1"; absent with CATALOG_SETTINGS_CHANGED */
};

/* A listener, embedded in its owner's object; on_event must not change the catalogue. */
struct catalog_watch {
    struct list node;
    void (*on_event)(struct catalog_watch *watch, const struct catalog_event *event);
};

void catalog_watch_start(struct catalog *catalog, struct catalog_watch *watch);
void catalog_watch_stop(struct catalog_watch *watch);
