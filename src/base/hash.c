/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <errno.h>
#include <openssl/evp.h>

#include "base/error.h"
#include "base/must.h"

struct hash {
    EVP_MD_CTX *ctx; /* owned */
};

static bool start(struct hash *hash)
{
    return EVP_DigestInit_ex(hash->ctx, EVP_sha256(), NULL) == 1;
}

struct hash *hash_new(void)
{
    CLEANUP(hash_freep) struct hash *hash = calloc(1, sizeof(*hash));
    struct hash *ready;

    if (!hash)
        return NULL;
    hash->ctx = EVP_MD_CTX_new();
    if (!hash->ctx || !start(hash))
        return NULL;
    ready = hash;
    hash = NULL;
    return ready;
}

struct hash *hash_free(struct hash *hash)
{
    if (hash)
        EVP_MD_CTX_free(hash->ctx);
    free(hash);
    return NULL;
}

void hash_update(struct hash *hash, const void *bytes, size_t len)
{
    int ok = EVP_DigestUpdate(hash->ctx, bytes, len);

    must(ok == 1);
}

void hash_finish(struct hash *hash, struct digest *ret_digest)
{
    unsigned len = DIGEST_BYTES;
    int ok = EVP_DigestFinal_ex(hash->ctx, ret_digest->bytes, &len);

    must(ok == 1);
    must(len == DIGEST_BYTES);
    ok = start(hash);
    must(ok == 1);
}

int hash_bytes(struct digest *ret_digest, const void *bytes, size_t len)
{
    CLEANUP(hash_freep) struct hash *hash = hash_new();

    if (!hash)
        return err_new(-ENOMEM);
    hash_update(hash, bytes, len);
    hash_finish(hash, ret_digest);
    return 0;
}
