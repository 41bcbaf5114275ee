/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke/trace_sampler.h"

#include "base/clock.h"
#include "base/rand.h"

enum { PERCENT_OF_OTHERS = 5 };

/* FNV-1a; nobody gains anything by a collision. */
static uint64_t hash(struct str text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (uint8_t)text.ptr[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

bool trace_sampler_take(struct trace_sampler *sampler, struct str function_arn, uint64_t now_ns)
{
    uint64_t *slot = &sampler->second[hash(function_arn) % TRACE_SAMPLER_SLOTS];
    uint64_t second = now_ns / NS_PER_S + 1;

    if (*slot == second)
        return rand_u64() % 100 < PERCENT_OF_OTHERS;
    *slot = second;
    return true;
}
