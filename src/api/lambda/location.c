/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/location.h"

#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/clock.h"
#include "code/package_url.h"

struct str package_location(struct api_request *request, const struct lambda_service *service,
                            const struct digest *code)
{
    struct str host = api_request_header(request, STR("host"));
    char url[PACKAGE_URL_BYTES];

    if (!str_is_set(host) || host.len == 0)
        host = STR("127.0.0.1:4566");
    return arena_printf(&request->arena, "http://%.*s%s", STR_FMT(host),
                        package_url_make(service->options.package_key, code,
                                         clock_real_ms() + PACKAGE_URL_VALID_MS, url));
}
