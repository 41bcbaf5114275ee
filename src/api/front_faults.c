/* SPDX-License-Identifier: Apache-2.0 */

#include "api/front_faults.h"

const struct model_fault api_fault_unknown_operation = {"UnknownOperationException", 404, "message",
                                                        false};
const struct model_fault api_fault_not_implemented = {"NotImplementedException", 501, "Message",
                                                      true};
const struct model_fault api_fault_serialization = {"SerializationException", 400, "message",
                                                    false};
const struct model_fault api_fault_validation = {"ValidationException", 400, "message", false};
const struct model_fault api_fault_too_large = {"RequestEntityTooLargeException", 413, "Message",
                                                false};
const struct model_fault api_fault_service = {"ServiceException", 500, "Message", true};
const struct model_fault api_fault_unavailable = {"ServiceUnavailableException", 503, "message",
                                                  false};
const struct model_fault api_fault_missing_authentication_token = {
    "MissingAuthenticationTokenException", 403, "message", false};
const struct model_fault api_fault_incomplete_signature = {"IncompleteSignatureException", 403,
                                                           "message", false};
const struct model_fault api_fault_unrecognized_client = {"UnrecognizedClientException", 403,
                                                          "message", false};
const struct model_fault api_fault_expired_token = {"ExpiredTokenException", 403, "message", false};
const struct model_fault api_fault_invalid_signature = {"InvalidSignatureException", 403, "message",
                                                        false};
