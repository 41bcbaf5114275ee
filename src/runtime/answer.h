/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The answers that all APIs on the listener inside a sandbox share. Each ends the request. */

#include "base/str.h"

struct http_request;

void answer_json(struct http_request *req, unsigned status, struct str body);
/* 202 {"status":"OK"} */
void answer_status_ok(struct http_request *req);
/* {"errorMessage":…,"errorType":…} */
void answer_error(struct http_request *req, unsigned status, const char *type, const char *message);
void answer_internal_error(struct http_request *req);
