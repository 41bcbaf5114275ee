/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The environment variables of the AWS tools, which say where services are and who asks them. */

struct aws_client_options;
struct server_options;

/*
 * Fills endpoints and credentials. An option wins over AWS_ENDPOINT_URL_S3 (or _SQS, …), which wins
 * over AWS_ENDPOINT_URL; variables that are empty or no URL count as unset. Texts are borrowed from
 * the options and the environment.
 */
void aws_environment_read(struct aws_client_options *aws, const struct server_options *options);
