/* SPDX-License-Identifier: Apache-2.0 */

#include "catalog/concurrency.h"

#include <errno.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "catalog/alias.h"
#include "catalog/config.h"

static const struct codec_field provisioned_fields[] = {
    {1, CODEC_U32, offsetof(struct function_provisioned, requested)},
    {2, CODEC_U64, offsetof(struct function_provisioned, last_modified_ms)},
};

struct str function_provisioned_encode(struct arena *arena,
                                       const struct function_provisioned *provisioned)
{
    return codec_encode_in(arena, provisioned_fields, array_count(provisioned_fields), provisioned);
}

int function_provisioned_decode(const struct codec_pair *pair, struct arena *arena,
                                struct function_provisioned *ret_provisioned)
{
    *ret_provisioned = (struct function_provisioned){.qualifier = pair->name};
    return codec_decode(pair->value, provisioned_fields, array_count(provisioned_fields), arena,
                        ret_provisioned);
}

int function_concurrency_of(const struct function_settings *settings, struct arena *arena,
                            struct function_concurrency *ret_concurrency)
{
    struct function_concurrency concurrency = {
        .is_reserved = settings->reserves_concurrency,
        .reserved = settings->reserved_concurrency,
    };

    for (size_t i = 0; i < settings->provisioned.count; i++) {
        struct function_provisioned provisioned;
        int r = function_provisioned_decode(&settings->provisioned.ptr[i], arena, &provisioned);

        if (r < 0)
            return err_pass(r);
        concurrency.provisioned += provisioned.requested;
    }
    *ret_concurrency = concurrency;
    return 0;
}

bool function_concurrency_eq(const struct function_concurrency *a,
                             const struct function_concurrency *b)
{
    return a->is_reserved == b->is_reserved && a->reserved == b->reserved &&
           a->provisioned == b->provisioned;
}

uint32_t function_concurrency_aside(const struct function_concurrency *concurrency)
{
    return concurrency->is_reserved ? concurrency->reserved : concurrency->provisioned;
}

/* An account that has less altogether can set nothing aside. */
uint32_t concurrency_unreserved_min(uint32_t account_limit)
{
    return account_limit < LIMIT_CONCURRENCY_UNRESERVED ? account_limit
                                                        : LIMIT_CONCURRENCY_UNRESERVED;
}

uint32_t concurrency_unreserved(uint32_t account_limit, uint64_t aside)
{
    return aside < account_limit ? account_limit - (uint32_t)aside : 0;
}

/* The version, when the qualifier is a number; else that of the alias (0: there is none). */
static int version_of(const struct function_settings *settings, struct str qualifier,
                      struct arena *arena, uint64_t *ret_version, bool *ret_is_alias)
{
    const struct codec_pair *pair = codec_pairs_find(&settings->aliases, qualifier);
    struct function_alias alias = {0};
    int r = 0;

    *ret_is_alias = pair != NULL;
    if (!pair) {
        (void)str_to_u64(qualifier, ret_version); /* else no version's provisioned capacity */
        return 0;
    }
    r = function_alias_decode(pair, arena, &alias);
    *ret_version = alias.version;
    return r;
}

int function_provisioned_version(const struct function_settings *settings, struct str qualifier,
                                 struct arena *arena, uint64_t *ret_version)
{
    bool is_alias;

    *ret_version = 0;
    return version_of(settings, qualifier, arena, ret_version, &is_alias);
}

static void version_add(struct version_provisioned *versions, size_t *count, uint64_t version,
                        uint32_t more)
{
    size_t i = 0;

    while (i < *count && versions[i].version != version)
        i++;
    if (i == *count)
        versions[(*count)++] = (struct version_provisioned){.version = version};
    versions[i].count += more;
}

int function_provisioned_versions(const struct function_settings *settings, struct arena *arena,
                                  struct version_provisioned **ret_versions, size_t *ret_count)
{
    struct version_provisioned *versions =
        arena_new_array(arena, struct version_provisioned, settings->provisioned.count + 1);
    size_t count = 0;

    if (!versions)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < settings->provisioned.count; i++) {
        const struct codec_pair *pair = &settings->provisioned.ptr[i];
        struct function_provisioned provisioned;
        uint64_t version;
        int r = function_provisioned_version(settings, pair->name, arena, &version);

        if (r == 0)
            r = function_provisioned_decode(pair, arena, &provisioned);
        if (r < 0)
            return err_pass(r);
        version_add(versions, &count, version, provisioned.requested);
    }
    *ret_versions = versions;
    *ret_count = count;
    return 0;
}

int function_provisioned_of_version(const struct function_settings *settings, uint64_t version,
                                    struct arena *arena, uint32_t *ret_count)
{
    struct version_provisioned *versions;
    size_t count;
    int r = function_provisioned_versions(settings, arena, &versions, &count);

    if (r < 0)
        return err_pass(r);
    *ret_count = 0;
    for (size_t i = 0; i < count; i++)
        if (versions[i].version == version)
            *ret_count = versions[i].count;
    return 0;
}

int function_provisioned_judge(const struct function_settings *settings, struct str qualifier,
                               struct arena *arena)
{
    bool is_alias = false, other_is_alias = false;
    uint64_t version = 0, other = 0;
    int r = version_of(settings, qualifier, arena, &version, &is_alias);

    for (size_t i = 0; r == 0 && i < settings->provisioned.count; i++) {
        struct str name = settings->provisioned.ptr[i].name;

        r = version_of(settings, name, arena, &other, &other_is_alias);
        if (r < 0 || str_eq(name, qualifier) || other != version || is_alias == other_is_alias)
            continue;
        return is_alias ? PROVISIONED_VERSION_HAS_ITS_OWN : PROVISIONED_BY_ALIAS;
    }
    return r < 0 ? err_pass(r) : PROVISIONED_FREE;
}
