/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Error answers that come from the front door, before an operation runs; the same for every
 * service. */

#include "model/model.h"

extern const struct model_fault api_fault_unknown_operation;
extern const struct model_fault api_fault_not_implemented;
extern const struct model_fault api_fault_serialization;
extern const struct model_fault api_fault_validation;
extern const struct model_fault api_fault_too_large;
extern const struct model_fault api_fault_service;
extern const struct model_fault api_fault_unavailable;
extern const struct model_fault api_fault_missing_authentication_token;
extern const struct model_fault api_fault_incomplete_signature;
extern const struct model_fault api_fault_unrecognized_client;
extern const struct model_fault api_fault_expired_token;
extern const struct model_fault api_fault_invalid_signature;
