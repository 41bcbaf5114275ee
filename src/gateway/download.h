/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "base/str.h"

struct http_request;

/*
 * Answer with a file: read by libuv's pool a piece at a time, as fast as the client takes it, so
 * that memory is one piece whatever the size. Takes the request over; path is copied. A file that
 * is not there is a 404.
 */
void download_start(uv_loop_t *loop, struct http_request *req, const char *path,
                    struct str content_type);
