/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sign.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "cli/target.h"

enum { DATE_CHARS = 8, SCOPE_BYTES_MAX = 160 };

/* Services other than S3 sign the path percent-encoded once more: what is "%3A" on the wire is
 * "%253A" here. */
static void append_canonical_path(struct buf *out, struct str path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] == '%')
            (void)buf_append_str(out, STR("%25"));
        else
            (void)buf_append_char(out, path.ptr[i]);
}

static void append_headers(struct buf *out, const struct sign_request *request,
                           const struct target *target)
{
    (void)buf_printf(out, "host:%s\nx-amz-date:%s\n", request->host, request->time);
    if (target->session_token)
        (void)buf_printf(out, "x-amz-security-token:%s\n", target->session_token);
}

static const char *signed_headers(const struct target *target)
{
    return target->session_token ? "host;x-amz-date;x-amz-security-token" : "host;x-amz-date";
}

/* Digest of the canonical request. */
static int hash_canonical(const struct sign_request *request, const struct target *target,
                          struct digest *ret_digest)
{
    CLEANUP(buf_deinit) struct buf text = {0};
    char body_hex[DIGEST_HEX_BYTES];

    (void)buf_printf(&text, "%s\n", request->method);
    append_canonical_path(&text, request->path);
    (void)buf_printf(&text, "\n%.*s\n", STR_FMT(request->query));
    append_headers(&text, request, target);
    (void)buf_printf(&text, "\n%s\n%s", signed_headers(target),
                     digest_hex(&request->body, body_hex));
    if (buf_failed(&text))
        return err_new(-ENOMEM);
    return hash_bytes(ret_digest, text.ptr, text.len);
}

static void hmac(uint8_t out[DIGEST_BYTES], const void *key, size_t key_len, struct str text)
{
    unsigned len = DIGEST_BYTES;

    (void)HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text.ptr, text.len, out,
               &len);
}

static int derive_key(uint8_t key[DIGEST_BYTES], const struct target *target, struct str date)
{
    CLEANUP(buf_deinit) struct buf secret = {0};

    (void)buf_printf(&secret, "AWS4%s", target->secret_key);
    if (buf_failed(&secret))
        return err_new(-ENOMEM);
    hmac(key, secret.ptr, secret.len, date);
    hmac(key, key, DIGEST_BYTES, str_of(target->region));
    hmac(key, key, DIGEST_BYTES, STR("lambda"));
    hmac(key, key, DIGEST_BYTES, STR("aws4_request"));
    OPENSSL_cleanse(secret.ptr, secret.len);
    return 0;
}

int sign_authorization(const struct sign_request *request, const struct target *target,
                       struct buf *out)
{
    CLEANUP(buf_deinit) struct buf text = {0};
    CLEANUP(buf_deinit) struct buf scope = {0};
    struct str date = str_make(request->time, DATE_CHARS);
    char hex[DIGEST_HEX_BYTES];
    struct digest digest = {0};
    int r = hash_canonical(request, target, &digest);

    if (r < 0)
        return err_pass(r);
    (void)buf_printf(&scope, "%.*s/%s/lambda/aws4_request", STR_FMT(date), target->region);
    (void)buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%.*s\n%s", request->time,
                     STR_FMT(buf_str(&scope)), digest_hex(&digest, hex));
    if (buf_failed(&scope) || buf_failed(&text))
        return err_new(-ENOMEM);
    r = derive_key(digest.bytes, target, date);
    if (r < 0)
        return err_pass(r);
    hmac(digest.bytes, digest.bytes, DIGEST_BYTES, buf_str(&text));
    return buf_printf(out, "AWS4-HMAC-SHA256 Credential=%s/%.*s, SignedHeaders=%s, Signature=%s",
                      target->access_key, STR_FMT(buf_str(&scope)), signed_headers(target),
                      digest_hex(&digest, hex));
}
