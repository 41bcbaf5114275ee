/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the catalogue share: the tables in memory. */

#include "base/map.h"
#include "catalog/catalog.h"
#include "catalog/resource.h"

/*
 * One version: its row as it is on disk, decoded when somebody asks. That keeps 100,000 versions
 * small. Holds a reference to its code package.
 */
struct catalog_version {
    struct function_version *snapshot; /* not counted: cleared when the last user goes */
    uint64_t number;
    uint64_t store_revision;
    size_t len;
    char bytes[];
};

/* A function, or the memory of a deleted one: then it has no versions, and its numbers are not
 * given again. */
struct catalog_function {
    struct catalog_scope *scope;
    struct catalog_version **versions; /* owned; ascending numbers, $LATEST first */
    size_t version_count;
    size_t version_cap;
    struct catalog_version *serving; /* owned; $LATEST as it was before the update in progress */
    uint64_t store_revision;
    char *settings; /* owned row */
    size_t settings_len;
    struct str name;
    char name_bytes[];
};

struct catalog_resource {
    uint64_t store_revision;
    struct str name;
    struct str bytes; /* the row */
    char storage[];
};

/* The resources of a kind, in the order of their names. */
struct catalog_table {
    struct catalog_resource **rows; /* owned */
    size_t count;
    size_t cap;
};

/* What an account has in a region: functions, in the order of their names, and resources. */
struct catalog_scope {
    struct str account;
    struct str region;
    struct str key;                      /* "account/region" */
    struct catalog_function **functions; /* owned */
    size_t count;
    size_t cap;
    struct catalog_usage usage;
    struct catalog_table tables[CATALOG_RESOURCE_KINDS];
    char key_bytes[];
};

struct catalog {
    uv_loop_t *loop;
    struct store *store;
    const struct catalog_code_ops *code;
    void *code_context;
    uint64_t code_bytes_max;
    uint64_t settle_delay_ms;
    struct map scopes;
    struct map urls; /* URL id → struct catalog_url, owned (catalog_settings.c) */
    struct list watches;
    struct list settles;    /* struct settle */
    size_t change_count;    /* commits under way */
    struct store_scan scan; /* while loading */
    unsigned load_step;
    int scan_failure;
    void (*on_loaded)(void *owner, int failure);
    bool is_closing;
    void (*on_closed)(void *owner);
    void *owner;
};

/* Tables (catalog_table.c). NULL when there is none, or no memory (make). */
struct catalog_scope *catalog_scope_find(struct catalog *catalog, struct str account,
                                         struct str region);
struct catalog_scope *catalog_scope_make(struct catalog *catalog, struct str account,
                                         struct str region);
void catalog_scope_free(struct catalog *catalog, struct catalog_scope *scope);
/* The place of the first name that is not before `name`. */
size_t catalog_scope_place(const struct catalog_scope *scope, struct str name);
struct catalog_function *catalog_function_find(struct catalog *catalog,
                                               const struct function_id *id);
struct catalog_function *catalog_function_make(struct catalog *catalog,
                                               const struct function_id *id);
void catalog_function_remove(struct catalog *catalog, struct catalog_function *function);
struct catalog_version *catalog_version_find(const struct catalog_function *function,
                                             uint64_t number);
/* The place of the first version that is not before `number`. */
size_t catalog_version_place(const struct catalog_function *function, uint64_t number);
struct catalog_version *catalog_version_new(uint64_t number, struct str row);
int catalog_version_decode(const struct catalog_version *version, struct arena *arena,
                           struct function_config *ret_config);
/* Takes the version into the function, in place of one with its number (which is freed). 0 or
 * -ENOMEM. */
int catalog_version_install(struct catalog *catalog, struct catalog_function *function,
                            struct catalog_version *version);
void catalog_version_remove(struct catalog *catalog, struct catalog_function *function,
                            uint64_t number);
/* Takes over what is served, or frees it; both are ends of a reference to code. */
void catalog_version_free(struct catalog *catalog, struct catalog_version *version);
bool catalog_function_is_live(const struct catalog_function *function);

/* Resources (resource.c). */
enum store_kind catalog_resource_stored(enum catalog_resource_kind kind);
/* NULL when out of memory. */
struct catalog_resource *catalog_resource_new(struct str name, struct str bytes);
/* Takes the resource in, in place of one of its name. 0, -ENOMEM or -EBADMSG: it is still the
 * caller's. */
int catalog_resource_install(struct catalog *catalog, enum catalog_resource_kind kind,
                             const struct catalog_resource_id *id,
                             struct catalog_resource *resource);
void catalog_resource_remove(struct catalog *catalog, enum catalog_resource_kind kind,
                             const struct catalog_resource_id *id);
void catalog_tables_free(struct catalog *catalog, struct catalog_scope *scope);

/* What hangs on the row of a layer's version: a package (catalog_layer.c). 0, -ENOMEM or -EBADMSG. */
int catalog_layer_version_added(struct catalog *catalog, struct catalog_scope *scope,
                                struct str row);
void catalog_layer_version_removed(struct catalog *catalog, struct catalog_scope *scope,
                                   struct str row);

enum { CATALOG_VERSION_TEXT_MAX = 24 };

/* "$LATEST", "1": written to text. */
struct str catalog_version_text(uint64_t number, char text[static CATALOG_VERSION_TEXT_MAX]);
/* Is it absent, "$LATEST" or a number? Else it can only be an alias. */
bool catalog_qualifier_is_version(struct str qualifier, uint64_t *ret_number);

/* The row of a function (catalog_settings.c). */
int catalog_settings_decode(const struct catalog_function *function, struct arena *arena,
                            struct function_settings *ret_settings);
/* Takes over the row of a function (from malloc) in place of the one it has. 0, -ENOMEM or
 * -EBADMSG: it is still the caller's. */
int catalog_settings_install(struct catalog *catalog, struct catalog_function *function, char *row,
                             size_t len, uint64_t store_revision);
void catalog_settings_remove(struct catalog *catalog, struct catalog_function *function);
/* What the change is about to set aside counts from now on, or other functions' changes could set
 * aside the same. 0 or a failure. */
int catalog_promise_take(struct catalog_change *change, const struct function_settings *before,
                         const struct function_settings *after);
/* The commit has ended; when it succeeded, its row counts instead. */
void catalog_promise_give(struct catalog_change *change);
/* Does the function have any concurrency of its own? 1, 0 or a failure. */
int catalog_settings_have_aside(const struct catalog_function *function);
/* Says CATALOG_SETTINGS_CHANGED. */
void catalog_settings_emit(struct catalog *catalog, const struct catalog_function *function);
void catalog_urls_free(struct catalog *catalog);

/* "account/region/name" and "account/region/name:version" */
struct str catalog_function_key(struct arena *arena, const struct function_id *id);
struct str catalog_version_key(struct arena *arena, const struct function_id *id, uint64_t number);

void catalog_emit(struct catalog *catalog, const struct catalog_event *event);

/*
 * Goes on with what is not finished, a function whose creation or update is under way or a mapping
 * that is being enabled (catalog_settle.c): after the settle delay the change that `prepare` states
 * is made. id: the account, the region, and a name that is prepare's own. 0 or -ENOMEM.
 */
int catalog_settle_start(struct catalog *catalog, const struct function_id *id,
                         int (*prepare)(struct catalog_change *change));
/* The prepare function for functions. */
int catalog_function_settle(struct catalog_change *change);
/* Goes on with the event source mappings of a scope (event_source_mapping.c). 0 or a failure. */
int catalog_event_sources_go_on(struct catalog *catalog, const struct catalog_scope *scope);
void catalog_settle_stop_all(struct catalog *catalog);
void catalog_close_when_idle(struct catalog *catalog);

/* Aliases (catalog_alias.c). CATALOG_OK, CATALOG_NOT_FOUND or a failure. */
int catalog_alias_decode(const struct catalog_function *function, struct str name,
                         struct arena *arena, struct function_alias *ret_alias);
/* Does any alias send invocations to that version? 1, 0 or a failure. */
int catalog_alias_names_version(const struct function_settings *settings, uint64_t version,
                                struct arena *arena);

/* Changes (catalog_change.c). */
int catalog_change_start(struct catalog *catalog, struct catalog_change *change,
                         const struct function_id *id,
                         int (*prepare)(struct catalog_change *change), const void *input);
