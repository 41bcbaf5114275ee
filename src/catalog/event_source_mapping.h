/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Event source mappings of the catalogue: rows, and the pairs of source and function of which there
 * is at most one (rows of their own, so that two simultaneous creations conflict in the store).
 *
 * Transient states are finished by the catalogue, after its settle delay and after a restart. A
 * mapping outlives its function.
 */

#include "catalog/catalog.h"
#include "catalog/event_source.h"
#include "catalog/resource.h"

/* Answers of changes. The catalogue's own are CATALOG_NOT_FOUND: there is no such mapping, and
 * CATALOG_TAGS. */
enum {
    EVENT_SOURCE_NO_FUNCTION = CATALOG_CALLER + 510, /* neither the function nor its qualifier */
    EVENT_SOURCE_DUPLICATE, /* event_source_duplicate() says of which mapping */
    EVENT_SOURCE_IN_USE,    /* the state is a transient one */
};

/* Absent when out of memory. */
struct str event_source_arn(struct arena *arena, const struct catalog_resource_id *id);

/* The name in the id is the UUID. CATALOG_OK, CATALOG_NOT_FOUND or a failure. */
int event_source_get(struct catalog *catalog, const struct catalog_resource_id *id,
                     struct arena *arena, struct event_source_mapping *ret_mapping);

/* The UUID of a mapping with the same source and function, of which this one would be a duplicate;
 * absent: there is none. 0 or -ENOMEM. */
int event_source_duplicate(struct catalog *catalog, struct str account, struct str region,
                           const struct event_source_mapping *mapping, struct arena *arena,
                           struct str *ret_uuid);

struct event_source_create {
    struct str account;
    struct str region;
    struct event_source_mapping mapping; /* with its UUID; judged; the state is the catalogue's */
};

int event_source_create(struct catalog *catalog, struct catalog_change *change,
                        const struct event_source_create *create);

struct event_source_update {
    struct catalog_resource_id id;
    /* CATALOG_OK, an answer of its own from CATALOG_CALLER on (not those above), or a failure. May
     * be called more than once. Memory: arena. */
    int (*apply)(const struct event_source_update *update, struct arena *arena,
                 struct event_source_mapping *mapping);
};

int event_source_update(struct catalog *catalog, struct catalog_change *change,
                        const struct event_source_update *update);

struct event_source_delete {
    struct catalog_resource_id id;
};

/* Begins it: the mapping is there, and EVENT_SOURCE_DELETING, until that is finished. */
int event_source_delete(struct catalog *catalog, struct catalog_change *change,
                        const struct event_source_delete *delete);

/* Whatever the state. */
int event_source_tag(struct catalog *catalog, struct catalog_change *change,
                     const struct catalog_resource_tag *tag);
