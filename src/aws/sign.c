/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/sign.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"

enum { DATE_CHARS = 8 };

static void append_path(struct buf *out, const struct aws_sign_request *request)
{
    for (size_t i = 0; i < request->path.len; i++)
        if (request->path.ptr[i] == '%' && !request->is_s3)
            (void)buf_append_str(out, STR("%25"));
        else
            (void)buf_append_char(out, request->path.ptr[i]);
}

static void append_headers(struct buf *out, const struct aws_sign_request *request)
{
    for (size_t i = 0; i < request->header_count; i++)
        (void)buf_printf(out, "%.*s:%.*s\n", STR_FMT(request->headers[i].name),
                         STR_FMT(request->headers[i].value));
}

static void append_header_names(struct buf *out, const struct aws_sign_request *request)
{
    for (size_t i = 0; i < request->header_count; i++)
        (void)buf_printf(out, "%s%.*s", i > 0 ? ";" : "", STR_FMT(request->headers[i].name));
}

/* Digest of the canonical request. */
static int hash_canonical(const struct aws_sign_request *request, struct digest *ret_digest)
{
    CLEANUP(buf_deinit) struct buf text = {0};
    char body_hex[DIGEST_HEX_BYTES];

    (void)buf_printf(&text, "%.*s\n", STR_FMT(request->method));
    append_path(&text, request);
    (void)buf_printf(&text, "\n%.*s\n", STR_FMT(request->query));
    append_headers(&text, request);
    (void)buf_append_char(&text, '\n');
    append_header_names(&text, request);
    (void)buf_printf(&text, "\n%s", digest_hex(&request->body, body_hex));
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

static int derive_key(uint8_t key[DIGEST_BYTES], const struct aws_sign_request *request,
                      struct str secret_key)
{
    CLEANUP(buf_deinit) struct buf secret = {0};

    (void)buf_printf(&secret, "AWS4%.*s", STR_FMT(secret_key));
    if (buf_failed(&secret))
        return err_new(-ENOMEM);
    hmac(key, secret.ptr, secret.len, str_sub(request->time, 0, DATE_CHARS));
    hmac(key, key, DIGEST_BYTES, request->region);
    hmac(key, key, DIGEST_BYTES, request->service);
    hmac(key, key, DIGEST_BYTES, STR("aws4_request"));
    OPENSSL_cleanse(secret.ptr, secret.len);
    return 0;
}

int aws_sign(const struct aws_sign_request *request, const struct aws_credentials *credentials,
             struct buf *out)
{
    CLEANUP(buf_deinit) struct buf text = {0};
    CLEANUP(buf_deinit) struct buf scope = {0};
    char hex[DIGEST_HEX_BYTES];
    struct digest digest = {0};
    int r = hash_canonical(request, &digest);

    if (r < 0)
        return err_pass(r);
    (void)buf_printf(&scope, "%.*s/%.*s/%.*s/aws4_request",
                     STR_FMT(str_sub(request->time, 0, DATE_CHARS)), STR_FMT(request->region),
                     STR_FMT(request->service));
    (void)buf_printf(&text, "AWS4-HMAC-SHA256\n%.*s\n%.*s\n%s", STR_FMT(request->time),
                     STR_FMT(buf_str(&scope)), digest_hex(&digest, hex));
    if (buf_failed(&scope) || buf_failed(&text))
        return err_new(-ENOMEM);
    r = derive_key(digest.bytes, request, credentials->secret_key);
    if (r < 0)
        return err_pass(r);
    hmac(digest.bytes, digest.bytes, DIGEST_BYTES, buf_str(&text));
    (void)buf_printf(out, "AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=",
                     STR_FMT(credentials->access_key), STR_FMT(buf_str(&scope)));
    append_header_names(out, request);
    (void)buf_printf(out, ", Signature=%s", digest_hex(&digest, hex));
    return buf_failed(out) ? err_new(-ENOMEM) : 0;
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

void aws_uri_encode(struct buf *out, struct str text, bool keeps_slash)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (is_unreserved(c) || (c == '/' && keeps_slash))
            (void)buf_append_char(out, c);
        else
            (void)buf_printf(out, "%%%02X", (unsigned char)c);
    }
}
