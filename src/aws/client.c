/* SPDX-License-Identifier: Apache-2.0 */

/*
 * libcurl's multi interface on a libuv loop:
 *
 *   on_socket   curl wants a socket watched         → uv_poll
 *   on_timeout  curl wants to be called by a time   → uv_timer
 *   both        end in curl_multi_socket_action, after which finished transfers are collected
 *
 * The first call loads the library on the worker pool; calls that come meanwhile wait in `calls`,
 * which holds every call from its start to its end.
 */

#include "aws/client.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/curl_library.h"
#include "aws/endpoint.h"
#include "aws/request.h"
#include "base/must.h"

enum {
    CONNECT_TIMEOUT_MS = 10000,
    CALL_TIMEOUT_MS = 300000,
    IDLE_TIMEOUT_S = 30, /* without a byte */
    CONNECTIONS_MAX = 32,
    TIME_BYTES = 20,
};

enum library_state { LIBRARY_NONE, LIBRARY_LOADING, LIBRARY_READY, LIBRARY_FAILED };

struct aws_client {
    struct aws_client_options options;
    struct curl_library curl;
    enum library_state library;
    struct reason library_why;
    int library_result;
    uv_work_t load;
    CURLM *multi; /* owned, once the library is there */
    uv_timer_t timer;
    struct list calls; /* struct aws_call */
};

/* One socket of curl's; freed when libuv has closed it. */
struct watched {
    uv_poll_t poll;
    struct aws_client *client;
    curl_socket_t socket;
};

/* As in credential scopes, and as AWS's own host names begin. */
static const struct {
    struct str scope;
    struct str host;
} service_names[AWS_SERVICE_COUNT] = {
    [AWS_S3] = {STR_INIT("s3"), STR_INIT("s3")},
    [AWS_SQS] = {STR_INIT("sqs"), STR_INIT("sqs")},
    [AWS_KINESIS] = {STR_INIT("kinesis"), STR_INIT("kinesis")},
    [AWS_DYNAMODB_STREAMS] = {STR_INIT("dynamodb"), STR_INIT("streams.dynamodb")},
    [AWS_SNS] = {STR_INIT("sns"), STR_INIT("sns")},
    [AWS_EVENTBRIDGE] = {STR_INIT("events"), STR_INIT("events")},
    [AWS_EC2] = {STR_INIT("ec2"), STR_INIT("ec2")},
};

/* Without any: what stands in for AWS wants to see some, and accepts these if it accepts all. */
static const struct aws_credentials made_up = {
    .access_key = STR_INIT("test"),
    .secret_key = STR_INIT("test"),
};

static void call_end(struct aws_call *call, int outcome)
{
    struct aws_client *client = call->client;
    struct buf error_body = call->error_body; /* done may be the end of the call's memory */

    if (call->easy) {
        (void)client->curl.multi_remove_handle(client->multi, call->easy);
        client->curl.easy_cleanup(call->easy);
        client->curl.slist_free_all(call->lines);
    }
    call->easy = NULL;
    list_remove(&call->node);
    call->ops->done(call, outcome);
    buf_deinit(&error_body);
}

/* curl's callbacks for one transfer */

static struct str header_line(const char *bytes, size_t len)
{
    while (len > 0 && (bytes[len - 1] == '\r' || bytes[len - 1] == '\n'))
        len--;
    return str_make(bytes, len);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *owner)
{
    struct aws_call *call = owner;
    struct str line = header_line(bytes, size * count);
    size_t colon = str_find(line, ':');
    char name[64];

    if (!call->ops->header || colon == line.len ||
        !str_to_cstr(str_sub(line, 0, colon), name, sizeof(name)))
        return size * count;
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    call->ops->header(call, str_of(name), str_trim(str_sub(line, colon + 1, line.len)));
    return size * count;
}

static size_t keep_error(struct aws_call *call, struct str bytes)
{
    struct buf *body = &call->error_body;
    size_t room = AWS_ERROR_BODY_BYTES_MAX - body->len;

    call->failure = buf_append_str(body, str_sub(bytes, 0, room));
    return call->failure < 0 ? 0 : bytes.len;
}

static size_t on_data(char *bytes, size_t size, size_t count, void *owner)
{
    struct aws_call *call = owner;
    struct str data = str_make(bytes, size * count);
    long status = 0;
    int r;

    if (call->failure < 0) /* curl may go on after a failure while it was unpaused */
        return 0;
    (void)call->client->curl.easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    call->status = (unsigned)status;
    if (status < 200 || status > 299)
        return keep_error(call, data);
    r = call->ops->data(call, data);
    if (r == AWS_DATA_LATER)
        return CURL_WRITEFUNC_PAUSE;
    call->failure = r < 0 ? r : 0;
    return r < 0 ? 0 : data.len;
}

/* The end of transfers */

static int outcome_of(struct aws_call *call, CURLcode code)
{
    const struct curl_library *curl = &call->client->curl;
    long status = 0;

    if (call->failure < 0)
        return err_pass(call->failure);
    if (code == CURLE_OUT_OF_MEMORY)
        return err_new(-ENOMEM);
    if (code != CURLE_OK) {
        reason_set(&call->why, "%s", curl->easy_strerror(code));
        return AWS_CALL_UNREACHABLE;
    }
    (void)curl->easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    call->status = (unsigned)status;
    return AWS_CALL_ANSWERED;
}

static struct aws_call *call_find(struct aws_client *client, const CURL *easy)
{
    list_for_each (node, &client->calls) {
        struct aws_call *call = container_of(node, struct aws_call, node);

        if (call->easy == easy)
            return call;
    }
    return NULL;
}

static void collect(struct aws_client *client)
{
    CURLMsg *message;
    int left;

    while ((message = client->curl.multi_info_read(client->multi, &left)) != NULL) {
        struct aws_call *call = call_find(client, message->easy_handle);

        must(message->msg == CURLMSG_DONE);
        must(call != NULL);
        call_end(call, outcome_of(call, message->data.result));
    }
}

static void act(struct aws_client *client, curl_socket_t socket, int events)
{
    int running;

    (void)client->curl.multi_socket_action(client->multi, socket, events, &running);
    collect(client);
}

/* libuv's side */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watched *watched = container_of(poll, struct watched, poll);
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;

    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    act(watched->client, watched->socket, flags);
}

static void on_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_watched_closed(uv_handle_t *handle)
{
    free(container_of((uv_poll_t *)(void *)handle, struct watched, poll));
}

static struct watched *watch(struct aws_client *client, curl_socket_t socket)
{
    struct watched *watched = calloc(1, sizeof(*watched));

    if (!watched || uv_poll_init_socket(client->options.loop, &watched->poll, socket) < 0) {
        free(watched);
        return NULL;
    }
    watched->client = client;
    watched->socket = socket;
    (void)client->curl.multi_assign(client->multi, socket, watched);
    return watched;
}

/* A socket that cannot be watched ends its transfers by their time-outs. */
static int on_socket(CURL *easy, curl_socket_t socket, int what, void *owner, void *assigned)
{
    struct aws_client *client = owner;
    struct watched *watched = assigned;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watched) {
            (void)client->curl.multi_assign(client->multi, socket, NULL);
            uv_close((uv_handle_t *)&watched->poll, on_watched_closed);
        }
        return 0;
    }
    if (!watched)
        watched = watch(client, socket);
    events |= what & CURL_POLL_IN ? UV_READABLE : 0;
    events |= what & CURL_POLL_OUT ? UV_WRITABLE : 0;
    if (watched)
        (void)uv_poll_start(&watched->poll, events, on_poll); /* it knows its socket */
    return 0;
}

/* Never acts at once: curl asks for this also from inside its own calls. */
static int on_timeout(CURLM *multi, long timeout_ms, void *owner)
{
    struct aws_client *client = owner;

    (void)multi;
    if (timeout_ms < 0)
        return uv_timer_stop(&client->timer);
    return uv_timer_start(&client->timer, on_timer, (uint64_t)timeout_ms, 0);
}

/* Starting a transfer */

static struct curl_slist *slist_of(const struct aws_client *client, const struct buf *lines)
{
    struct curl_slist *list = NULL, *longer;

    for (size_t at = 0; at < lines->len; at += strlen(lines->ptr + at) + 1) {
        longer = client->curl.slist_append(list, lines->ptr + at);
        if (!longer) {
            client->curl.slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

/* What is on this machine is not asked for through a proxy, whatever else the environment says. */
static void set_proxy(struct aws_client *client, CURL *easy)
{
    CLEANUP(buf_deinit) struct buf hosts = {0};
    const char *more = getenv("no_proxy");

    if (!more)
        more = getenv("NO_PROXY");
    (void)buf_printf(&hosts, "127.0.0.1,localhost,::1%s%s", more ? "," : "", more ? more : "");
    (void)buf_append_char(&hosts, '\0');
    if (!buf_failed(&hosts))
        (void)client->curl.easy_setopt(easy, CURLOPT_NOPROXY, hosts.ptr);
}

static void set_options(struct aws_call *call, const char *url)
{
    struct aws_client *client = call->client;
    CURLcode (*set)(CURL * easy, CURLoption option, ...) = client->curl.easy_setopt;
    CURL *easy = call->easy;

    (void)set(easy, CURLOPT_URL, url);
    (void)set(easy, CURLOPT_PATH_AS_IS, 1L);
    (void)set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)set(easy, CURLOPT_NOSIGNAL, 1L);
    (void)set(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    (void)set(easy, CURLOPT_TIMEOUT_MS, (long)client->options.timeout_ms);
    (void)set(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)set(easy, CURLOPT_LOW_SPEED_TIME, (long)IDLE_TIMEOUT_S);
    (void)set(easy, CURLOPT_USERAGENT, "lambd");
    if (call->body.len > 0) {
        (void)set(easy, CURLOPT_POSTFIELDS, call->body.ptr);
        (void)set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
    }
    (void)set(easy, CURLOPT_CUSTOMREQUEST, call->method);
    (void)set(easy, CURLOPT_HTTPHEADER, call->lines);
    (void)set(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)set(easy, CURLOPT_HEADERDATA, call);
    (void)set(easy, CURLOPT_WRITEFUNCTION, on_data);
    (void)set(easy, CURLOPT_WRITEDATA, call);
    set_proxy(client, easy);
}

static void append_endpoint(const struct aws_client *client, const struct aws_call *call,
                            struct buf *out)
{
    struct str configured = client->options.endpoints[call->service];

    if (str_is_set(configured))
        (void)buf_append_str(out, configured);
    else
        (void)buf_printf(out, "https://%.*s.%.*s.amazonaws.com%s",
                         STR_FMT(service_names[call->service].host), STR_FMT(call->region),
                         str_starts_with(call->region, STR("cn-")) ? ".cn" : "");
}

static int transfer_make(struct aws_call *call, struct buf *url)
{
    CLEANUP(buf_deinit) struct buf endpoint = {0};
    CLEANUP(buf_deinit) struct buf lines = {0};
    struct aws_client *client = call->client;
    time_t now = time(NULL);
    char now_text[TIME_BYTES];
    struct tm utc;
    int r;

    (void)strftime(now_text, sizeof(now_text), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    append_endpoint(client, call, &endpoint);
    if (buf_failed(&endpoint))
        return err_new(-ENOMEM);
    r = aws_request_make(call,
                         &(struct aws_request_options){
                             .endpoint = buf_str(&endpoint),
                             .service = service_names[call->service].scope,
                             .time = str_of(now_text),
                             .is_s3 = call->service == AWS_S3,
                             .credentials = str_is_set(client->options.credentials.access_key)
                                                ? &client->options.credentials
                                                : &made_up,
                         },
                         url, &lines);
    if (r < 0)
        return err_pass(r);
    call->lines = slist_of(client, &lines);
    return call->lines ? buf_append_char(url, '\0') : err_new(-ENOMEM);
}

static int transfer_start(struct aws_call *call)
{
    CLEANUP(buf_deinit) struct buf url = {0};
    struct aws_client *client = call->client;
    int r = transfer_make(call, &url);

    if (r == 0)
        call->easy = client->curl.easy_init();
    if (!call->easy) {
        client->curl.slist_free_all(call->lines);
        return r < 0 ? err_pass(r) : err_new(-ENOMEM);
    }
    set_options(call, url.ptr);
    if (client->curl.multi_add_handle(client->multi, call->easy) == CURLM_OK)
        return 0;
    client->curl.easy_cleanup(call->easy);
    client->curl.slist_free_all(call->lines);
    call->easy = NULL;
    return err_new(-ENOMEM);
}

/* The library */

static void load_run(uv_work_t *work)
{
    struct aws_client *client = container_of(work, struct aws_client, load);

    client->library_result = curl_library_load(&client->curl, &client->library_why);
}

static bool multi_make(struct aws_client *client)
{
    client->multi = client->curl.multi_init();
    if (!client->multi)
        return false;
    (void)client->curl.multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)client->curl.multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    (void)client->curl.multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    (void)client->curl.multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    (void)client->curl.multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                                    (long)CONNECTIONS_MAX);
    return true;
}

static void load_done(uv_work_t *work, int status)
{
    struct aws_client *client = container_of(work, struct aws_client, load);

    (void)status; /* nobody cancels */
    client->library =
        client->library_result == 0 && multi_make(client) ? LIBRARY_READY : LIBRARY_FAILED;
    list_for_each_safe (node, &client->calls) {
        struct aws_call *call = container_of(node, struct aws_call, node);
        bool is_ready = client->library == LIBRARY_READY;
        int r = is_ready && !call->easy ? transfer_start(call) : 0;

        if (!is_ready)
            call->why = client->library_why;
        if (r < 0 || !is_ready)
            call_end(call, r < 0 ? r : AWS_CALL_UNREACHABLE);
    }
    if (client->library == LIBRARY_FAILED)
        client->library = LIBRARY_NONE; /* it may be installed by the next call */
}

int aws_call_start(struct aws_client *client, struct aws_call *call)
{
    int r = 0;

    if (!str_is_set(client->options.endpoints[call->service]) &&
        !str_is_set(client->options.credentials.access_key))
        return AWS_CALL_UNKNOWN;
    call->client = client;
    call->easy = NULL;
    call->lines = NULL;
    call->failure = 0;
    call->status = 0;
    call->error_body = (struct buf){0};
    call->why = (struct reason){0};
    if (client->library == LIBRARY_READY)
        r = transfer_start(call);
    else if (client->library == LIBRARY_NONE)
        r = uv_queue_work(client->options.loop, &client->load, load_run, load_done);
    if (r < 0)
        return err_pass(r);
    if (client->library == LIBRARY_NONE)
        client->library = LIBRARY_LOADING;
    list_push_back(&client->calls, &call->node);
    return AWS_CALL_STARTED;
}

void aws_call_resume(struct aws_call *call)
{
    struct aws_client *client = call->client;

    (void)client->curl.easy_pause(call->easy, CURLPAUSE_CONT);
    (void)uv_timer_start(&client->timer, on_timer, 0, 0); /* curl goes on from the loop */
}

int aws_client_new(struct aws_client **ret_client, const struct aws_client_options *options)
{
    struct aws_client *client = calloc(1, sizeof(*client));

    if (!client)
        return err_new(-ENOMEM);
    client->options = *options;
    if (options->timeout_ms == 0)
        client->options.timeout_ms = CALL_TIMEOUT_MS;
    list_init(&client->calls);
    must(uv_timer_init(options->loop, &client->timer) == 0);
    client->timer.data = client;
    *ret_client = client;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(container_of((uv_timer_t *)(void *)handle, struct aws_client, timer));
}

struct aws_client *aws_client_free(struct aws_client *client)
{
    if (!client)
        return NULL;
    must(list_is_empty(&client->calls));
    if (client->multi)
        (void)client->curl.multi_cleanup(client->multi);
    uv_close((uv_handle_t *)&client->timer, on_timer_closed);
    return NULL;
}
