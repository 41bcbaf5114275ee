/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where a service is: the parts of its URL. Pure. */

#include <stdbool.h>

#include "base/str.h"

struct aws_endpoint {
    struct str scheme; /* "http" or "https" */
    struct str host;   /* with the port, as in the Host header */
    struct str path;   /* before that of a request: "" or "/prefix" */
};

/* False: not "http://" or "https://" with a host, or with a query or a user. Views of the text. */
bool aws_endpoint_parse(struct str text, struct aws_endpoint *ret_endpoint);
