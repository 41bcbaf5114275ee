/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"
#include "http/server_internal.h"

/*
 * Exchanges and input buffers. Under load they only move between the connections and two small
 * pools; a pool that nobody used for HTTP_POOL_IDLE_MS is emptied, so that a quiet server holds
 * nothing.
 */

/* ---- buffers: linked through their first bytes ---- */

static char *buffer_take(struct http_pool *pool)
{
    char *bytes = pool->first;

    pool->used = true;
    if (!bytes)
        return NULL;
    unpoison(bytes, HTTP_BUFFER_BYTES);
    memcpy(&pool->first, bytes, sizeof(pool->first));
    pool->count--;
    return bytes;
}

/* False when the pool is full. */
static bool buffer_give(struct http_pool *pool, char *bytes)
{
    if (pool->count == HTTP_POOL_COUNT)
        return false;
    memcpy(bytes, &pool->first, sizeof(pool->first));
    poison(bytes, HTTP_BUFFER_BYTES);
    pool->first = bytes;
    pool->count++;
    return true;
}

static void buffers_drop(struct http_server *server)
{
    char *bytes;

    while ((bytes = buffer_take(&server->buffers)))
        free(bytes);
    server->buffers.used = false;
}

int http_buffer_new(struct http_server *server, size_t size, struct http_buffer *ret_buffer)
{
    char *ptr = size == HTTP_BUFFER_BYTES ? buffer_take(&server->buffers) : NULL;

    if (!ptr)
        ptr = malloc(size);
    if (!ptr)
        return err_new(-ENOMEM);
    *ret_buffer = (struct http_buffer){.ptr = ptr, .cap = size};
    return 0;
}

void http_buffer_free(struct http_server *server, struct http_buffer *buffer)
{
    bool pooled = buffer->ptr && buffer->cap == HTTP_BUFFER_BYTES && !server->freed &&
                  buffer_give(&server->buffers, buffer->ptr);

    if (!pooled)
        free(buffer->ptr);
    *buffer = (struct http_buffer){0};
}

/* ---- exchanges: they keep their arena's block ---- */

static struct http_exchange *exchange_take(struct http_pool *pool)
{
    struct http_exchange *exchange = pool->first;

    pool->used = true;
    if (!exchange)
        return NULL;
    unpoison(exchange, sizeof(*exchange));
    pool->first = exchange->next_free;
    pool->count--;
    return exchange;
}

static bool exchange_give(struct http_pool *pool, struct http_exchange *exchange)
{
    if (pool->count == HTTP_POOL_COUNT)
        return false;
    arena_reset(&exchange->req.arena);
    exchange->req.arena.bytes_max = 0;
    exchange->next_free = pool->first;
    poison(exchange, sizeof(*exchange));
    pool->first = exchange;
    pool->count++;
    return true;
}

static void exchange_destroy(struct http_exchange *exchange)
{
    arena_deinit(&exchange->req.arena);
    free(exchange);
}

static void exchanges_drop(struct http_server *server)
{
    struct http_exchange *exchange;

    while ((exchange = exchange_take(&server->exchanges)))
        exchange_destroy(exchange);
    server->exchanges.used = false;
}

struct http_exchange *http_exchange_new(struct http_server *server)
{
    struct http_exchange *exchange = exchange_take(&server->exchanges);
    struct arena arena = {0};

    if (exchange)
        arena = exchange->req.arena;
    else
        exchange = malloc(sizeof(*exchange));
    if (!exchange)
        return NULL;
    memset(exchange, 0, offsetof(struct http_exchange, head));
    exchange->req.arena = arena;
    http_head_init(&exchange->head, server->options.header_bytes_max);
    return exchange;
}

void http_exchange_free(struct http_server *server, struct http_exchange *exchange)
{
    http_buffer_free(server, &exchange->head_buffer);
    buf_deinit(&exchange->trailers);
    if (server->freed || !exchange_give(&server->exchanges, exchange))
        exchange_destroy(exchange);
    else
        http_server_expect(server, uv_now(server->options.loop) + HTTP_POOL_IDLE_MS);
}

/* ---- both ---- */

void http_memory_drop(struct http_server *server)
{
    exchanges_drop(server);
    buffers_drop(server);
}

bool http_memory_age(struct http_server *server)
{
    if (!server->exchanges.used)
        exchanges_drop(server);
    if (!server->buffers.used)
        buffers_drop(server);
    server->exchanges.used = false;
    server->buffers.used = false;
    return server->exchanges.count + server->buffers.count > 0;
}
