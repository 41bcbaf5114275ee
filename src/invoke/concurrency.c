/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/concurrency.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/must.h"
#include "catalog/catalog.h"
#include "catalog/concurrency.h"
#include "catalog/function.h"
#include "invoke/ramp.h"

enum {
    KEY_BYTES = 224,
    RESTING_FREED_AT_ONCE = 2, /* more than are added, so that they cannot pile up */
};

struct concurrency_account {
    uint32_t aside;  /* for its functions, together */
    uint32_t shared; /* in flight of what is not set aside */
    char key[];
};

struct concurrency_function {
    struct concurrency_account *account;
    struct function_concurrency aside;
    struct list versions; /* struct concurrency_version */
    uint32_t in_flight;
    uint32_t spilled; /* of those, what is not covered by their versions' provisioned capacity */
    struct ramp ramp;
    struct list resting_node;
    uint64_t resting_ns; /* since when; only in that list */
    size_t key_len;
    char key[];
};

struct concurrency_version {
    struct list node; /* of its function */
    struct concurrency_function *function;
    uint32_t provisioned;
    uint32_t in_flight;
    size_t key_len;
    char key[];
};

void concurrency_init(struct concurrency *concurrency, uint32_t limit, uint32_t ramp)
{
    *concurrency = (struct concurrency){.now_ns = clock_mono_ns, .limit = limit, .ramp = ramp};
    map_init(&concurrency->accounts);
    map_init(&concurrency->functions);
    map_init(&concurrency->versions);
    list_init(&concurrency->resting);
}

static void map_free(struct map *map)
{
    map_for_each (entry, map)
        free(entry->value);
    map_deinit(map);
}

void concurrency_deinit(struct concurrency *concurrency)
{
    map_free(&concurrency->versions);
    map_free(&concurrency->functions);
    map_free(&concurrency->accounts);
}

/* "account/region/name:version", and the length of its beginnings. */
struct key {
    char text[KEY_BYTES];
    size_t len;
    size_t function_len;
    size_t account_len;
};

static void key_make(struct key *key, const struct function_id *id, struct str version)
{
    int len = snprintf(key->text, KEY_BYTES, "%.*s/%.*s/%.*s:%.*s", STR_FMT(id->account),
                       STR_FMT(id->region), STR_FMT(id->name), STR_FMT(version));

    must(len > 0 && len < KEY_BYTES);
    key->len = (size_t)len;
    key->function_len = key->len - version.len - 1;
    key->account_len = id->account.len + 1 + id->region.len;
}

static void key_of(struct key *key, const struct function_version *version)
{
    const struct function_id id = {version->account, version->region, version->name};

    key_make(key, &id, version->version);
}

/* ---- entries ---- */

static struct concurrency_account *account_make(struct concurrency *concurrency,
                                                const struct key *key)
{
    struct str text = str_make(key->text, key->account_len);
    struct concurrency_account *account = map_get(&concurrency->accounts, text);

    if (account)
        return account;
    account = calloc(1, sizeof(*account) + text.len);
    if (!account)
        return NULL;
    memcpy(account->key, text.ptr, text.len);
    if (map_put(&concurrency->accounts, str_make(account->key, text.len), account) == MAP_OK)
        return account;
    free(account);
    return NULL;
}

static void function_free(struct concurrency *concurrency, struct concurrency_function *function)
{
    must(list_is_empty(&function->versions));
    list_remove(&function->resting_node);
    (void)map_remove(&concurrency->functions, str_make(function->key, function->key_len));
    free(function);
}

/* Those whose ramp is whole again. */
static void free_rested(struct concurrency *concurrency)
{
    uint64_t now_ns = concurrency->now_ns();

    for (int i = 0; i < RESTING_FREED_AT_ONCE; i++) {
        struct list *first = list_first(&concurrency->resting);
        struct concurrency_function *function;

        if (!first)
            return;
        function = container_of(first, struct concurrency_function, resting_node);
        if (now_ns < function->resting_ns + RAMP_PERIOD_S * NS_PER_S)
            return;
        function_free(concurrency, function);
    }
}

static struct concurrency_function *function_make(struct concurrency *concurrency,
                                                  const struct key *key)
{
    struct str text = str_make(key->text, key->function_len);
    struct concurrency_function *function = map_get(&concurrency->functions, text);
    struct concurrency_account *account;

    if (function)
        return function;
    free_rested(concurrency);
    account = account_make(concurrency, key);
    function = calloc(1, sizeof(*function) + text.len);
    if (account && function) {
        function->account = account;
        list_init(&function->versions);
        list_init(&function->resting_node);
        function->key_len = text.len;
        memcpy(function->key, text.ptr, text.len);
        if (map_put(&concurrency->functions, str_make(function->key, text.len), function) == MAP_OK)
            return function;
    }
    free(function);
    return NULL;
}

static void function_drop_when_unused(struct concurrency *concurrency,
                                      struct concurrency_function *function)
{
    static const struct function_concurrency none;

    if (!list_is_empty(&function->versions) || !function_concurrency_eq(&function->aside, &none))
        return;
    if (function->ramp.full_ns == 0) {
        function_free(concurrency, function);
        return;
    }
    list_remove(&function->resting_node);
    list_push_back(&concurrency->resting, &function->resting_node);
    function->resting_ns = concurrency->now_ns();
}

static struct concurrency_version *version_make(struct concurrency *concurrency,
                                                const struct key *key)
{
    struct str text = str_make(key->text, key->len);
    struct concurrency_version *version = map_get(&concurrency->versions, text);
    struct concurrency_function *function;

    if (version)
        return version;
    function = function_make(concurrency, key);
    if (!function)
        return NULL;
    version = calloc(1, sizeof(*version) + text.len);
    if (version) {
        version->function = function;
        version->key_len = text.len;
        memcpy(version->key, text.ptr, text.len);
        if (map_put(&concurrency->versions, str_make(version->key, text.len), version) == MAP_OK) {
            list_push_back(&function->versions, &version->node);
            list_remove(&function->resting_node);
            return version;
        }
    }
    free(version);
    function_drop_when_unused(concurrency, function);
    return NULL;
}

/* Its function stays; function_drop_when_unused() is to follow. */
static void version_drop_when_unused(struct concurrency *concurrency,
                                     struct concurrency_version *version)
{
    if (version->in_flight > 0 || version->provisioned > 0)
        return;
    (void)map_remove(&concurrency->versions, str_make(version->key, version->key_len));
    list_remove(&version->node);
    free(version);
}

/* ---- what is set aside ---- */

/* What the function takes of the account, out of what is set aside for it and of the shared part;
 * taken out before a change of its numbers and put in again after it. */
static void account_for(struct concurrency_function *function, bool is_in)
{
    struct concurrency_account *account = function->account;
    uint32_t aside = function_concurrency_aside(&function->aside);
    uint32_t shared = function->aside.is_reserved ? 0 : function->spilled;

    account->aside += is_in ? aside : -aside;
    account->shared += is_in ? shared : -shared;
}

static uint32_t spilled_of(const struct concurrency_version *version)
{
    return version->in_flight > version->provisioned ? version->in_flight - version->provisioned
                                                     : 0;
}

static void version_set(struct concurrency_version *version, uint32_t provisioned,
                        uint32_t in_flight)
{
    struct concurrency_function *function = version->function;

    account_for(function, false);
    function->spilled -= spilled_of(version);
    function->in_flight -= version->in_flight;
    version->provisioned = provisioned;
    version->in_flight = in_flight;
    function->spilled += spilled_of(version);
    function->in_flight += version->in_flight;
    account_for(function, true);
}

/* 0 or -ENOMEM */
static int versions_set(struct concurrency *concurrency, const struct function_id *id,
                        const struct version_provisioned *versions, size_t count)
{
    struct concurrency_version *version;
    char number[24];
    struct key key;

    for (size_t i = 0; i < count; i++) {
        int len = snprintf(number, sizeof(number), "%" PRIu64, versions[i].version);

        key_make(&key, id, str_make(number, (size_t)len));
        version = version_make(concurrency, &key);
        if (!version)
            return err_new(-ENOMEM);
        version_set(version, versions[i].count, version->in_flight);
    }
    return 0;
}

int concurrency_set(struct concurrency *concurrency, const struct function_id *id,
                    const struct function_concurrency *aside,
                    const struct version_provisioned *versions, size_t count)
{
    struct concurrency_function *function;
    struct key key;
    int r;

    key_make(&key, id, STR(""));
    function = function_make(concurrency, &key);
    if (!function)
        return err_new(-ENOMEM);
    list_remove(&function->resting_node);
    account_for(function, false);
    function->aside = *aside;
    account_for(function, true);
    list_for_each (node, &function->versions) {
        struct concurrency_version *version = container_of(node, struct concurrency_version, node);

        version_set(version, 0, version->in_flight);
    }
    r = versions_set(concurrency, id, versions, count);
    list_for_each_safe (node, &function->versions)
        version_drop_when_unused(concurrency, container_of(node, struct concurrency_version, node));
    function_drop_when_unused(concurrency, function);
    return r < 0 ? err_pass(r) : 0;
}

/* ---- what is in flight ---- */

/* The limit may be lower than when things were set aside. */
static uint32_t less(uint32_t limit, uint32_t aside)
{
    return aside < limit ? limit - aside : 0;
}

static int judge(const struct concurrency *concurrency, const struct concurrency_version *version)
{
    const struct concurrency_function *function = version->function;
    const struct function_concurrency *aside = &function->aside;

    if (aside->is_reserved && function->in_flight >= aside->reserved)
        return CONCURRENCY_RESERVED_LIMIT; /* what ran already when less was reserved */
    if (version->in_flight < version->provisioned)
        return CONCURRENCY_OK;
    if (aside->is_reserved)
        return function->spilled < less(aside->reserved, aside->provisioned)
                   ? CONCURRENCY_OK
                   : CONCURRENCY_RESERVED_LIMIT;
    return function->account->shared < less(concurrency->limit, function->account->aside)
               ? CONCURRENCY_OK
               : CONCURRENCY_ACCOUNT_LIMIT;
}

int concurrency_take(struct concurrency *concurrency, const struct function_version *version,
                     struct concurrency_version **ret_taken)
{
    struct concurrency_version *taken;
    struct key key;
    int r;

    key_of(&key, version);
    taken = version_make(concurrency, &key);
    if (!taken)
        return err_new(-ENOMEM);
    r = judge(concurrency, taken);
    if (r != CONCURRENCY_OK) {
        struct concurrency_function *function = taken->function;

        version_drop_when_unused(concurrency, taken);
        function_drop_when_unused(concurrency, function);
        return r;
    }
    version_set(taken, taken->provisioned, taken->in_flight + 1);
    concurrency->in_flight++;
    *ret_taken = taken;
    return CONCURRENCY_OK;
}

void concurrency_give(struct concurrency *concurrency, struct concurrency_version *taken)
{
    struct concurrency_function *function = taken->function;

    must(taken->in_flight > 0);
    version_set(taken, taken->provisioned, taken->in_flight - 1);
    concurrency->in_flight--;
    version_drop_when_unused(concurrency, taken);
    function_drop_when_unused(concurrency, function);
}

/* ---- growth ---- */

uint32_t concurrency_ramp_left(const struct concurrency *concurrency,
                               const struct concurrency_version *taken)
{
    return ramp_left(&taken->function->ramp, concurrency->ramp, concurrency->now_ns());
}

void concurrency_ramp_take(struct concurrency *concurrency, const struct function_version *version)
{
    struct concurrency_version *taken;
    struct key key;

    key_of(&key, version);
    taken = map_get(&concurrency->versions, str_make(key.text, key.len));
    must(taken);
    ramp_take(&taken->function->ramp, concurrency->ramp, concurrency->now_ns());
}
