/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where clients fetch a package from. */

struct api_request;
struct digest;
struct lambda_service;
struct str;

/* A link to ourselves, by the name by which the client reached us, that needs no credentials and
 * ends by itself. Absent when out of memory. */
struct str package_location(struct api_request *request, const struct lambda_service *service,
                            const struct digest *code);
