/* SPDX-License-Identifier: Apache-2.0 */
#include "jail/netlink.h"

#include <assert.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/fd.h"
#include "base/must.h"

/* As NLA_HDRLEN, whose sign the compiler does not like. */
#define ATTR_HEAD sizeof(struct nlattr)
static_assert(ATTR_HEAD % NLA_ALIGNTO == 0, "no padding");

enum { ANSWER_BYTES = 32768, LIST_SEQ = 0x7fffffff, ANSWER_SECONDS = 10 };

int netlink_open(int protocol)
{
    CLEANUP(close_fdp) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    int on = 1;

    if (fd < 0)
        return -errno;
    /* Acknowledgements without a copy of what they acknowledge. */
    if (setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
        return -errno;
    return steal_fd(&fd);
}

/* Batches */

static void *reserve(struct netlink_batch *batch, size_t len)
{
    size_t padded = NLMSG_ALIGN(len);
    char *at = batch->bytes + batch->len;

    must(len < sizeof(batch->bytes));
    must(padded <= sizeof(batch->bytes) - batch->len);
    memset(at, 0, padded);
    batch->len += padded;
    return at;
}

static void set_message_len(struct netlink_batch *batch)
{
    struct nlmsghdr *header = (struct nlmsghdr *)(void *)(batch->bytes + batch->message);

    header->nlmsg_len = (uint32_t)(batch->len - batch->message);
}

void netlink_batch_init(struct netlink_batch *batch)
{
    batch->len = batch->message = 0;
    batch->count = 0;
}

void netlink_put(struct netlink_batch *batch, unsigned type, unsigned flags, const void *body,
                 size_t len)
{
    struct nlmsghdr *header;

    batch->message = batch->len;
    header = reserve(batch, NLMSG_HDRLEN);
    header->nlmsg_type = (uint16_t)type;
    header->nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST);
    if (flags & NLM_F_ACK)
        header->nlmsg_seq = ++batch->count;
    memcpy(reserve(batch, len), body, len);
    set_message_len(batch);
}

void netlink_raw(struct netlink_batch *batch, const void *bytes, size_t len)
{
    memcpy(reserve(batch, len), bytes, len);
    set_message_len(batch);
}

void netlink_attr(struct netlink_batch *batch, unsigned type, const void *value, size_t len)
{
    struct nlattr *attr = reserve(batch, ATTR_HEAD + len);

    attr->nla_type = (uint16_t)type;
    attr->nla_len = (uint16_t)(ATTR_HEAD + len);
    if (len)
        memcpy((char *)attr + ATTR_HEAD, value, len);
    set_message_len(batch);
}

void netlink_attr_u32(struct netlink_batch *batch, unsigned type, uint32_t value)
{
    netlink_attr(batch, type, &value, sizeof(value));
}

void netlink_attr_text(struct netlink_batch *batch, unsigned type, const char *text)
{
    netlink_attr(batch, type, text, strlen(text) + 1);
}

void netlink_attr_address(struct netlink_batch *batch, unsigned type, uint32_t address)
{
    uint8_t bytes[4];

    be32_put(bytes, address);
    netlink_attr(batch, type, bytes, sizeof(bytes));
}

size_t netlink_nest(struct netlink_batch *batch, unsigned type)
{
    size_t nest = batch->len;

    netlink_attr(batch, type | NLA_F_NESTED, NULL, 0);
    return nest;
}

void netlink_nest_end(struct netlink_batch *batch, size_t nest)
{
    struct nlattr *attr = (struct nlattr *)(void *)(batch->bytes + nest);

    attr->nla_len = (uint16_t)(batch->len - nest);
}

/* Answers */

static ssize_t receive(int fd, void *bytes, size_t size)
{
    struct sockaddr_nl from = {0};
    socklen_t from_len = sizeof(from);
    ssize_t n;

    do {
        n = recvfrom(fd, bytes, size, MSG_TRUNC, (struct sockaddr *)&from, &from_len);
    } while ((n < 0 && errno == EINTR) || (n >= 0 && from.nl_pid != 0));
    if (n < 0)
        return -errno;
    return (size_t)n > size ? -EMSGSIZE : n;
}

static bool is_error(const struct nlmsghdr *header)
{
    return header->nlmsg_type == NLMSG_ERROR &&
           header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr));
}

static int error_of(const struct nlmsghdr *header)
{
    const struct nlmsgerr *error = (const struct nlmsgerr *)NLMSG_DATA(header);

    return error->error > 0 ? -EPROTO : error->error;
}

int netlink_send(int fd, struct netlink_batch *batch)
{
    _Alignas(8) char bytes[4096];
    uint32_t waiting = batch->count;
    int r = 0;

    if (send(fd, batch->bytes, batch->len, 0) != (ssize_t)batch->len)
        return errno ? -errno : -EIO;
    while (waiting > 0) {
        ssize_t n = receive(fd, bytes, sizeof(bytes));
        size_t left = n < 0 ? 0 : (size_t)n;

        if (n < 0)
            return (int)n;
        for (const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)bytes;
             NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
            if (!is_error(h) || h->nlmsg_seq == 0 || h->nlmsg_seq > batch->count)
                continue;
            waiting -= waiting > 0;
            if (r == 0)
                r = error_of(h);
        }
    }
    return r;
}

/* One datagram of a list. 1: there is more, 0: that was all, else a failure or what take() said. */
static int take_part(const void *bytes, size_t left, size_t body_len, netlink_take take,
                     void *context)
{
    int r;

    for (const struct nlmsghdr *h = bytes; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
        if (h->nlmsg_seq != LIST_SEQ)
            continue;
        if (h->nlmsg_type == NLMSG_DONE)
            return 0;
        if (is_error(h))
            return error_of(h);
        if (h->nlmsg_len < NLMSG_LENGTH(body_len))
            return -EPROTO;
        r = take(context, h->nlmsg_type, NLMSG_DATA(h), h->nlmsg_len - NLMSG_HDRLEN);
        if (r)
            return r;
    }
    return 1;
}

int netlink_list(int fd, unsigned type, const void *body, size_t body_len, netlink_take take,
                 void *context)
{
    static _Alignas(8) char bytes[ANSWER_BYTES];
    struct netlink_batch batch;
    struct nlmsghdr *header = (struct nlmsghdr *)(void *)batch.bytes;
    int r = 1;

    netlink_batch_init(&batch);
    netlink_put(&batch, type, NLM_F_DUMP, body, body_len);
    header->nlmsg_seq = LIST_SEQ;
    if (send(fd, batch.bytes, batch.len, 0) != (ssize_t)batch.len)
        return errno ? -errno : -EIO;
    while (r > 0) {
        ssize_t n = receive(fd, bytes, sizeof(bytes));

        r = n < 0 ? (int)n : take_part(bytes, (size_t)n, body_len, take, context);
    }
    return r;
}

const void *netlink_find(const void *body, size_t len, size_t fixed_len, unsigned type,
                         size_t len_min)
{
    size_t at = NLMSG_ALIGN(fixed_len);

    while (at + ATTR_HEAD <= len) {
        const struct nlattr *attr = (const struct nlattr *)(const void *)((const char *)body + at);

        if (attr->nla_len < ATTR_HEAD || attr->nla_len > len - at)
            return NULL;
        if ((attr->nla_type & NLA_TYPE_MASK) == type)
            return attr->nla_len >= ATTR_HEAD + len_min ? (const char *)attr + ATTR_HEAD : NULL;
        at += NLMSG_ALIGN((size_t)attr->nla_len);
    }
    return NULL;
}
