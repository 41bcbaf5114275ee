/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/concurrency.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/must.h"

enum { KEY_BYTES = 64 };

struct concurrency_account {
    char key[KEY_BYTES];
    uint32_t in_flight;
};

void concurrency_init(struct concurrency *concurrency, uint32_t limit)
{
    *concurrency = (struct concurrency){.limit = limit};
    map_init(&concurrency->accounts);
}

void concurrency_deinit(struct concurrency *concurrency)
{
    map_for_each (entry, &concurrency->accounts)
        free(entry->value);
    map_deinit(&concurrency->accounts);
}

static struct concurrency_account *find(struct concurrency *concurrency, struct str account,
                                        struct str region, char key[KEY_BYTES])
{
    int len = snprintf(key, KEY_BYTES, "%.*s/%.*s", STR_FMT(account), STR_FMT(region));

    must(len > 0 && len < KEY_BYTES);
    return map_get(&concurrency->accounts, str_make(key, (size_t)len));
}

static struct concurrency_account *add(struct concurrency *concurrency, const char *key)
{
    struct concurrency_account *account = calloc(1, sizeof(*account));

    if (!account)
        return NULL;
    (void)snprintf(account->key, sizeof(account->key), "%s", key);
    if (map_put(&concurrency->accounts, str_of(account->key), account) != MAP_OK) {
        free(account);
        return NULL;
    }
    return account;
}

int concurrency_take(struct concurrency *concurrency, struct str account, struct str region)
{
    char key[KEY_BYTES];
    struct concurrency_account *entry = find(concurrency, account, region, key);

    if (!entry)
        entry = add(concurrency, key);
    if (!entry)
        return err_new(-ENOMEM);
    if (entry->in_flight >= concurrency->limit)
        return CONCURRENCY_ACCOUNT_LIMIT;
    entry->in_flight++;
    concurrency->in_flight++;
    return CONCURRENCY_OK;
}

void concurrency_give(struct concurrency *concurrency, struct str account, struct str region)
{
    char key[KEY_BYTES];
    struct concurrency_account *entry = find(concurrency, account, region, key);

    must(entry);
    must(entry->in_flight > 0);
    entry->in_flight--;
    concurrency->in_flight--;
}
