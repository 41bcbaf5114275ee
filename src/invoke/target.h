/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From a function's name to a version that can be run: which version the qualifier means, and that
 * its code and its layers are unpacked. Normally all is there; a package that has gone is unpacked
 * again. Loop thread only.
 */

#include "base/limits.h"
#include "catalog/catalog.h"
#include "code/code_store.h"

struct function_version;

/* Outcomes besides CATALOG_* of catalog_invoke_target() and failures. */
enum {
    INVOKE_TARGET_CODE_MISSING = CATALOG_CALLER,
    INVOKE_TARGET_CODE_BROKEN, /* it cannot be unpacked again */
    INVOKE_TARGET_IMAGE,       /* container images cannot be run yet */
};

/* A part of the caller's object. */
struct invoke_target {
    struct function_id id; /* borrowed until done, as the qualifier */
    struct str qualifier;
    /*
     * Called once, perhaps from inside invoke_target_find(). With CATALOG_OK the version is
     * borrowed and its packages are there during the call; a submitted invocation keeps both.
     */
    void (*done)(struct invoke_target *target, int outcome, struct function_version *version);

    /* private */
    struct catalog *catalog;
    struct code_store *code;
    struct function_version *version;                             /* owned */
    struct code_package *packages[1 + LIMIT_LAYERS_PER_FUNCTION]; /* owned */
    size_t package_count;
    struct code_request request;
};

void invoke_target_find(struct invoke_target *target, struct catalog *catalog,
                        struct code_store *code);
