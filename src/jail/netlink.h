/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The little of netlink that sandboxes' networks take: messages are put together in a batch, sent
 * at once, and every one of them is acknowledged. Blocking; no allocation, so that it works between
 * clone and exec, too. What does not fit into a batch is a bug. Answers come from the kernel only
 * (port 0); everything in them is checked all the same.
 */

#include <stddef.h>
#include <stdint.h>

enum { NETLINK_BATCH_BYTES = 1024 };

struct netlink_batch {
    size_t len;
    size_t message; /* where the last one starts */
    uint32_t count; /* of messages that will be acknowledged */
    _Alignas(8) char bytes[NETLINK_BATCH_BYTES];
};

/* A socket of the network namespace that we are in; protocol: NETLINK_ROUTE … fd or -errno. */
int netlink_open(int protocol);

void netlink_batch_init(struct netlink_batch *batch);

/* Start a message: its type, NLM_F_* besides REQUEST, and the fixed part that follows the header.
 * Only with NLM_F_ACK among the flags it is waited for. */
void netlink_put(struct netlink_batch *batch, unsigned type, unsigned flags, const void *body,
                 size_t len);
/* More of the fixed part; for one that is nested. */
void netlink_raw(struct netlink_batch *batch, const void *bytes, size_t len);
/* Its attributes. */
void netlink_attr(struct netlink_batch *batch, unsigned type, const void *value, size_t len);
void netlink_attr_u32(struct netlink_batch *batch, unsigned type, uint32_t value);
void netlink_attr_text(struct netlink_batch *batch, unsigned type, const char *text);
/* An IPv4 address given in host byte order. */
void netlink_attr_address(struct netlink_batch *batch, unsigned type, uint32_t address);
/* Attributes in an attribute: what was opened is closed by its offset. */
size_t netlink_nest(struct netlink_batch *batch, unsigned type);
void netlink_nest_end(struct netlink_batch *batch, size_t nest);

/* 0, or the first failure of those that are acknowledged as -errno. */
int netlink_send(int fd, struct netlink_batch *batch);

/*
 * Ask for a list and be called for each of its entries, whose body has at least body_len bytes.
 * take: 0, or -errno, which ends the list.
 */
typedef int (*netlink_take)(void *context, unsigned type, const void *body, size_t len);
int netlink_list(int fd, unsigned type, const void *body, size_t body_len, netlink_take take,
                 void *context);

/* An attribute behind the body's fixed part; NULL when it is missing or shorter than len_min. */
const void *netlink_find(const void *body, size_t len, size_t fixed_len, unsigned type,
                         size_t len_min);
