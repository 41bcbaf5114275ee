/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The context of every handler of this folder. */

#include "api/lambda/service.h"
#include "api/service.h"

struct lambda_service {
    struct lambda_service_options options; /* defaults filled in */
    struct api_service api;
};
