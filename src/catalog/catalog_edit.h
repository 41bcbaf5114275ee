/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Changing what belongs to a function as a whole, or to one of its qualifiers (struct
 * function_settings). The rules are the caller's: it is given the settings as they are, and says
 * what they are to become. Any two edits of a function, and an edit and the deletion of a version
 * or an alias, conflict in the store; the loser is judged again.
 */

#include "catalog/catalog.h"

/* What apply looks at and changes. */
struct catalog_draft {
    struct catalog *catalog;           /* to read other things from, such as catalog_usage() */
    struct catalog_change *change;     /* to stage other rows with (catalog_change.h) */
    struct arena *arena;               /* memory for what is set */
    struct function_settings settings; /* as they are; to be changed */
    struct str revision_id;      /* of what the qualifier means: $LATEST, a version, an alias */
    struct str next_revision_id; /* what that becomes, if */
    bool renews_revision;        /* apply: it is to become another one */
    bool renews_version;         /* apply: that of the version is, also when it is an alias' */
};

struct catalog_edit {
    struct function_id id;
    struct str qualifier; /* has to be there; absent: $LATEST */
    /*
     * CATALOG_OK, an answer of its own from CATALOG_CALLER on (nothing is changed then), or a
     * failure. May be called more than once.
     */
    int (*apply)(const struct catalog_edit *edit, struct catalog_draft *draft);
};

/*
 * Answers of its own: CATALOG_NOT_FOUND (the function or the version), CATALOG_ALIAS_NOT_FOUND.
 * With CATALOG_OK the change's result is the version that the qualifier means (of an alias, its
 * first); the new settings are read with catalog_get_settings(): the texts of the draft are gone.
 */
int catalog_edit(struct catalog *catalog, struct catalog_change *change,
                 const struct catalog_edit *edit);
