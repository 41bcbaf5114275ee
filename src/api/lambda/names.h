/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which function does a request mean? Names come bare, with a qualifier, as partial and as full
 * ARNs, and beside them a Qualifier parameter. The gate has checked the spelling (patterns,
 * lengths) before.
 */

#include <stdbool.h>

#include "base/str.h"
#include "catalog/catalog.h"

struct api_request;

/* What a FunctionName says; parts that it does not mention are absent. Pure. */
struct name_parts {
    struct str region;
    struct str account;
    struct str name;
    struct str qualifier;
};

/* False when the text is none of the accepted forms. */
bool name_parse(struct str text, struct name_parts *ret_parts);

/* Operations on functions of other accounts. */
enum name_access {
    NAME_OWN_ACCOUNT, /* refused */
    NAME_BY_POLICY,   /* the policy of the qualifier decides */
};

/* The function, and the qualifier that was asked for (absent: none). */
struct function_ref {
    struct function_id id;
    struct str qualifier;
};

/*
 * Checks account, region and qualifiers, in AWS's order. False: the request has been answered. The
 * second is for operations on $LATEST alone, the third for a name that is to be created.
 */
bool name_resolve(struct api_request *request, struct str function_name, struct str qualifier,
                  enum name_access access, struct function_ref *ret_ref);
bool name_resolve_unqualified(struct api_request *request, struct str function_name,
                              enum name_access access, struct function_ref *ret_ref);
bool name_resolve_new(struct api_request *request, struct str function_name,
                      struct function_ref *ret_ref);

/* A qualifier that can be an alias: letters, digits, "-", "_", and not only digits. */
bool name_is_alias(struct str qualifier);
