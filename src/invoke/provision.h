/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Provisioned concurrency: sees to it that versions have as many environments initialised ahead as
 * their functions' settings ask for. It keeps nothing in memory but what is under way: the settings
 * say what is wanted, and the pools know what there is. Loop thread only.
 *
 * What grows with what: one object per version that is being looked up.
 */

#include "base/cleanup.h"

struct catalog;
struct code_store;
struct dispatch;
struct function_id;
struct provisioner;

/* NULL when out of memory. Everything is borrowed. */
struct provisioner *provisioner_new(struct catalog *catalog, struct code_store *code,
                                    struct dispatch *dispatch);
/* What is under way comes to nothing. */
struct provisioner *provisioner_free(struct provisioner *provisioner);
CLEANUP_DEFINE(struct provisioner, provisioner_free)

/* Packages can be prepared from now on; what was asked for before waits until then. */
void provisioner_start(struct provisioner *provisioner);
/* The settings of that function may be others than before; id is not kept. 0 or a failure. */
int provisioner_follow(struct provisioner *provisioner, const struct function_id *id);
