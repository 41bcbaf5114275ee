/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/concurrency.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/must.h"
#include "catalog/concurrency.h"
#include "catalog/function.h"

enum { KEY_BYTES = 192 };

struct concurrency_account {
    uint32_t aside;  /* for its functions, together */
    uint32_t shared; /* in flight of what is not set aside */
    char key[];
};

struct concurrency_function {
    struct concurrency_account *account;
    struct function_concurrency aside;
    uint32_t in_flight;
    char key[];
};

void concurrency_init(struct concurrency *concurrency, uint32_t limit)
{
    *concurrency = (struct concurrency){.limit = limit};
    map_init(&concurrency->accounts);
    map_init(&concurrency->functions);
}

static void map_free(struct map *map)
{
    map_for_each (entry, map)
        free(entry->value);
    map_deinit(map);
}

void concurrency_deinit(struct concurrency *concurrency)
{
    map_free(&concurrency->functions);
    map_free(&concurrency->accounts);
}

/* "account/region/name"; account_len: without the name. */
struct key {
    char text[KEY_BYTES];
    size_t len;
    size_t account_len;
};

static void key_make(struct key *key, struct str account, struct str region, struct str name)
{
    int len = snprintf(key->text, KEY_BYTES, "%.*s/%.*s/%.*s", STR_FMT(account), STR_FMT(region),
                       STR_FMT(name));

    must(len > 0 && len < KEY_BYTES);
    key->len = (size_t)len;
    key->account_len = account.len + 1 + region.len;
}

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

static struct concurrency_function *function_add(struct concurrency *concurrency,
                                                 const struct key *key)
{
    struct concurrency_account *account = account_make(concurrency, key);
    struct concurrency_function *function = calloc(1, sizeof(*function) + key->len);

    if (account && function) {
        function->account = account;
        memcpy(function->key, key->text, key->len);
        if (map_put(&concurrency->functions, str_make(function->key, key->len), function) == MAP_OK)
            return function;
    }
    free(function);
    return NULL;
}

static struct concurrency_function *function_find(struct concurrency *concurrency,
                                                  const struct key *key)
{
    return map_get(&concurrency->functions, str_make(key->text, key->len));
}

static void function_drop_when_unused(struct concurrency *concurrency, const struct key *key,
                                      struct concurrency_function *function)
{
    static const struct function_concurrency none;

    if (function->in_flight > 0 || !function_concurrency_eq(&function->aside, &none))
        return;
    (void)map_remove(&concurrency->functions, str_make(key->text, key->len));
    free(function);
}

/* How many of that many in flight are of the shared part. */
static uint32_t shared_of(const struct function_concurrency *aside, uint32_t in_flight)
{
    if (aside->is_reserved || in_flight <= aside->provisioned)
        return 0;
    return in_flight - aside->provisioned;
}

int concurrency_set(struct concurrency *concurrency, struct str account, struct str region,
                    struct str name, const struct function_concurrency *aside)
{
    struct concurrency_function *function;
    struct key key;

    key_make(&key, account, region, name);
    function = function_find(concurrency, &key);
    if (!function)
        function = function_add(concurrency, &key);
    if (!function)
        return err_new(-ENOMEM);
    function->account->aside += function_concurrency_aside(aside);
    function->account->aside -= function_concurrency_aside(&function->aside);
    function->account->shared += shared_of(aside, function->in_flight);
    function->account->shared -= shared_of(&function->aside, function->in_flight);
    function->aside = *aside;
    function_drop_when_unused(concurrency, &key, function);
    return 0;
}

/* The limit may be lower than when things were set aside. */
static uint32_t shared_limit(const struct concurrency *concurrency,
                             const struct concurrency_account *account)
{
    return account->aside < concurrency->limit ? concurrency->limit - account->aside : 0;
}

static int judge(const struct concurrency *concurrency, const struct concurrency_function *function)
{
    const struct function_concurrency *aside = &function->aside;

    if (aside->is_reserved)
        return function->in_flight < aside->reserved ? CONCURRENCY_OK : CONCURRENCY_RESERVED_LIMIT;
    if (function->in_flight < aside->provisioned)
        return CONCURRENCY_OK;
    return function->account->shared < shared_limit(concurrency, function->account)
               ? CONCURRENCY_OK
               : CONCURRENCY_ACCOUNT_LIMIT;
}

static void in_flight_set(struct concurrency_function *function, uint32_t in_flight)
{
    function->account->shared += shared_of(&function->aside, in_flight);
    function->account->shared -= shared_of(&function->aside, function->in_flight);
    function->in_flight = in_flight;
}

int concurrency_take(struct concurrency *concurrency, const struct function_version *version)
{
    struct concurrency_function *function;
    struct key key;
    int r;

    key_make(&key, version->account, version->region, version->name);
    function = function_find(concurrency, &key);
    if (!function)
        function = function_add(concurrency, &key);
    if (!function)
        return err_new(-ENOMEM);
    r = judge(concurrency, function);
    if (r != CONCURRENCY_OK) {
        function_drop_when_unused(concurrency, &key, function);
        return r;
    }
    in_flight_set(function, function->in_flight + 1);
    concurrency->in_flight++;
    return CONCURRENCY_OK;
}

void concurrency_give(struct concurrency *concurrency, const struct function_version *version)
{
    struct concurrency_function *function;
    struct key key;

    key_make(&key, version->account, version->region, version->name);
    function = function_find(concurrency, &key);
    must(function);
    must(function->in_flight > 0);
    in_flight_set(function, function->in_flight - 1);
    concurrency->in_flight--;
    function_drop_when_unused(concurrency, &key, function);
}
