/* SPDX-License-Identifier: Apache-2.0 */

#include "code/package_url.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "base/must.h"
#include "base/rand.h"

void package_url_key_make(struct package_url_key *ret_key)
{
    rand_bytes(ret_key->bytes, sizeof(ret_key->bytes));
}

void package_url_key_clear(struct package_url_key *key)
{
    OPENSSL_cleanse(key->bytes, sizeof(key->bytes));
}

/* Signs what the link says. */
static void token_make(const struct package_url_key *key, const struct digest *digest,
                       uint64_t expires_s, struct digest *ret_token)
{
    char text[DIGEST_HEX_BYTES + 32], hex[DIGEST_HEX_BYTES];
    unsigned len = 0;
    int text_len = snprintf(text, sizeof(text), "%s/%llu", digest_hex(digest, hex),
                            (unsigned long long)expires_s);

    must(text_len > 0);
    must(HMAC(EVP_sha256(), key->bytes, sizeof(key->bytes), (const unsigned char *)text,
              (size_t)text_len, ret_token->bytes, &len) != NULL);
    must(len == DIGEST_BYTES);
}

char *package_url_make(const struct package_url_key *key, const struct digest *digest,
                       uint64_t expires_ms, char buffer[PACKAGE_URL_BYTES])
{
    char hex[DIGEST_HEX_BYTES], token_hex[DIGEST_HEX_BYTES];
    uint64_t expires_s = expires_ms / 1000;
    struct digest token;
    int len;

    token_make(key, digest, expires_s, &token);
    len = snprintf(buffer, PACKAGE_URL_BYTES, "%s%s?expires=%llu&token=%s", PACKAGE_URL_PATH,
                   digest_hex(digest, hex), (unsigned long long)expires_s,
                   digest_hex(&token, token_hex));
    must(len > 0 && len < PACKAGE_URL_BYTES);
    return buffer;
}

static bool query_parse(struct str query, uint64_t *ret_expires_s, struct digest *ret_token)
{
    bool has_expires = false, has_token = false;
    struct str part;

    while (str_next(&query, '&', &part)) {
        size_t at = str_find(part, '=');
        struct str name = str_sub(part, 0, at), value = str_sub(part, at + 1, part.len);

        if (str_eq(name, STR("expires")))
            has_expires = str_to_u64(value, ret_expires_s);
        else if (str_eq(name, STR("token")))
            has_token = digest_from_hex(ret_token, value);
    }
    return has_expires && has_token;
}

bool package_url_verify(const struct package_url_key *key, struct str path, struct str query,
                        uint64_t now_ms, struct digest *ret_digest)
{
    struct str prefix = STR(PACKAGE_URL_PATH);
    struct digest digest, token, genuine;
    uint64_t expires_s;

    if (!str_starts_with(path, prefix) ||
        !digest_from_hex(&digest, str_sub(path, prefix.len, path.len)))
        return false;
    if (!query_parse(query, &expires_s, &token))
        return false;
    token_make(key, &digest, expires_s, &genuine);
    if (CRYPTO_memcmp(token.bytes, genuine.bytes, DIGEST_BYTES) != 0)
        return false;
    if (expires_s < now_ms / 1000)
        return false;
    *ret_digest = digest;
    return true;
}
