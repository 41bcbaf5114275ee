/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The settings of a function that CreateFunction and UpdateFunctionConfiguration share: from the
 * request to the configuration, with the rules that go beyond the model's constraints.
 */

#include <stdbool.h>

#include "base/str.h"
#include "model/lambda/shapes.h"

struct api_principal;
struct api_request;
struct arena;
struct catalog;
struct function_config;
struct model_fault;

/* Members of either request; absent ones are not changed. */
struct settings {
    const struct api_principal *principal;
    struct catalog *catalog;
    struct str role;
    struct str handler;
    struct str description;
    struct str runtime;
    struct str kms_key_arn;
    struct model_int timeout;
    struct model_int memory_size;
    const struct lambda_vpc_config *vpc_config;
    struct str vpc_id; /* of its subnets; absent: not known */
    const struct lambda_dead_letter_config *dead_letter_config;
    const struct lambda_environment *environment;
    const struct lambda_tracing_config *tracing_config;
    struct lambda_layer_list layers;
    const struct lambda_image_config *image_config;
    struct lambda_file_system_config_list file_system_configs;
    const struct lambda_ephemeral_storage *ephemeral_storage;
    const struct lambda_snap_start *snap_start;
    const struct lambda_logging_config *logging_config;
};

/* Why settings are refused; message is in the arena. */
struct settings_fault {
    const struct model_fault *kind;
    struct str message;
};

enum { SETTINGS_OK, SETTINGS_REFUSED };

struct settings settings_of_create(const struct api_request *request, struct catalog *catalog,
                                   const struct lambda_create_function_request *input);
struct settings
settings_of_update(const struct api_request *request, struct catalog *catalog,
                   const struct lambda_update_function_configuration_request *input);

/* What AWS fills in for a new function of that name. 0 or -ENOMEM. */
int settings_default(struct arena *arena, struct str function_name, struct function_config *config);

/* Sets what is present. SETTINGS_OK, SETTINGS_REFUSED, or -ENOMEM. Texts are borrowed from the
 * request. */
int settings_apply(const struct settings *settings, struct arena *arena,
                   struct function_config *config, struct settings_fault *ret_fault);

/* Makes the fault InvalidParameterValueException with that text, in the arena. SETTINGS_REFUSED. */
int settings_refuse(struct settings_fault *fault, struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void settings_answer_fault(struct api_request *request, const struct settings_fault *fault);
