/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The rest-json protocol: members in path, query and headers, the rest in a JSON body. */

struct api_protocol;

extern const struct api_protocol api_rest_json;
