/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One header field, as views of bytes that somebody else owns. */

#include "base/str.h"

struct http_header {
    struct str name; /* as sent */
    struct str value;
};
