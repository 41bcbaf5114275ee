/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The entry to the AWS APIs. A request from HTTP goes through: service (by credential scope, then
 * Host, then path) → operation → principal → body → decode → validate → handler → answer. Callers
 * inside the daemon enter with an operation and its input and meet the same validation and the same
 * handlers. Loop thread only.
 */

#include <stddef.h>
#include <uv.h>

#include "base/cleanup.h"
#include "base/str.h"

struct api_fault;
struct api_gate;
struct api_principal;
struct api_service;
struct http_request;

/* Outcome of api_auth_ops.authenticate; or a negative errno. */
enum { API_AUTH_OK, API_AUTH_REFUSED };

/* Who verifies signatures. Without one every credential is accepted. */
struct api_auth_ops {
    /*
     * May change the principal that the credential scope gave. Texts go to the request's arena or
     * are constant. On API_AUTH_REFUSED ret_fault is the answer.
     */
    int (*authenticate)(void *owner, const struct http_request *http,
                        struct api_principal *principal, struct api_fault *ret_fault);
};

struct api_gate_options {
    uv_loop_t *loop;
    const struct api_service *services; /* borrowed, as everything here */
    size_t service_count;        /* at most API_SERVICES_MAX; the first answers what is nobody's */
    const char *spool_directory; /* where uploads lie until a handler takes them */
    struct str default_account;  /* absent: 000000000000 */
    struct str default_region;   /* absent: us-east-1 */
    const struct api_auth_ops *auth; /* NULL: none */
    void *auth_owner;
};

enum { API_SERVICES_MAX = 32 };

/* 0 or -ENOMEM. */
int api_gate_new(struct api_gate **ret_gate, const struct api_gate_options *options);
/* When no request is under way any more. */
struct api_gate *api_gate_free(struct api_gate *gate);
CLEANUP_DEFINE(struct api_gate, api_gate_free)

/*
 * drained is called when no request from HTTP is under way (perhaps at once, perhaps from deep
 * inside an answer); the caller brings no more.
 */
void api_gate_drain(struct api_gate *gate, void (*drained)(void *owner), void *owner);

/*
 * Takes the request over and answers it. With `as` it acts as that principal, whatever credentials
 * it carries (the listener inside a sandbox); its texts are copied. NULL: the credentials say who.
 */
void api_gate_request(struct api_gate *gate, struct http_request *http,
                      const struct api_principal *as);

/* One of them is called exactly once; what they are given is valid during the call. */
struct api_call_ops {
    /* payload: what replaces the output's payload member, or absent. */
    void (*reply)(void *owner, const void *output, struct str payload);
    void (*fault)(void *owner, const struct api_fault *fault);
};

/*
 * A call without a connection. input is the operation's input structure and stays valid until the
 * answer; the answer comes from the loop, never from inside this call. 0, API_CALL_UNKNOWN (no such
 * service or operation) or -ENOMEM.
 */
enum { API_CALL_OK, API_CALL_UNKNOWN };
int api_call(struct api_gate *gate, const struct api_principal *principal, struct str service,
             struct str operation, const void *input, const struct api_call_ops *ops, void *owner);
