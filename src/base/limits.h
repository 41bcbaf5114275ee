/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Every bound on what a customer can make grow. AWS's own quotas carry AWS's figures (spec:
 * quotas); the others are ours and protect the daemon.
 */

enum {
    /* AWS quotas */
    LIMIT_PAYLOAD_SYNC_BYTES = 6291456,
    LIMIT_RESPONSE_BYTES = 6291556,
    LIMIT_EVENT_BYTES = 1048576,    /* of an asynchronous invocation */
    LIMIT_STREAM_BYTES = 209715200, /* of a response in pieces */
    LIMIT_PAYLOAD_ASYNC_BYTES = 1048576,
    LIMIT_CLIENT_CONTEXT_BYTES = 3583,
    LIMIT_CODE_ZIPPED_BYTES = 52428800,
    LIMIT_CODE_UNZIPPED_BYTES = 262144000,
    LIMIT_CODE_REQUEST_BYTES = 70167211,
    LIMIT_ENVIRONMENT_BYTES = 4096,
    LIMIT_LAYERS_PER_FUNCTION = 5,
    LIMIT_TAGS_PER_RESOURCE = 50,
    LIMIT_FILTERS_PER_MAPPING = 5, /* of event source mappings */
    LIMIT_CONCURRENCY_ACCOUNT = 1000,
    LIMIT_CONCURRENCY_UNRESERVED = 100, /* never set aside */
    LIMIT_LOG_EVENT_BYTES = 262144,
    LIMIT_LOG_TAIL_BYTES = 4096,
    LIMIT_LOG_BURST_BYTES = 4194304, /* of one environment, and then so much per second */
    LIMIT_LOG_BYTES_PER_S = 8000000,
    LIMIT_INIT_PROVISIONED_MS = 130000, /* or the function's own time limit, if that is longer */

    /* HTTP */
    LIMIT_HTTP_HEADER_BYTES = 65536, /* request line and header block */
    LIMIT_HTTP_REQUEST_LINE_BYTES = 16384,
    LIMIT_HTTP_HEADERS = 128,
    LIMIT_HTTP_CONNECTIONS = 16384,
    LIMIT_HTTP_HEADER_MS = 30000, /* from the first byte to the end of the header block */
    LIMIT_HTTP_BODY_IDLE_MS = 60000,
    LIMIT_HTTP_KEEPALIVE_MS = 350000,
    LIMIT_HTTP_LINGER_MS = 30000, /* after a refusal: for the client to read it before the close */
    LIMIT_HTTP_SKIP_BYTES = 1048576,         /* of a body nobody read, to keep its connection */
    LIMIT_HTTP_CHUNK_EXTENSION_BYTES = 4096, /* in one body, ignored */
    LIMIT_HTTP_TRAILER_BYTES = 65536,        /* a runtime's error of a streamed response */

    /* JSON bodies of control plane operations, blobs not counted; a tree of one takes much more */
    LIMIT_API_BODY_BYTES = 1048576,
    LIMIT_JSON_DEPTH = 512,

    /* zips */
    LIMIT_CODE_ENTRIES = 65535,
    LIMIT_CODE_PATH_BYTES = 1024,

    /* sandboxes */
    LIMIT_SANDBOX_FDS = 1024,
    LIMIT_SANDBOX_PROCESSES = 1024,
    LIMIT_CHANNEL_METADATA_BYTES = 65535,
    LIMIT_LISTENER_CONNECTIONS = 64, /* per sandbox */
    /* AWS's clients put what X-Ray shall know of an error into a header of up to 1 MiB. */
    LIMIT_LISTENER_HEADER_BYTES = 1048576 + 65536,

    /* outbound network */
    LIMIT_SANDBOX_CONNECTIONS = 1000, /* per sandbox; those that the kernel still remembers, too */
    LIMIT_CONNECTIONS_OUTBOUND = 50000,
    LIMIT_DNS_QUERIES = 256, /* in flight */
    LIMIT_DNS_QUERIES_PER_SANDBOX = 32,
    LIMIT_DNS_STREAMS = 64, /* queries over TCP */
    LIMIT_DNS_STREAMS_PER_SANDBOX = 8,

    /* scheduler */
    LIMIT_ENVIRONMENTS = 10000,
    LIMIT_LOG_FILE_BYTES = 64 * 1024 * 1024, /* then it is rotated; one older file is kept */
};
