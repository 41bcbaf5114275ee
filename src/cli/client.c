/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/sign.h"
#include "base/error.h"
#include "base/hash.h"
#include "cli/progress.h"
#include "cli/request_body.h"
#include "cli/target.h"
#include "cli/verb.h"

enum {
    CONNECT_SECONDS = 10,
    ANSWER_BYTES_MAX = 64 * 1024 * 1024, /* a daemon that goes mad does not fill our memory */
    HOST_BYTES_MAX = 256,
    TIME_BYTES = 20,
};

struct client {
    CURL *curl;                  /* owned */
    const struct target *target; /* borrowed */
    char host[HOST_BYTES_MAX];
    char error[CURL_ERROR_SIZE];
};

struct client *client_new(const struct target *target)
{
    CLEANUP(client_freep) struct client *client = calloc(1, sizeof(*client));
    struct client *made;

    if (!client || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        cli_complain("out of memory");
        return NULL;
    }
    client->target = target;
    if (!target_host(target, client->host, sizeof(client->host))) {
        cli_complain("\"%s\" is no endpoint; give a URL like http://127.0.0.1:4566",
                     target->endpoint);
        return NULL;
    }
    client->curl = curl_easy_init();
    if (!client->curl) {
        cli_complain("out of memory");
        return NULL;
    }
    made = client;
    client = NULL;
    return made;
}

struct client *client_free(struct client *client)
{
    if (!client)
        return NULL;
    curl_easy_cleanup(client->curl);
    curl_global_cleanup();
    free(client);
    return NULL;
}

void client_answer_deinit(struct client_answer *answer)
{
    buf_deinit(&answer->body);
    buf_deinit(&answer->error_type);
    buf_deinit(&answer->function_error);
    buf_deinit(&answer->log_result);
}

/* curl's callbacks */

static size_t on_body(char *bytes, size_t size, size_t count, void *owner)
{
    struct client_answer *answer = owner;

    return buf_append(&answer->body, bytes, size * count) == 0 ? size * count : 0;
}

/* If line is the header name, keep its value up to the character stop. */
static void keep_header(struct buf *value, struct str line, struct str name, char stop)
{
    struct str rest;

    if (line.len <= name.len || !str_eq_nocase(str_sub(line, 0, name.len), name))
        return;
    rest = str_sub(line, name.len, line.len);
    rest = str_sub(rest, 0, str_find(rest, '\r'));
    rest = str_trim(str_sub(rest, 0, str_find(rest, stop)));
    buf_clear(value);
    (void)buf_append_str(value, rest);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *owner)
{
    struct client_answer *answer = owner;
    struct str line = str_make(bytes, size * count);

    keep_header(&answer->error_type, line, STR("x-amzn-errortype:"), ':');
    keep_header(&answer->function_error, line, STR("x-amz-function-error:"), '\r');
    keep_header(&answer->log_result, line, STR("x-amz-log-result:"), '\r');
    return size * count;
}

static size_t on_read(char *bytes, size_t size, size_t count, void *owner)
{
    int64_t n = request_body_read(owner, bytes, size * count);

    return n < 0 ? CURL_READFUNC_ABORT : (size_t)n;
}

static int on_seek(void *owner, curl_off_t offset, int origin)
{
    if (offset != 0 || origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    request_body_rewind(owner);
    return CURL_SEEKFUNC_OK;
}

static int on_progress(void *owner, curl_off_t down_total, curl_off_t down_done,
                       curl_off_t up_total, curl_off_t up_done)
{
    struct progress *progress = owner;

    (void)down_total;
    (void)down_done;
    if (up_total > 0)
        progress_show(progress, (uint64_t)up_done, (uint64_t)up_total);
    return 0;
}

/* Signing */

static int hash_body(struct request_body *body, struct digest *ret_digest)
{
    CLEANUP(hash_freep) struct hash *hash = hash_new();
    CLEANUP(freep) char *bytes = malloc(REQUEST_BODY_CHUNK_BYTES);
    int64_t n = 0;

    if (!hash || !bytes)
        return err_new(-ENOMEM);
    if (body) {
        request_body_rewind(body);
        while ((n = request_body_read(body, bytes, REQUEST_BODY_CHUNK_BYTES)) > 0)
            hash_update(hash, bytes, (size_t)n);
        request_body_rewind(body);
    }
    hash_finish(hash, ret_digest);
    return n < 0 ? err_pass((int)n) : 0;
}

static int append_authorization(struct client *client, const struct client_call *call,
                                const char *time, struct buf *out)
{
    const struct target *target = client->target;
    struct str path = str_of(call->path);
    size_t mark = str_find(path, '?');
    const struct aws_header headers[] = {
        {STR("host"), str_of(client->host)},
        {STR("x-amz-date"), str_of(time)},
        {STR("x-amz-security-token"), str_of(target->session_token)},
    };
    const struct aws_credentials credentials = {
        str_of(target->access_key), str_of(target->secret_key), str_of(target->session_token)};
    struct aws_sign_request request = {
        .method = str_of(call->method),
        .path = str_sub(path, 0, mark),
        .query = str_sub(path, mark + 1, path.len),
        .region = str_of(target->region),
        .service = STR("lambda"),
        .time = str_of(time),
        .headers = headers,
        .header_count = target->session_token ? 3 : 2,
    };
    int r = hash_body(call->body, &request.body);

    if (r < 0)
        return err_pass(r);
    return aws_sign(&request, &credentials, out);
}

static bool add_header(struct curl_slist **headers, const char *name, const char *value)
{
    CLEANUP(buf_deinit) struct buf line = {0};
    struct curl_slist *longer;

    (void)buf_printf(&line, "%s%s", name, value);
    (void)buf_append_char(&line, '\0');
    if (buf_failed(&line))
        return false;
    longer = curl_slist_append(*headers, line.ptr);
    if (!longer)
        return false;
    *headers = longer;
    return true;
}

static void free_headers(struct curl_slist **headers)
{
    curl_slist_free_all(*headers);
}

static int build_headers(struct client *client, const struct client_call *call,
                         struct curl_slist **ret_headers)
{
    CLEANUP(free_headers) struct curl_slist *headers = NULL;
    CLEANUP(buf_deinit) struct buf authorization = {0};
    char now_text[TIME_BYTES];
    time_t now = time(NULL);
    struct tm utc;
    bool ok;
    int r;

    (void)strftime(now_text, sizeof(now_text), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    r = append_authorization(client, call, now_text, &authorization);
    if (r < 0)
        return err_pass(r);
    (void)buf_append_char(&authorization, '\0');
    ok = !buf_failed(&authorization) && add_header(&headers, "X-Amz-Date: ", now_text) &&
         add_header(&headers, "Authorization: ", authorization.ptr) &&
         add_header(&headers, "Content-Type: ", "application/json");
    if (ok && client->target->session_token)
        ok = add_header(&headers, "X-Amz-Security-Token: ", client->target->session_token);
    for (size_t i = 0; ok && call->headers[i]; i++)
        ok = add_header(&headers, "", call->headers[i]);
    if (!ok)
        return err_new(-ENOMEM);
    *ret_headers = headers;
    headers = NULL;
    return 0;
}

/* Sending */

static void set_body(CURL *curl, struct request_body *body)
{
    request_body_rewind(body);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request_body_bytes(body));
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, body);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, body);
}

static void set_call(struct client *client, const struct client_call *call, const char *url,
                     struct curl_slist *headers, struct client_answer *answer)
{
    CURL *curl = client->curl;

    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    /* The endpoint is named by the user; a proxy of the environment must not see it on loopback. */
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    if (call->body)
        set_body(curl, call->body);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
}

/* Say why curl could not do it; the exit code for that. */
static int complain_curl(const struct client *client, CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_OPERATION_TIMEDOUT:
        cli_complain("no daemon answers at %s; start one with \"lambd serve\", or say where it is "
                     "with --endpoint or AWS_ENDPOINT_URL",
                     client->target->endpoint);
        return CLI_UNREACHABLE;
    case CURLE_WRITE_ERROR:
        cli_complain("the answer from %s is longer than %d bytes", client->target->endpoint,
                     ANSWER_BYTES_MAX);
        return CLI_REFUSED;
    case CURLE_ABORTED_BY_CALLBACK:
        cli_complain("the package could not be read while it was sent");
        return CLI_REFUSED;
    default:
        cli_complain("the connection to %s failed: %s", client->target->endpoint,
                     *client->error ? client->error : curl_easy_strerror(code));
        return CLI_UNREACHABLE;
    }
}

static int perform(struct client *client, const struct client_call *call,
                   struct curl_slist *headers, struct client_answer *answer)
{
    CLEANUP(buf_deinit) struct buf url = {0};
    struct progress progress;
    curl_off_t took_us = 0;
    CURLcode code;

    (void)buf_printf(&url, "%s%s", client->target->endpoint, call->path);
    (void)buf_append_char(&url, '\0');
    if (buf_failed(&url)) {
        cli_complain("out of memory");
        return CLI_REFUSED;
    }
    set_call(client, call, url.ptr, headers, answer);
    progress_init(&progress, "uploading");
    if (call->progress) {
        curl_easy_setopt(client->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(client->curl, CURLOPT_XFERINFODATA, &progress);
        curl_easy_setopt(client->curl, CURLOPT_NOPROGRESS, 0L);
    }
    client->error[0] = '\0';
    code = curl_easy_perform(client->curl);
    progress_end(&progress);
    if (code != CURLE_OK)
        return complain_curl(client, code);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_getinfo(client->curl, CURLINFO_TOTAL_TIME_T, &took_us);
    answer->took_us = (uint64_t)took_us;
    return CLI_OK;
}

int client_send(struct client *client, const struct client_call *call,
                struct client_answer *ret_answer)
{
    CLEANUP(client_answer_deinit) struct client_answer answer = {.body.max = ANSWER_BYTES_MAX};
    CLEANUP(free_headers) struct curl_slist *headers = NULL;
    int code, r = build_headers(client, call, &headers);

    if (r < 0) {
        cli_complain("cannot prepare the request: %s", strerror(-r));
        return CLI_REFUSED;
    }
    code = perform(client, call, headers, &answer);
    if (code != CLI_OK)
        return code;
    *ret_answer = answer;
    answer = (struct client_answer){0};
    return CLI_OK;
}

/* Answers */

/* AWS spells the member "message" or "Message", depending on the error. */
static const char *error_message(const json_t *document)
{
    const char *text = json_string_value(json_object_get(document, "message"));

    return text ? text : json_string_value(json_object_get(document, "Message"));
}

void client_complain(const struct client_answer *answer)
{
    json_t *document =
        json_loadb(answer->body.ptr ? answer->body.ptr : "", answer->body.len, 0, NULL);
    const char *message = error_message(document);

    if (answer->error_type.len)
        cli_complain("%.*s: %s", STR_FMT(buf_str(&answer->error_type)), message ? message : "");
    else
        cli_complain("the endpoint answered with HTTP status %ld%s%s", answer->status,
                     message ? ": " : "; is it a lambd?", message ? message : "");
    json_decref(document);
}

int client_request(struct client *client, const struct client_call *call, json_t **ret_document)
{
    CLEANUP(client_answer_deinit) struct client_answer answer = {0};
    json_t *document = NULL;
    int code = client_send(client, call, &answer);

    if (code != CLI_OK)
        return code;
    if (answer.status < 200 || answer.status > 299) {
        client_complain(&answer);
        return CLI_REFUSED;
    }
    if (ret_document && answer.body.len) {
        document = json_loadb(answer.body.ptr, answer.body.len, 0, NULL);
        if (!document) {
            cli_complain("the answer of %s is not JSON; is it a lambd?", client->target->endpoint);
            return CLI_REFUSED;
        }
    }
    if (ret_document)
        *ret_document = document;
    return CLI_OK;
}

/* Paths */

static bool append_encoded(char path[CLIENT_PATH_BYTES_MAX], size_t at, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

    for (; *text; text++) {
        if (at + 4 > CLIENT_PATH_BYTES_MAX) {
            cli_complain("the name is too long");
            return false;
        }
        if (strchr(plain, *text))
            path[at++] = *text;
        else
            at += (size_t)snprintf(path + at, 4, "%%%02X", (unsigned char)*text);
    }
    path[at] = '\0';
    return true;
}

static bool append_plain(char path[CLIENT_PATH_BYTES_MAX], const char *text)
{
    size_t at = strlen(path);

    if (at + strlen(text) >= CLIENT_PATH_BYTES_MAX) {
        cli_complain("the name is too long");
        return false;
    }
    memcpy(path + at, text, strlen(text) + 1);
    return true;
}

bool client_function_path(char path[CLIENT_PATH_BYTES_MAX], const char *name, const char *suffix)
{
    path[0] = '\0';
    return append_plain(path, "/2015-03-31/functions/") &&
           append_encoded(path, strlen(path), name) && append_plain(path, suffix);
}

bool client_add_query(char path[CLIENT_PATH_BYTES_MAX], const char *key, const char *value)
{
    return append_plain(path, strchr(path, '?') ? "&" : "?") && append_plain(path, key) &&
           append_plain(path, "=") && append_encoded(path, strlen(path), value);
}
